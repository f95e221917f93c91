import Foundation
import SwiftletCheckpoint
import SwiftletData
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletNN
import SwiftletTensor
import SwiftletText

/// Texts to a language model of the Llama family, with a byte-pair encoding learned from the same texts.
///
/// What a run leaves is a folder as Hugging Face lays it out: beside `model.safetensors` lie `config.json` and the tokenizer's
/// files.
public final class LanguageTask: TrainingTask {
  public static let samples = "windows"
  public static let sideFiles = ["config.json", "tokenizer.json", "tokenizer_config.json"]
  public static let ranking = MetricRanking("loss", isHigherBetter: false)

  private static let boundary = "<|endoftext|>"

  public var recipe: LanguageRecipe
  public let model: LlamaModel
  public let tokenizer: Tokenizer
  public let beginsTrained: Bool
  /// What networks are judged by; nil where nothing is held out.
  private let heldOut: LanguageText?
  private let loader: DataLoader<TokenWindows>

  /// - Parameter data: the folder that the recipe's files lie in.
  public convenience init(_ text: RecipeText, data: URL?, start: StartingWeights?) throws {
    try self.init(text.recipe(as: LanguageRecipe.self), data: data, start: start)
  }

  /// - Throws: `RecipeError`, ``RunError/unreadableText(_:reason:)``, ``LanguageTextError`` for texts that are too short, and what
  ///   reading weights to begin with throws.
  public init(_ recipe: LanguageRecipe, data: URL?, start: StartingWeights? = nil) throws {
    try recipe.validate()
    guard let data else { throw RecipeError("data.files", "are looked for in a folder: give it with --data") }
    self.recipe = recipe
    let corpus = try LanguageCorpus(
      recipe.data.files.map { data.appending(path: $0) }, separator: recipe.data.separator,
      heldOut: recipe.data.heldOut)
    var trainer = BytePairTrainer(vocabularySize: recipe.data.vocabulary)
    // One token stands between documents: it begins one and ends the one before.
    (trainer.specialTokens, trainer.beginning, trainer.end) = ([Self.boundary], Self.boundary, Self.boundary)
    tokenizer = try trainer.train(on: corpus.training)
    let window = recipe.data.window
    let training = Self.stream(of: corpus.training, tokenizer)
    let search = Self.stream(of: corpus.heldOut, tokenizer)
    guard training.count > window else { throw LanguageTextError.tooShort(tokens: training.count, window: window + 1) }
    heldOut =
      corpus.heldOut.isEmpty
      ? nil
      : try .windows(
        of: search.map { Int($0) }, window: window,
        bytes: corpus.heldOut.reduce(0) { $0 + $1.utf8.count })
    loader = DataLoader(
      of: TokenWindows(ids: training, window: window), batchSize: recipe.training.batchSize, order: .shuffled,
      dropsLast: true, mostBatches: recipe.training.stepsPerEpoch, seed: UInt64(recipe.training.seed),
      workers: recipe.training.usableWorkers)
    var shape = recipe.configuration(vocabulary: tokenizer.vocabularySize)
    (shape.beginningToken, shape.endTokens) = (tokenizer.beginning, [tokenizer.end].compactMap(\.self))
    model = try LlamaModel(shape, using: Generator(seed: UInt64(recipe.training.seed)))
    beginsTrained = start != nil
    if let start {
      let weights = try Checkpoint.contents(of: start.file, averages: start.averages).state
      try model.fill(from: weights, source: start.file.path)
    }
    var fingerprint = Fingerprint(.scattered)
    for id in training + search { fingerprint.mix(Int(id)) }
    dataIdentity = "\(training.count) + \(search.count) tokens \(fingerprint.hexadecimal)"
  }

  /// All documents one after the other, in front of each the token that begins a text.
  private static func stream(of documents: [String], _ tokenizer: Tokenizer) -> [Int32] {
    documents.flatMap { document in
      ([tokenizer.beginning].compactMap(\.self)
        + tokenizer.encode(document, addsSpecialTokens: false, recognizesSpecialTokens: false))
        .map { Int32($0) }
    }
  }

  public var network: any Module { model }
  public var networkDescription: String { "\(model.configuration)" }
  public var dataDescription: String {
    "\(loader.source.ids.count) tokens of \(recipe.data.files.joined(separator: ", "))"
  }
  public let dataIdentity: String
  public var sampleCounts: (training: Int, search: Int) { (loader.source.count, heldOut?.stretches.count ?? 0) }

  public var batchesPerEpoch: Int { loader.batchCount }

  public func batches(ofEpoch epoch: Int, startingAt start: Int) -> any BatchSequence {
    loader.epoch(epoch, startingAt: start)
  }

  public var losses: [StepLoss] {
    [
      StepLoss("loss") { [unowned self] batch, run in
        let batch = batch.to(device: run.device)
        let scores = run.inPrecision { model(batch.tensor("ids")) }.cast(to: .float32)
        return scores.flattened(from: 0, to: 1).crossEntropy(batch.tensor("targets").flattened())
      }
    ]
  }

  /// Nats a token, perplexity and bits a byte of what is held out, in windows side by side.
  public func evaluate(_ run: RunContext) throws -> TaskEvaluation? {
    guard let heldOut else { return nil }
    let score: LanguageScore
    do {
      score = try LanguageEvaluation(of: model, on: heldOut, device: run.device) { _, _ in try run.stopIfAsked() }.score
    } catch let error as LanguageTextError {
      if case .notFinite = error { try run.checkLoss(.nan) }
      throw error
    }
    var metrics = ["loss": score.natsPerToken, "perplexity": score.perplexity]
    metrics["bitsPerByte"] = score.bitsPerByte
    return TaskEvaluation(metrics)
  }

  /// Beside the weights whatever makes their folder one that any program of Hugging Face's layout reads.
  public func write(to file: URL) throws {
    let folder = file.deletingLastPathComponent()
    let files = try tokenizer.huggingFaceFiles()
    let configuration = try model.configuration.huggingFace()
    do throws(FileError) {
      for (name, bytes) in zip(Self.sideFiles, [configuration, [UInt8](files.tokenizer), [UInt8](files.configuration)])
      {
        try AtomicFile.write(bytes, replacing: folder.appending(path: name).path)
      }
    } catch {
      throw RunError.cannotWrite(folder, reason: "\(error)")
    }
    var state = model.stateDictionary()
    state.metadata["swiftlet.recipe"] = try recipe.yaml()
    try Checkpoint.write(state, to: file, format: .safetensors)
  }
}
