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
  public var isByteLevel: Bool { pattern != nil }

  private var pattern: WordScanner.Pattern? {
    switch self {
    case .gpt2: .gpt2
    case .smollm: .smollm
    case .llama3: .llama3
    case .qwen2: .qwen2
    case .metaspace, .none: nil
    }
  }

  /// What the models of this name do to a text before it is cut, where their files do not say it.
  var normalization: Normalization { Normalization(steps: self == .qwen2 ? [.compose] : []) }

  /// Cuts a text into the words of a byte-level pre-tokenizer.
  @inline(__always)
  func forEachWord(of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    guard let pattern else { preconditionFailure("PreTokenizer.forEachWord: \(self) is not byte-level") }
    if self == .gpt2(addsPrefixSpace: true), text.first != 0x20 {
      ([0x20] + text).withUnsafeBufferPointer { Self.scan($0, pattern, body) }
    } else {
      Self.scan(text, pattern, body)
    }
  }

  @inline(__always)
  private static func scan(
    _ text: UnsafeBufferPointer<UInt8>, _ pattern: WordScanner.Pattern, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    var scanner = WordScanner(text, pattern)
    while let range = scanner.next() { body(UnsafeBufferPointer(rebasing: text[range])) }
  }

  static let gpt2Pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
  static let llama3Pattern = pattern(numbers: #"\p{N}{1,3}"#)
  static let qwen2Pattern = pattern(numbers: #"\p{N}"#)

  private static func pattern(numbers: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }
}
