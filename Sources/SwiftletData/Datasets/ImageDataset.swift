import SwiftletMedia

/// Labelled pictures, addressed by index. Reading is safe from several threads at once.
public protocol ImageDataset: Sendable {
  /// Class names; a label is an index into them.
  var classes: [String] { get }
  var count: Int { get }
  /// The label alone, without decoding the picture.
  func label(at index: Int) -> Int
  func image(at index: Int) throws -> Image
  /// What whoever uses the data should be told once: a sentence each.
  var warnings: [String] { get }
}

extension ImageDataset {
  public var warnings: [String] { [] }
}

extension ImageDataset {
  public func sample(_ index: Int) throws -> (image: Image, label: Int) {
    (try image(at: index), label(at: index))
  }

  public var labels: [Int] { (0..<count).map(label(at:)) }
}
