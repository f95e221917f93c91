import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletTensor
import SwiftletText
import TestSupport
import Testing

@testable import SwiftletTraining

@Suite(.serialized, .enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct LanguageTaskTests {
  private static let recipe = """
    task: language
    model: {width: 32, hidden: 64, layers: 2, heads: 2, keyHeads: 1}
    data: {files: [stories.txt, plays/play.txt], separator: "<|endoftext|>", heldOut: 0.1, window: 32, vocabulary: 300}
    training: {epochs: 4, batchSize: 8, learningRate: 0.01, warmupEpochs: 0.2, threads: 1, logEverySteps: 10}
    """

  /// Sentences of a small grammar, so that there is something to learn.
  private static func sentences(_ count: Int, seed: UInt64) -> String {
    var random = SplitMix64(seed: seed)
    func one(_ words: [String]) -> String { words.randomElement(using: &random) ?? "" }
    return (0..<count).map { _ in
      "The \(one(["cat", "dog", "bird"])) \(one(["sees", "likes", "hears"])) a \(one(["ball", "tree", "friend"])).\n"
    }.joined()
  }

  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let stories = (0..<40).map { sentences(12, seed: $0) }.joined(separator: "<|endoftext|>\n")
    try folder.write(Array(stories.utf8), to: "data/stories.txt")
    try folder.write(Array(sentences(300, seed: 99).utf8), to: "data/plays/play.txt")
    return folder
  }

  private static func run(
    _ name: String, in folder: TemporaryFolder, set overrides: [String] = []
  ) throws -> TrainingRun<LanguageTask> {
    let text = RecipeText(recipe, overrides: overrides)
    let task = try LanguageTask(text, data: folder.url.appending(path: "data"), start: nil)
    return try TrainingRun(task, output: folder.url.appending(path: name))
  }

  @Test func `it learns, and leaves a folder that says the same`() throws {
    let folder = try Self.folder()
    let run = try Self.run("run", in: folder)
    let result = try run.start()
    #expect(Set(result.validation.keys) == ["loss", "perplexity", "bitsPerByte"])
    let losses = try run.directory.readMetrics().compactMap { $0.validation["loss"] }
    let (first, last) = (try #require(losses.first), try #require(losses.last))
    #expect(losses.count == 4 && last < first && last < 2.5, "\(losses)")
    let perplexity = try #require(result.validation["perplexity"])
    #expect(abs(perplexity - exp(last)) < 1e-6)

    let output = folder.url.appending(path: "run")
    let model = try LlamaModel(folder: output)
    #expect(model.configuration == run.task.model.configuration)
    let tokenizer = try Tokenizer(folder: output)
    let text = "The bird hears a friend.\n"
    #expect(tokenizer.encode(text) == run.task.tokenizer.encode(text))
    let ids = tokenizer.encode(text)
    #expect(ids.first == model.configuration.beginningToken && tokenizer.decode(ids.dropFirst()) == text)
    let stretch = LanguageText([ids])
    #expect(
      try LanguageEvaluation(of: model, on: stretch).score == LanguageEvaluation(of: run.task.model, on: stretch).score)
  }

  /// Law: recipe, seed and data decide everything.
  @Test func `the same recipe gives the same weights, and another seed does not`() throws {
    let folder = try Self.folder()
    let runs = try [("a", "0"), ("b", "0"), ("c", "1")].map { name, seed in
      try Self.run(name, in: folder, set: ["training.seed=\(seed)", "training.epochs=1", "model.positions=alibi"])
    }
    for run in runs { try run.start() }
    let weights = try runs.map { try Data(contentsOf: $0.directory.model) }
    #expect(weights[0] == weights[1] && weights[0] != weights[2])
    #expect(runs[0].task.model.configuration.positions == .linearBiases)
  }

  @Test func `the last part of each file is held out, cut behind a line`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("one\ntwo\nthree\nfour\n".utf8), to: "a.txt")
    try folder.write(Array("first| second |third\n\n||fourth is cut\nhere".utf8), to: "b.txt")
    let files = ["a.txt", "b.txt"].map { folder.url.appending(path: $0) }
    let corpus = try LanguageCorpus(files, separator: "|", heldOut: 0.3)
    #expect(corpus.training == ["one\ntwo\nthree\n", "first", "second", "third", "fourth is cut\n"])
    #expect(corpus.heldOut == ["four", "here"])
    let whole = try LanguageCorpus([files[0]], separator: "", heldOut: 0)
    #expect(whole.training == ["one\ntwo\nthree\nfour\n"] && whole.heldOut.isEmpty)
  }

  /// The archives of NLTK hold a text a speech.
  @Test(.enabled(if: SharedData.directory != nil, "../shared/data is missing"))
  func `the texts of an archive are documents`() throws {
    let file = try #require(SharedData.directory).appending(path: "language/nltk_inaugural.zip")
    let corpus = try LanguageCorpus([file], separator: "", heldOut: 0.05)
    #expect(corpus.training.count > 50 && corpus.heldOut.count >= 2)
    #expect(corpus.training.first?.hasPrefix("Fellow-Citizens of the Senate") ?? false)
  }

  @Test func `weights to begin with are those of the file, and no number is none`() throws {
    let folder = try Self.folder()
    let run = try Self.run("run", in: folder, set: ["training.epochs=1"])
    try run.start()
    func begun(_ file: URL, averages: Bool = false) throws -> LanguageTask {
      try LanguageTask(
        RecipeText(Self.recipe), data: folder.url.appending(path: "data"),
        start: StartingWeights(file, averages: averages))
    }
    let norm = try begun(run.directory.model).model.norm.weight.scalars(as: Float.self)
    #expect(norm == run.task.model.norm.weight.scalars(as: Float.self))
    #expect(throws: CheckpointError.self) { try begun(run.directory.model, averages: true) }
    var state = try Checkpoint.read(from: run.directory.model)
    state["model.norm.weight"] = Tensor([Float](repeating: .nan, count: 32), shape: [32])
    let broken = folder.url.appending(path: "broken.safetensors")
    try Checkpoint.write(state, to: broken)
    let error = #expect(throws: CheckpointError.self) { try begun(broken) }
    #expect(error?.description.contains("infinite or not numbers") ?? false, "\(String(describing: error))")
  }

  @Test func `what cannot be trained on is refused in one sentence`() throws {
    let folder = try Self.folder()
    func refuses(_ text: String, _ overrides: String...) {
      let error = #expect(throws: (any Error).self) { try Self.run("run", in: folder, set: overrides) }
      #expect(error.map { "\($0)".contains(text) } ?? false, "\(String(describing: error))")
    }
    refuses("data.files is missing: it lists the texts", "data.files=[]")
    refuses("gone.txt cannot be used as a text: it cannot be opened", "data.files=[gone.txt]")
    refuses("model.heads is 3, which does not divide the width 32", "model.heads=3")
    refuses("model.keyHeads is 3, which does not divide the 2 heads", "model.keyHeads=3")
    refuses("tokens, a window takes 1000001", "data.window=1000000")
    refuses("data.vocabulary is 100", "data.vocabulary=100")
    try folder.write([], to: "data/empty.txt")
    refuses("empty.txt cannot be used as a text: it holds no text", "data.files=[empty.txt]")
    #expect(throws: RecipeError.self) { try LanguageTask(RecipeText(Self.recipe), data: nil, start: nil) }
  }
}
