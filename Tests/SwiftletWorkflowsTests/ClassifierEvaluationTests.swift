import Foundation
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining
import SwiftletWorkflows
import TestSupport
import Testing
import TrainingTestSupport

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct ClassifierEvaluationTests {
  /// Oracle: training's own evaluation of the same images.
  @Test func `a checkpoint and its model file see the same images and agree`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      let (source, file) = (
        try TrainedModel(reading: checkpoint), directory.appending(path: "small.swiftlet")
      )
      _ = try ModelExport(of: source).write(to: file)
      let sides = try [file.path, checkpoint.path].map { try Classifier(path: $0, threads: 1) }
      let images = try sides.images(at: nil)
      var done: [Int] = []
      let evaluation = try ClassifierEvaluation(of: sides, on: images, batch: 3) { done.append($0) }
      #expect(images.count == 8 && done == [3, 6, 8])
      let oracle = try Evaluation(of: source.model, on: source.recipe.evaluationLoader(over: images))
      #expect(evaluation.scores.map { $0.tally.correct() } == [oracle.correct, oracle.correct])
      #expect(evaluation.scores.allSatisfy { abs($0.loss - oracle.loss) < 1e-5 && $0.top5 >= $0.top1 })
      let comparison = try #require(evaluation.comparison)
      #expect(comparison.agreement == 1 && comparison.mcNemarProbability == 1)
      #expect("\(evaluation)".contains("both give the same class for 100.00 % of the images"))
      #expect(try ClassifierEvaluation(of: [sides[0]], on: images).comparison == nil)
    }
  }

  @Test func `images come from the recipe that a side carries, or from a place that is said`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, _ in
      let sides = [try Classifier(path: checkpoint.path, threads: 1)]
      #expect(try sides.images(at: nil, split: "search").count == 16)
      #expect(throws: EvalError.noData) { try sides.images(at: nil, split: "validation") }
      #expect(throws: EvalError.noData) { try [Classifier]().images(at: nil) }
    }
  }
}
