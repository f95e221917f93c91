import SwiftletLanguage

/// A text as `--json` prints it.
struct TextResult: Encodable {
  let prompt, text, ending: String
  /// The stop string that ended it.
  let stop: String?
  let tokens, promptTokens, knownTokens, slides: Int
  let seed: UInt64
  let promptSeconds, decodingSeconds: Double
  let promptTokensPerSecond, tokensPerSecond: Double?

  init(prompt: String, text: String, _ outcome: Generation.Outcome) {
    (self.prompt, self.text) = (prompt, text)
    stop = if case .stop(let stop) = outcome.ending { stop } else { nil }
    ending =
      switch outcome.ending {
      case .token: "end"
      case .stop: "stop"
      case .maxTokens: "max-tokens"
      case .contextFull: "context"
      case .cancelled: "interrupted"
      }
    (tokens, promptTokens) = (outcome.tokens.count, outcome.promptTokens)
    (knownTokens, slides, seed) = (outcome.knownTokens, outcome.slides, outcome.seed)
    (promptSeconds, decodingSeconds) = (outcome.promptSeconds, outcome.decodingSeconds)
    (promptTokensPerSecond, tokensPerSecond) = (outcome.promptTokensPerSecond, outcome.tokensPerSecond)
  }
}
