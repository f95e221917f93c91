import Dispatch
import SwiftletMedia
import Synchronization

/// The pictures of a data set that cannot be read: all of them are told of at once, the first ten by name.
public struct UnreadablePictures: Error, Hashable, Sendable {
  private static let named = 10
  /// The first ones' sentences, by their places in the data set.
  private var sentences: [Int: String] = [:]
  public private(set) var count = 0
  /// How many pictures were looked at.
  public private(set) var pictures = 0

  public init() {}

  /// Whether an error is about one picture, so that the others are worth looking at.
  public static func concerns(_ error: any Error) -> Bool {
    switch error {
    case MediaError.missingLibrary, MediaError.outOfMemory: false
    case is MediaError: true
    case let error as DataError: error.kind == .unreadable
    default: false
    }
  }

  /// Notes that picture `index` cannot be read.
  public mutating func add(_ error: any Error, at index: Int) {
    count += 1
    sentences[index] = "\(error)"
    if sentences.count > Self.named, let last = sentences.keys.max() { sentences[last] = nil }
  }

  /// Notes how many pictures were looked at.
  public mutating func add(looked count: Int) { pictures += count }

  /// Throws if there are any.
  public func check() throws {
    if count > 0 { throw self }
  }

  /// All pictures of `dataset` that cannot be read, found by reading each.
  ///
  /// - Throws: what is about no single picture, such as a missing library.
  public init(in dataset: any ImageDataset, threads: Int) throws {
    let found = Mutex(UnreadablePictures())
    let failure = Mutex<(any Error)?>(nil)
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < dataset.count else { return }
        do {
          _ = try dataset.image(at: index)
        } catch  where Self.concerns(error) {
          found.withLock { $0.add(error, at: index) }
        } catch {
          failure.withLock { $0 = error }
          return
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    self = found.withLock { $0 }
    pictures = dataset.count
  }
}

extension UnreadablePictures: CustomStringConvertible {
  public var description: String {
    let shown = sentences.sorted { $0.key < $1.key }.map(\.value)
    if count == 1, let only = shown.first { return only }
    let rest = count > shown.count ? "\n  and \(count - shown.count) more" : ""
    return "\(count) of \(pictures) pictures cannot be read:\n  " + shown.joined(separator: "\n  ") + rest
  }
}

/// Looks for every picture that cannot be read once one was met, so that not each run finds the next.
final class UnreadablePictureFinder: Sendable {
  private let dataset: any ImageDataset
  private let threads: Int
  private let found = Mutex<UnreadablePictures?>(nil)

  init(_ dataset: any ImageDataset, threads: Int) { (self.dataset, self.threads) = (dataset, threads) }

  /// The value of `body`; where it meets a picture that cannot be read, all of them are the error.
  func findingAll<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch  where UnreadablePictures.concerns(error) {
      // Threads that meet others meanwhile wait for the same answer.
      let all = try found.withLock { found in
        let all = try found ?? UnreadablePictures(in: dataset, threads: threads)
        found = all
        return all
      }
      try all.check()
      throw error  // it can be read by now
    }
  }
}
