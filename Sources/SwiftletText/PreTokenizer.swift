/// How a text is cut into the words within which tokens merge.
public enum PreTokenizer: Hashable, Sendable {
  /// By GPT-2's pattern, after a space in front of each stretch that has none if that is asked for.
  case gpt2(addsPrefixSpace: Bool)
  /// By GPT-2's pattern between digits, which stand alone.
  case smollm
  /// By Llama 3's pattern: numbers in groups of up to three digits.
  case llama3
  /// By Qwen2's pattern, which is Llama 3's with each digit alone.
  case qwen2
  /// SentencePiece's words: `▁` stands for a space. `splits` cuts in front of every `▁`.
  case metaspace(PrefixSpace, splits: Bool)
  /// Not at all: what was normalised is one word.
  case none

  /// Where a `▁` is put in front of a text that has none.
  public enum PrefixSpace: String, Hashable, Sendable {
    /// In front of each stretch between special tokens.
    case always
    /// Where the text begins.
    case first
    case never
  }

  /// Whether tokens are made of bytes, not of characters.
  public var isByteLevel: Bool {
    switch self {
    case .gpt2, .smollm, .llama3, .qwen2: true
    case .metaspace, .none: false
    }
  }

  static let gpt2Pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
  static let llama3Pattern = pattern(numbers: #"\p{N}{1,3}"#)
  static let qwen2Pattern = pattern(numbers: #"\p{N}"#)

  private static func pattern(numbers: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }
}
