import SwiftletMedia

/// Some samples of a data set, in the order of `indices`.
public struct Subset: ImageDataset {
  public let base: any ImageDataset
  public let indices: [Int]

  public init(_ base: any ImageDataset, _ indices: [Int]) {
    precondition(
      indices.allSatisfy { (0..<base.count).contains($0) }, "Subset: an index lies outside the \(base.count) samples")
    (self.base, self.indices) = (base, indices)
  }

  public var classes: [String] { base.classes }
  public var warnings: [String] { base.warnings }
  public var count: Int { indices.count }
  public func label(at index: Int) -> Int { base.label(at: indices[index]) }
  public func image(at index: Int) throws -> Image { try base.image(at: indices[index]) }
}

extension ImageDataset {
  /// At most `limit` samples at even distances, so that data sorted by class gives some of every class.
  public func evenlySpaced(_ limit: Int) -> Subset {
    let number = min(max(limit, 0), count)
    return Subset(self, (0..<number).map { $0 * count / number })
  }
}
