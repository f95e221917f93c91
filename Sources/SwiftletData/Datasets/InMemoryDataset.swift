import Dispatch
import SwiftletMedia
import Synchronization

/// A data set whose pictures are decoded once and kept: CIFAR-10's 60,000 take 190 MB.
public struct InMemoryDataset: ImageDataset {
  public let classes: [String]
  public let warnings: [String]
  private let images: [Image]
  private let sampleLabels: [Int]

  /// Decodes everything on `threads` threads. Where pictures cannot be read, all of them are the error (``UnreadablePictures``).
  public init(_ dataset: some ImageDataset, threads: Int = 2) throws {
    let count = dataset.count
    let portion = 256
    let portions = (count + portion - 1) / portion
    let results = Mutex<[Int: Result<[Image], any Error>]>([:])
    let unreadable = Mutex(UnreadablePictures())
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < portions else { return }
        let range = index * portion..<min(count, (index + 1) * portion)
        let result = Result {
          var images: [Image] = []
          images.reserveCapacity(range.count)
          for index in range {
            do {
              // Once one is missing the rest are looked at, but no longer kept.
              let image = try dataset.image(at: index)
              if unreadable.withLock({ $0.count == 0 }) { images.append(image) }
            } catch  where UnreadablePictures.concerns(error) {
              unreadable.withLock { $0.add(error, at: index) }
            }
          }
          unreadable.withLock { $0.add(looked: range.count) }
          return images
        }
        results.withLock { $0[index] = result }
        if case .failure = result { next.store(portions, ordering: .relaxed) }
      }
    }
    let done = results.withLock { $0 }
    for case .failure(let error) in done.values { throw error }
    try unreadable.withLock { $0 }.check()
    images = try done.sorted { $0.key < $1.key }.flatMap { try $0.value.get() }
    precondition(images.count == count, "InMemoryDataset: \(images.count) of \(count) pictures were decoded")
    (classes, sampleLabels, warnings) = (dataset.classes, dataset.labels, dataset.warnings)
  }

  /// Pictures that are in memory already.
  public init(images: [Image], labels: [Int], classes: [String]) {
    precondition(
      images.count == labels.count && labels.allSatisfy(classes.indices.contains),
      "InMemoryDataset: \(images.count) pictures, \(labels.count) labels of \(classes.count) classes do not match")
    (self.images, self.sampleLabels, self.classes, warnings) = (images, labels, classes, [])
  }

  public var count: Int { images.count }
  public func label(at index: Int) -> Int { sampleLabels[index] }
  public func image(at index: Int) -> Image { images[index] }
}
