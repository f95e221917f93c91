import ArgumentParser
import SwiftletLanguage

/// What `run` takes where the model writes texts.
struct TextOptions: ParsableArguments {
  /// What happens at the end of the context.
  enum WhenFull: String, CaseIterable, ExpressibleByArgument { case refuse, slide }

  @Option(help: "Write at most so many tokens. (default: until the model ends the text, or its context is full)")
  var maxTokens: Int?
  @Option(help: "0 takes the likeliest token, 1 draws as the model forecasts. (default: 0)") var temperature: Double?
  @Option(help: "Draw from the so many likeliest tokens.") var topK: Int?
  @Option(help: "Draw from the fewest tokens whose probabilities add up to this.") var topP: Double?
  @Option(help: "Draw from tokens that are at least this share as likely as the likeliest.") var minP: Double?
  @Option(help: "Make tokens that were there less likely: more than 1.") var repetitionPenalty: Double?
  @Option(help: "The same seed draws the same text. (default: another one each time)") var seed: UInt64?
  @Option(
    parsing: .unconditionalSingleValue, help: "End the text in front of this; may be given several times.")
  var stop: [String] = []
  @Option(help: "At the end of the context: refuse what does not fit, or slide, and forget the older half.")
  var whenFull: WhenFull?
  @Option(
    help: "A text that --save-cache wrote: what the prompt begins with of it is not read again.", completion: .file())
  var cache: String?
  @Option(help: "Write what the model has read, the prompt and its text, to this file.", completion: .file())
  var saveCache: String?
  @Flag(help: "Hold a conversation, a line a message.") var chat = false
  @Option(help: "What the model is told before a conversation.") var system: String?

  /// The options that were given.
  var given: [String] {
    let all: [(String, Bool)] = [
      ("--max-tokens", maxTokens != nil), ("--temperature", temperature != nil), ("--top-k", topK != nil),
      ("--top-p", topP != nil), ("--min-p", minP != nil), ("--repetition-penalty", repetitionPenalty != nil),
      ("--seed", seed != nil), ("--stop", !stop.isEmpty), ("--when-full", whenFull != nil), ("--chat", chat),
      ("--cache", cache != nil), ("--save-cache", saveCache != nil),
      ("--system", system != nil),
    ]
    return all.filter(\.1).map(\.0)
  }

  var options: GenerationOptions {
    GenerationOptions(
      sampling: SamplingOptions(
        temperature: temperature ?? 0, topK: topK, topP: topP, minP: minP,
        repetitionPenalty: repetitionPenalty.map { .init($0) }, seed: seed),
      maxTokens: maxTokens, stops: stop, whenFull: whenFull == .slide ? .slide() : .refuse)
  }
}
