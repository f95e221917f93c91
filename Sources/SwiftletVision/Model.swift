import SwiftletFiles
import SwiftletMedia
import SwiftletRuntime

/// A model file, ready to classify images.
///
/// ```swift
/// let model = try Model(contentsOf: URL(filePath: "flowers.swiftlet"))
/// let best = try model.classify(Image(contentsOf: URL(filePath: "photo.jpg"))).first
/// ```
public struct Model: Sendable {
  public let file: ModelFile
  public let session: Session

  /// Opens, checks and prepares a model file.
  ///
  /// - Parameter threads: that take part in each run; without a number, one for each processor.
  /// - Throws: `ModelFileError` or `SessionError`.
  public init(contentsOf url: URL, threads: Int? = nil, instructionSet: InstructionSet? = nil) throws {
    try self.init(ModelFile(contentsOf: url), threads: threads, instructionSet: instructionSet)
  }

  public init(_ file: ModelFile, threads: Int? = nil, instructionSet: InstructionSet? = nil) throws(SessionError) {
    self.file = file
    session = try Session(
      file, threads: threads ?? processorCount(), instructionSet: instructionSet)
  }

  /// One class and how probable the model finds it.
  public struct Classification: Hashable, Sendable, Codable {
    /// The class's name, or `class 7` where the file has no names.
    public var label: String
    public var index: Int
    /// In `0...1`.
    public var probability: Float
  }

  /// The most probable classes of an image, best first.
  ///
  /// - Throws: `ModelError` when the model does not classify images, `SessionError` when it cannot run.
  public func classify(_ image: Image, top count: Int = 5) throws -> [Classification] {
    try classify([image], top: count)[0]
  }

  /// The most probable classes of each image, best first; all images run as one batch.
  public func classify(_ images: [Image], top count: Int = 5) throws -> [[Classification]] {
    try probabilities(of: images).map { probabilities in
      // Of equal probabilities the lower index comes first.
      let order = probabilities.indices.sorted { (-probabilities[$0], $0) < (-probabilities[$1], $1) }
      return order.prefix(count).map { index in
        Classification(label: label(of: index), index: index, probability: probabilities[index])
      }
    }
  }

  /// The probability of every class for each image; they sum to 1.
  public func probabilities(of images: [Image]) throws -> [[Float]] {
    guard !images.isEmpty else { return [] }
    let preprocessing = try imagePreprocessing()
    let scores = try session.run([preprocessing.apply(to: images)])[0]
    let classes = scores.shape[1]
    let floats = scores.floats
    return try ClassScores.rows(floats, samples: images.count).enumerated().map { image, scores in
      guard let probabilities = scores.probabilities else { throw ModelError.scoresNotFinite(path: file.path) }
      return givesProbabilities ? Array(floats[(image * classes)..<((image + 1) * classes)]) : probabilities
    }
  }

  public func label(of index: Int) -> String {
    let names = file.graph.metadata.classNames
    return names.indices.contains(index) ? names[index] : "class \(index)"
  }

  /// The last operation already is a softmax.
  private var givesProbabilities: Bool {
    file.graph.nodes.contains { $0.output == file.graph.outputs[0] && $0.operation == .softmax }
  }

  /// How images become the input, after checking that this is a network from images to scores.
  private func imagePreprocessing() throws(ModelError) -> Graph.Preprocessing {
    let graph = file.graph
    guard let preprocessing = graph.metadata.preprocessing else { throw .noPreprocessing(path: file.path) }
    let image: Graph.Shape = [
      .batch, .fixed(preprocessing.channels), .fixed(preprocessing.height), .fixed(preprocessing.width),
    ]
    guard graph.inputs.count == 1, let input = graph.value(named: graph.inputs[0]), input.type == .float32,
      input.shape == image, let output = graph.value(named: graph.outputs[0]), output.shape.count == 2,
      output.shape[0] == .batch, output.type == .float32 || output.type == .bfloat16
    else { throw .notAClassifier(path: file.path) }
    return preprocessing
  }
}

/// Why a model cannot be used for images: one sentence.
public enum ModelError: Error, Hashable, Sendable, CustomStringConvertible {
  case noPreprocessing(path: String)
  case notAClassifier(path: String)
  case scoresNotFinite(path: String)

  public var description: String {
    switch self {
    case .noPreprocessing(let path):
      "\(path) does not say how images become its input: export it with preprocessing, or run its session on arrays"
    case .notAClassifier(let path):
      "\(path) does not map one image [batch, channels, height, width] to class scores [batch, classes]: run its session on "
        + "arrays"
    case .scoresNotFinite(let path):
      "\(path) gives scores that are infinite or not numbers: its activations overflow, so export it from weights that "
        + "compute"
    }
  }
}
