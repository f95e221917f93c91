import Foundation
import SwiftletData
import SwiftletFiles
import SwiftletMedia
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining
import SwiftletVision

/// Something that scores labelled images: an exported model file in the runtime, or a trained network in libtorch.
///
/// Each side prepares the images in its own way, as it would in use, so that a difference there counts too.
public struct Classifier {
  public let name: String
  /// The classes' names; empty where nobody says.
  public let classes: [String]
  /// The recipe that it was trained by, if it says.
  public let recipe: Recipe?
  /// Whether it is a trained network, whose recipe is the one that was given, where one was.
  public private(set) var isCheckpoint = false
  /// What a person should know about how a checkpoint was read.
  public private(set) var remarks: [String] = []
  /// The network's input for an image, which is far smaller than a photograph.
  public let prepare: (_ image: Image) -> [Float]
  /// Scores `[images, classes]`, row by row, for as many prepared images as are said.
  public let score: (_ inputs: [Float], _ count: Int) throws -> [Float]

  /// - Parameters:
  ///   - path: a model file, or a trained network's checkpoint.
  ///   - recipe: what a checkpoint is that does not say it itself.
  ///   - averages: whether a checkpoint's averaged weights are wanted.
  /// - Throws: what reading it throws, `ModelError` if a model file does not say how it takes images.
  public init(path: String, recipe: URL? = nil, averages: Bool = false, threads: Int) throws {
    if path.hasSuffix(".swiftlet") {
      try self.init(file: ModelFile(contentsOf: URL(filePath: path)), threads: threads)
    } else {
      let text = try recipe.map { try RecipeText(contentsOf: $0) }
      try self.init(
        TrainedModel(reading: URL(filePath: path), recipe: text, averages: averages), name: path, threads: threads)
    }
  }

  /// - Throws: `ModelError` if the file does not say how it takes images.
  public init(file: ModelFile, threads: Int) throws {
    guard let preprocessing = file.graph.metadata.preprocessing else {
      throw ModelError.noPreprocessing(path: file.path)
    }
    let session = try Session(file, threads: threads)
    name = file.path
    classes = file.graph.metadata.classNames
    recipe = try file.graph.metadata.notes[ModelNotes.recipe].map { try Recipe.parse($0, source: file.path) }
    prepare = { preprocessing.apply(to: $0) }
    let shape = [preprocessing.channels, preprocessing.height, preprocessing.width]
    score = { inputs, count in try session.run([NDArray(inputs, shape: [count] + shape)])[0].floats }
  }

  /// A trained network, as libtorch runs it.
  ///
  /// - Parameter name: what results call it.
  public init(_ source: TrainedModel, name: String, threads: Int) throws {
    Torch.setThreads(threads)
    self.name = name
    classes = source.classes
    recipe = source.recipe
    (isCheckpoint, remarks) = (true, source.remarks)
    let pipeline = source.recipe.evaluationPipeline
    prepare = { image in
      var random = RandomStream(seed: 0)  // nothing draws from it in evaluation
      return pipeline.input(of: image, using: &random)
    }
    let shape = source.model.inputShape
    score = { inputs, count in
      withNoGradient { source.model(Tensor(inputs, shape: [count] + shape)) }.cast(to: .float32).scalars(as: Float.self)
    }
  }

  /// Scores `[images, classes]`, row by row.
  public func scores(_ images: [Image]) throws -> [Float] { try score(images.flatMap(prepare), images.count) }
}

extension Classifier {
  /// Where the score of each class in `names` stands in a row of this side's scores; nil where they stand in that order, or nobody names them.
  ///
  /// - Throws: `EvalError` where this side knows other classes.
  func columns(of names: [String]) throws -> [Int]? {
    if classes.isEmpty || classes == names { return nil }
    let places = Dictionary(classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let columns = names.compactMap { places[$0] }
    guard columns.count == names.count, Set(columns).count == classes.count else {
      throw EvalError.otherClasses(model: name, expected: classes, found: names)
    }
    return columns
  }
}
