import Foundation
import SwiftletCheckpoint
import SwiftletModels
import SwiftletNN
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletTraining

/// Training that begins with weights: `swiftlet train --start`.
@Suite(.serialized, .enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct StartTests {
  /// The weights of ``TinyRun``'s network for so many classes, as a run writes them and as timm does.
  private func files(classes: Int, in tiny: TinyRun) throws -> (own: URL, foreign: URL, state: [String: [Float]]) {
    var recipe = tiny.recipe
    recipe.model.configuration = recipe.model.configuration.with(classes: classes)
    let model = try recipe.model.make(seed: 77)
    try FileManager.default.createDirectory(at: tiny.directory, withIntermediateDirectories: true)
    let (own, foreign) = (
      tiny.directory.appending(path: "own\(classes).safetensors"),
      tiny.directory.appending(path: "foreign\(classes).safetensors")
    )
    try TrainedModel.write(model, recipe: recipe, classes: (0..<classes).map { "class \($0)" }, to: own)
    try Checkpoint.write(model.stateDictionary(), to: foreign, format: .safetensors)
    return (own, foreign, Self.values(of: model))
  }

  private static func values(of model: any Module) -> [String: [Float]] {
    Dictionary(uniqueKeysWithValues: model.namedParameters().map { ($0.path, $0.tensor.scalars(as: Float.self)) })
  }

  private func run(
    _ tiny: TinyRun, _ start: URL, _ name: String = "run", resume: Bool = false
  ) throws -> TrainingRun<ImageClassificationTask> {
    try TrainingRun(
      recipe: tiny.recipe, data: nil, start: start, output: tiny.directory.appending(path: name), resume: resume)
  }

  @Test func `foreign weights of the same classes are where a run begins`() throws {
    let tiny = try TinyRun()
    defer { tiny.remove() }
    let (_, foreign, state) = try files(classes: 10, in: tiny)
    let run = try run(tiny, foreign)
    #expect(run.weights == state && run.teacher == nil)
    try run.start()
    #expect(run.weights != state)
  }

  /// A network's classes are known by name, and the data's labels follow them.
  @Test func `own weights bring the order of their classes`() throws {
    let tiny = try TinyRun()
    defer { tiny.remove() }
    let first = try tiny.make("first")
    try first.start()
    let run = try run(tiny, first.directory.model)
    #expect(run.data.training.classes == first.data.training.classes)
    let (own, _, _) = try files(classes: 10, in: tiny)  // of other names
    #expect(throws: (any Error).self) { try self.run(tiny, own, "other") }
  }

  @Test func `other classes need a new head, and the recipe has to say so`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    let (own, foreign, state) = try files(classes: 7, in: tiny)
    for file in [own, foreign] {
      #expect(
        message { try run(tiny, file) }
          == "\(file.path) has a head for 7 classes, the recipe's model has 10: set model.newHead to true, and a head for "
          + "the 10 starts anew")
    }
    tiny.recipe.model.newHead = true
    let random = try Self.values(of: tiny.recipe.model.make(seed: tiny.recipe.training.seed))
    for (name, file) in [("own", own), ("foreign", foreign)] {
      let run = try run(tiny, file, name)
      for (path, values) in run.weights {
        #expect(values == (path.hasPrefix("head.") ? random[path] : state[path]), "\(path)")
      }
      #expect(run.task.data.training.classes.count == 10)
      try run.start()
      // What was trained has a head that was trained: reading it again starts nothing anew.
      let trained = try TrainedModel(reading: run.directory.model)
      #expect(trained.recipe.model.newHead && trained.classes.count == 10)
      #expect(
        Self.values(of: trained.model)["head.weight"]
          == (try Checkpoint.read(from: run.directory.model))["head.weight"]?.scalars(as: Float.self))
    }
  }

  @Test func `every other tensor is checked`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    let (own, foreign, _) = try files(classes: 7, in: tiny)
    tiny.recipe.model.newHead = true
    tiny.network.depth = 3
    #expect(message { try run(tiny, foreign) }.contains("lacks blocks.2."))
    #expect(message { try run(tiny, own) }.contains("the recipe's model is "))
  }

  /// Law: a run that began with weights resumes bit for bit, and with those weights alone.
  @Test func `a resumed run needs the same start`() throws {
    struct Stop: Error {}
    var tiny = try TinyRun()
    defer { tiny.remove() }
    let (own, foreign, _) = try files(classes: 7, in: tiny)
    let (other, _, _) = try files(classes: 6, in: tiny)
    tiny.recipe.model.newHead = true
    let straight = try run(tiny, own, "straight")
    try straight.start()
    let broken = try run(tiny, own, "broken")
    broken.beforeStep = { if $0 == 11 { throw Stop() } }
    #expect(throws: Stop.self) { try broken.start() }
    // The same weights in another file.
    let resumed = try run(tiny, foreign, "broken", resume: true)
    try resumed.start()
    #expect(resumed.weights == straight.weights)
    #expect(try resumed.metrics() == straight.metrics())
    let changed = try Checkpoint.read(from: other)
    changed["norm.bias"]?.copyInPlace(from: .ones([16]))
    try Checkpoint.write(changed, to: other, format: .safetensors)
    #expect(message { try run(tiny, other, "broken", resume: true) }.contains(" began with weights "))
    #expect(
      message { try tiny.make("broken", resume: true) }.hasSuffix(
        "it is now given random weights; use the same or another --out"))
  }

  @Test func `a supernet starts from its dense network`() throws {
    var tiny = try TinyRun()
    defer { tiny.remove() }
    let (own, _, _) = try files(classes: 10, in: tiny)
    tiny.recipe.supernet = .init()
    tiny.recipe.training.distillation = .init()
    #expect(message { try run(tiny, own) }.contains("give that with --checkpoint in place of --start"))
  }

  private func message(_ body: () throws -> some Any) -> String {
    do { return "no error: \(try body())" } catch { return "\(error)" }
  }
}
