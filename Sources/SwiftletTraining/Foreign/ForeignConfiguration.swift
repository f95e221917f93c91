import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletModels
import Yams

/// What the files beside foreign weights say about the network and its images: `config.json` of Hugging Face or timm, and
/// `preprocessor_config.json`.
public struct ForeignConfiguration {
  /// The files that were read.
  public private(set) var files: [URL] = []
  /// The classes' names in the order of the scores; empty where nobody says.
  public internal(set) var classNames: [String] = []
  /// Where those names stand.
  var namesOrigin = ""
  /// The image size that the weights were trained at.
  public internal(set) var trainedSize: ImageSize?
  /// What a person should know.
  public internal(set) var remarks: [String] = []
  /// Of two settings of one key the first counts.
  var settings: [ForeignSetting] = []
  /// What a file asks for and Swiftlet does not have, by the recipe's key that has to say what is done instead.
  var unavailable: [String: String] = [:]

  /// What lies beside the weights; nil where nothing does.
  ///
  /// - Throws: `CheckpointError` for a file that is no JSON, `ForeignConfigurationError` for one that contradicts itself
  ///   or describes what Swiftlet does not have.
  public init?(beside weights: CheckpointFiles, holding state: StateDictionary) throws {
    func object(_ name: String) throws -> ForeignObject? {
      let file = weights.folder.appending(path: name)
      guard FileManager.default.fileExists(atPath: file.path) else { return nil }
      return ForeignObject(file: file, value: try JSONValue(contentsOf: file))
    }
    if let preprocessor = try object("preprocessor_config.json") {
      files.append(preprocessor.file)
      try readPreprocessor(preprocessor)
    }
    if let configuration = try object("config.json") {
      if configuration.has("architecture") {
        files.append(configuration.file)
        try readTimm(configuration)
      } else if configuration.has("model_type") {
        files.append(configuration.file)
        try readHuggingFace(configuration)
      } else {
        remarks.append(
          "\(configuration.file.path) names neither a model_type nor an architecture, so nothing is read from it")
      }
    }
    if files.isEmpty && remarks.isEmpty { return nil }
    if describesNetwork { readHead(of: state, in: weights.weights.lastPathComponent) }
  }

  /// Whether a network is described, not only its images.
  public var describesNetwork: Bool { settings.contains { $0.key == "model.family" } }

  mutating func add(
    _ key: String, _ value: Node?, _ rule: ForeignSetting.Rule = .refused, from origin: String, in object: ForeignObject
  ) {
    guard let value else { return }
    settings.append(ForeignSetting(key, value, rule, from: object.place + origin, in: object.file.path))
  }

  /// The classes that the weights of the head give scores for; none where there is no head.
  private mutating func readHead(of state: StateDictionary, in file: String) {
    let head = state.headRows
    if head == nil { remarks.append("\(file) holds no head: the network gives features, not the scores of classes") }
    settings.append(
      ForeignSetting(
        Self.classesKey, .integer(head?.classes ?? 0), from: head.map { "the rows of \($0.name)" } ?? "its head",
        in: file))
  }

  static let classesKey = "model.configuration.classes"
}

extension StateDictionary {
  /// The weight of a classifier's head under timm's or Hugging Face's name, and the classes that it gives scores of.
  var headRows: (name: String, classes: Int)? {
    let weights = withoutSharedPrefix().state
    for name in ["head.weight", "head.fc.weight", "classifier.weight", "cls_classifier.weight"] {
      if let classes = weights[name]?.shape.first { return (name, classes) }
    }
    return nil
  }
}
