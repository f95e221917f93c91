import Foundation
import SwiftletData
import SwiftletFiles
import SwiftletModels

/// What a run learns from and what it is validated on; the two share no image.
public struct TrainingData: Sendable {
  public let training, search: any ImageDataset
  /// For people: where the images come from.
  public let description: String

  public init(training: any ImageDataset, search: any ImageDataset, description: String) {
    (self.training, self.search, self.description) = (training, search, description)
  }

  /// The same images with labels that are indices into `names`, the classes that a network knows; see `ImageDataset.labelled(by:of:)`.
  public func labelled(by names: [String], of network: String) throws -> TrainingData {
    TrainingData(
      training: try training.labelled(by: names, of: network), search: try search.labelled(by: names, of: network),
      description: description)
  }

  /// Names the data in a checkpoint, so that a run is not resumed on other images: counts, classes and labels.
  public var identity: String {
    var labels = Fingerprint(.plain)
    for dataset in [training, search] {
      for index in 0..<dataset.count { labels.mix(dataset.label(at: index)) }
    }
    labels.mix(bytesOf: training.classes.joined(separator: "/"))
    return "\(training.count) + \(search.count) images of \(training.classes.count) classes, \(labels.hexadecimal)"
  }
}

extension Recipe.DataSource {
  /// The training images at `path`, cut into what is trained on and what is validated on.
  ///
  /// - Throws: `DataError` if they cannot be read, `RecipeError` if a path is needed and absent.
  public func open(at path: URL?, imageSize: ImageSize) throws -> TrainingData {
    let (dataset, description) = try dataset(at: path, part: .train, imageSize: imageSize)
    let searchCount = Int((searchFraction * Double(dataset.count)).rounded())
    let partition = try Partition(
      labels: dataset.labels, counts: [dataset.count - searchCount, searchCount], seed: UInt64(splitSeed))
    return TrainingData(
      training: Subset(dataset, partition.parts[0]), search: Subset(dataset, partition.parts[1]),
      description: description)
  }

  /// The test images at `path`; nothing but a final evaluation reads them.
  public func openTest(at path: URL?, imageSize: ImageSize) throws -> any ImageDataset {
    try dataset(at: path, part: .test, imageSize: imageSize).dataset
  }

  private enum Part { case train, test }

  private func dataset(
    at path: URL?, part: Part, imageSize: ImageSize
  ) throws -> (dataset: any ImageDataset, description: String) {
    let dataset: any ImageDataset
    let description: String
    switch kind {
    case .files:
      guard let path else { throw RecipeError("data.kind", "is files, which needs the place of the data: give --data") }
      let name = part == .train ? train : test
      let inside = path.appending(path: name)
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: path.path, isDirectory: &isFolder)
      let namesFile = name.contains(".")
      if FileManager.default.fileExists(atPath: inside.path) {
        dataset = try ImageDatasets.open(inside.path)
        description = "\(path.lastPathComponent)/\(name)"
      } else if path.lastPathComponent == name || namesFile && exists && !isFolder.boolValue {
        // The path leads to the data themselves.
        dataset = try ImageDatasets.open(path.path)
        description = path.lastPathComponent
      } else if namesFile && exists {
        throw RecipeError(
          part == .train ? "data.train" : "data.test",
          "is \(name), which \(path.path) does not hold: give the folder that does")
      } else {
        dataset = try ImageDatasets.open(path.path, split: name)
        description = "\(path.lastPathComponent)/\(name)"
      }
    case .shapes:
      // Seeds of training and test differ for every seed of the recipe.
      let count = part == .train ? shapes.training : shapes.test
      let seed = UInt64(shapes.seed) &* 2 &+ (part == .train ? 0 : 1)
      // Smaller ones would show nothing; the pipeline makes them as small as the network wants.
      dataset = ProceduralShapes(
        count: count, seed: seed, side: max(ProceduralShapes.smallestSide, imageSize.height, imageSize.width))
      description = "procedural shapes"
    }
    return (inMemory ? try InMemoryDataset(dataset) : dataset, description)
  }
}
