import SwiftletRuntime
import TestSupport

/// A graph with its constants, from images 3 x 8 x 8 by way of patches of 4 to the scores of a cat, a dog and a bird.
struct TinyClassifier {
  var graph = Graph(name: "tiny")
  private var constants: [EncodedConstant] = []

  init() throws {
    var random = SplitMix64(seed: 1)
    for (name, shape) in [("embed", [16, 48]), ("head", [3, 16])] {
      let weight = try EncodedConstant(name: name, shape: shape, floats: random.floats(shape[0] * shape[1]))
      constants.append(weight)
      graph.constants.append(weight.constant)
    }
    graph.metadata = Graph.Metadata(classNames: ["cat", "dog", "bird"], preprocessing: .init(height: 8, width: 8))
    graph.appendInput("images", shape: [.batch, 3, 8, 8])
    let patches = try graph.append(.patchify(patch: 4), named: "patches", of: ["images"])
    let embedded = try graph.append(
      .linear(weight: "embed", bias: nil, activation: .gelu), named: "embedded", of: [patches])
    let first = try graph.append(.select(axis: 1, index: 0), named: "first", of: [embedded])
    graph.outputs = [
      try graph.append(.linear(weight: "head", bias: nil, activation: nil), named: "scores", of: [first])
    ]
  }

  func file() throws -> ModelFile { try ModelFile(graph, constants: constants) }
}
