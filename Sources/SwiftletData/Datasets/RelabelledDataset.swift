import SwiftletMedia

/// A data set whose classes stand in another order, such as the one that a network was trained with. Labels follow the names.
public struct RelabelledDataset: ImageDataset {
  public let base: any ImageDataset
  public let classes: [String]
  private let labelOfBaseLabel: [Int]

  /// Nil where `names` are not the names of the data set's classes, each once.
  public init?(_ base: any ImageDataset, classes names: [String]) {
    let places = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let labels = base.classes.compactMap { places[$0] }
    guard names.count == base.classes.count, Set(labels).count == names.count else { return nil }
    (self.base, classes, labelOfBaseLabel) = (base, names, labels)
  }

  public var warnings: [String] { base.warnings }
  public var count: Int { base.count }
  public func label(at index: Int) -> Int { labelOfBaseLabel[base.label(at: index)] }
  public func image(at index: Int) throws -> Image { try base.image(at: index) }
}

extension ImageDataset {
  /// The same pictures with labels that are indices into `names`, the classes that a network knows.
  ///
  /// - Throws: `DataError` where the data set has other classes. `network` says in it whose they are.
  public func labelled(by names: [String], of network: String) throws(DataError) -> any ImageDataset {
    if names.isEmpty || names == classes { return self }
    guard let relabelled = RelabelledDataset(self, classes: names) else {
      throw DataError(
        .request,
        "\(network) knows \(names.count) classes (\(names.prefix(3).joined(separator: ", "))…), the images have "
          + "\(classes.count) (\(classes.prefix(3).joined(separator: ", "))…): these are other images than it was trained for, or other names for them: --classes gives it the folders' names"
      )
    }
    return relabelled
  }
}
