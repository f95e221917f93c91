import Dispatch
import SwiftletMedia
import Synchronization

/// A data set whose pictures are decoded once and kept: CIFAR-10's 60,000 take 190 MB.
public struct InMemoryDataset: ImageDataset {
  public let classes: [String]
  private let images: [Image]
  private let sampleLabels: [Int]

  /// Decodes everything on `threads` threads. A picture that cannot be read is the error.
  public init(_ dataset: some ImageDataset, threads: Int = 2) throws {
    let count = dataset.count
    let portion = 256
    let portions = (count + portion - 1) / portion
    let results = Mutex<[Int: Result<[Image], any Error>]>([:])
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < portions else { return }
        let range = index * portion..<min(count, (index + 1) * portion)
        let result = Result { try range.map { try dataset.image(at: $0) } }
        results.withLock { $0[index] = result }
        if case .failure = result { next.store(portions, ordering: .relaxed) }
      }
    }
    let done = results.withLock { $0 }
    images = try done.sorted { $0.key < $1.key }.flatMap { try $0.value.get() }
    precondition(images.count == count, "InMemoryDataset: \(images.count) of \(count) pictures were decoded")
    (classes, sampleLabels) = (dataset.classes, dataset.labels)
  }

  /// Pictures that are in memory already.
  public init(images: [Image], labels: [Int], classes: [String]) {
    precondition(
      images.count == labels.count && labels.allSatisfy(classes.indices.contains),
      "InMemoryDataset: \(images.count) pictures, \(labels.count) labels of \(classes.count) classes do not match")
    (self.images, self.sampleLabels, self.classes) = (images, labels, classes)
  }

  public var count: Int { images.count }
  public func label(at index: Int) -> Int { sampleLabels[index] }
  public func image(at index: Int) -> Image { images[index] }
}
