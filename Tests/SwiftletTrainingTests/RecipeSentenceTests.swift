import Foundation
import SwiftletTensor
import Testing

@testable import SwiftletTraining

@Suite struct RecipeSentenceTests {
  static let minimal = """
    model:
      family: deit
      configuration: {imageSize: 16, patchSize: 4, width: 32, depth: 1, heads: 2, classes: 10}
    data:
      kind: shapes
    """

  @Test(arguments: [
    (
      "model.configuration.distillation=hard",
      "model.configuration.distillation is 'hard', expected none, token, head"
    ),
    ("data.mean=[x]", "data.mean[0] is 'x', expected a number"),
    ("search.precisions=[fp99]", "search.precisions names 'fp99', expected fp32, bf16, int8"),
    ("search.method={count: 3}", "search.method.kind is missing, expected random, greedy, knapsack, evolutionary"),
    ("training.optimizer={momentum: 0.5}", "training.optimizer.kind is missing, expected adamw, sgd"),
  ])
  func `a wrong value is named with its key and with what is allowed`(override: String, sentence: String) {
    let error = #expect(throws: RecipeError.self) { try Recipe.parse(Self.minimal, overrides: [override]) }
    #expect(error?.description == "--set \(override): \(sentence)")
    #expect(error?.isOverride == true)
  }

  @Test func `a key is not set inside a value that has a name`() {
    let yaml = Self.minimal.replacing(
      "{imageSize: 16, patchSize: 4, width: 32, depth: 1, heads: 2, classes: 10}", with: "tiny")
    let error = #expect(throws: RecipeError.self) {
      try Recipe.parse(yaml, overrides: ["model.configuration.imageSize=96"])
    }
    #expect(error?.description.contains("model.configuration is 'tiny'") == true)
  }

  @Test func `one setting of a usual alternative can be given alone`() throws {
    let recipe = try Recipe.parse(
      Self.minimal,
      overrides: [
        "search.method.population=10", "training.optimizer.beta1=0.8", "training.schedule.final=0",
        "compression={epochs: 0}",
      ])
    guard case .evolutionary(let search) = recipe.search?.method else {
      Issue.record("the method is \(String(describing: recipe.search?.method))")
      return
    }
    let sizes: [Int] = [search.population, search.parents, search.mutants, search.crossovers]
    #expect(sizes == [10, 10, 5, 5])
    #expect(recipe.training.optimizer == .adamW(beta1: 0.8, beta2: 0.999, epsilon: 1e-8))
    #expect(recipe.training.schedule == .cosine(final: 0))
    #expect(recipe.compression?.warmupEpochs == 0 && recipe.compression?.epochs == 0)
    #expect(throws: RecipeError.self) {
      try Recipe.parse(Self.minimal, overrides: ["compression={epochs: 0, warmupEpochs: 0.5}"])
    }
  }
}
