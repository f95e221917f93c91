import SwiftletFiles

extension Tokenizer {
  /// The tokenizer as `tokenizer.json` and `tokenizer_config.json`, whatever it was read from. `tokenizers` reads them
  /// to the same ids.
  ///
  /// - Throws: ``TokenizerError`` where two tokens have one spelling, which the file cannot say.
  public func huggingFaceFiles() throws(TokenizerError) -> (tokenizer: Data, configuration: Data) {
    let file = JSONValue.object([
      ("version", .string("1.0")), ("truncation", .null), ("padding", .null),
      ("added_tokens", .array(added.tokens.sorted { $0.id < $1.id }.map(\.json))),
      ("normalizer", normalization.json), ("pre_tokenizer", preTokenizer.json), ("post_processor", framing),
      ("decoder", decoding.json), ("model", try modelValue()),
    ])
    return (Data(file.prettyBytes), Data(configuration.prettyBytes))
  }

  private func modelValue() throws(TokenizerError) -> JSONValue {
    let spellings = (0..<vocabulary.count).map { vocabulary.contains($0) ? spelling(of: $0) : "" }
    var seen = ByteTable(minimumCapacity: spellings.count)
    var entries: [(key: String, value: JSONValue)] = []
    for (id, text) in spellings.enumerated() where vocabulary.contains(id) {
      let (index, isNew) = seen.insert(Array(text.utf8))
      guard isNew else {
        throw .unsupported(
          "token \(id) is spelled \(text.quotedAsJSON) like token \(entries[index].value), "
            + "which tokenizer.json cannot say")
      }
      entries.append((text, .integer(id)))
    }
    let merges = mergeOrder.map { pair in
      JSONValue.array([.string(spellings[Int(pair >> 32)]), .string(spellings[Int(pair & 0xffff_ffff)])])
    }
    return .object([
      ("type", .string("BPE")), ("dropout", .null),
      ("unk_token", model.unknown.map { .string(spellings[Int($0)]) } ?? .null),
      ("continuing_subword_prefix", .null), ("end_of_word_suffix", .null), ("fuse_unk", .flag(model.fusesUnknown)),
      ("byte_fallback", .flag(model.units == .characters && model.byteTokens.contains { $0 != nil })),
      ("ignore_merges", .flag(model.takesWholeWords)), ("vocab", .object(entries)), ("merges", .array(merges)),
    ])
  }

  /// What stands around a text: a template, and for offsets the byte level.
  private var framing: JSONValue {
    let bytes: JSONValue? = preTokenizer.isByteLevel ? .byteLevel(addsPrefixSpace: false, usesPattern: false) : nil
    guard !prefix.isEmpty || !suffix.isEmpty else { return bytes ?? .null }
    func name(_ id: Int) -> String { token(id) ?? "" }
    func part(_ kind: String, _ id: String, _ type: Int) -> JSONValue {
      .object([(kind, .object([("id", .string(id)), ("type_id", .integer(type))]))])
    }
    func framed(_ sequence: String, _ type: Int) -> [JSONValue] {
      prefix.map { part("SpecialToken", name($0), type) } + [part("Sequence", sequence, type)]
        + suffix.map { part("SpecialToken", name($0), type) }
    }
    let tokens = Set(prefix + suffix).sorted().map { id in
      (
        key: name(id),
        value: JSONValue.object([
          ("id", .string(name(id))), ("ids", .array([.integer(id)])), ("tokens", .array([.string(name(id))])),
        ])
      )
    }
    let template = JSONValue.part(
      "TemplateProcessing",
      ("single", .array(framed("A", 0))), ("pair", .array(framed("A", 0) + framed("B", 1))),
      ("special_tokens", .object(tokens)))
    return .sequence("processors", [bytes, template].compactMap(\.self))
  }

  private var configuration: JSONValue {
    func name(_ id: Int?) -> JSONValue { id.flatMap(token).map { .string($0) } ?? .null }
    var members: [(key: String, value: JSONValue)] = [
      ("tokenizer_class", .string("PreTrainedTokenizerFast")), ("bos_token", name(beginning)), ("eos_token", name(end)),
      ("unk_token", name(model.unknown.map(Int.init))), ("pad_token", name(padding)),
      ("add_bos_token", .flag(beginning != nil && prefix == [beginning].compactMap { $0 })),
      ("add_eos_token", .flag(end != nil && suffix == [end].compactMap { $0 })),
      ("clean_up_tokenization_spaces", .flag(false)),
    ]
    if let chatTemplate { members.append(("chat_template", .string(chatTemplate))) }
    return .object(members)
  }
}

extension JSONValue {
  fileprivate static let null = JSONValue.other("null")

  /// A part of a tokenizer, of a type.
  fileprivate static func part(_ type: String, _ members: (key: String, value: JSONValue)...) -> JSONValue {
    .object([("type", .string(type))] + members)
  }

  /// One part alone, more as a `Sequence`, none as nothing.
  fileprivate static func sequence(_ key: String, _ parts: [JSONValue]) -> JSONValue {
    switch parts.count {
    case 0: .null
    case 1: parts[0]
    default: .part("Sequence", (key, .array(parts)))
    }
  }

  fileprivate static func byteLevel(
    addsPrefixSpace: Bool, usesPattern: Bool, trimsOffsets: Bool = false
  ) -> JSONValue {
    .part(
      "ByteLevel", ("add_prefix_space", .flag(addsPrefixSpace)), ("trim_offsets", .flag(trimsOffsets)),
      ("use_regex", .flag(usesPattern)))
  }

  fileprivate static func replace(_ pattern: String, _ content: String) -> JSONValue {
    .part("Replace", ("pattern", .object([("String", .string(pattern))])), ("content", .string(content)))
  }

  fileprivate static func metaspace(prefix: PreTokenizer.PrefixSpace, splits: Bool) -> JSONValue {
    .part(
      "Metaspace", ("replacement", .string("▁")), ("prepend_scheme", .string(prefix.rawValue)),
      ("split", .flag(splits)))
  }
}

extension AddedTokens.Token {
  fileprivate var json: JSONValue {
    .object([
      ("id", .integer(id)), ("content", .string(content)), ("single_word", .flag(isSingleWord)),
      ("lstrip", .flag(stripsLeft)), ("rstrip", .flag(stripsRight)), ("normalized", .flag(isNormalized)),
      ("special", .flag(isSpecial)),
    ])
  }
}

extension Normalization {
  fileprivate var json: JSONValue {
    .sequence(
      "normalizers",
      steps.map { step in
        switch step {
        case .compose: .part("NFC")
        case .prepend(let text): .part("Prepend", ("prepend", .string(text)))
        case .replace(let pattern, let content): .replace(pattern, content)
        }
      })
  }
}

extension PreTokenizer {
  fileprivate var json: JSONValue {
    switch self {
    case .gpt2(let addsPrefixSpace): .byteLevel(addsPrefixSpace: addsPrefixSpace, usesPattern: true)
    case .smollm:
      .sequence(
        "pretokenizers",
        [
          .part("Digits", ("individual_digits", .flag(true))), .byteLevel(addsPrefixSpace: false, usesPattern: true),
        ])
    case .llama3: Self.split(Self.llama3Pattern)
    case .qwen2: Self.split(Self.qwen2Pattern)
    case .metaspace(let prefix, let splits): .metaspace(prefix: prefix, splits: splits)
    case .none: .null
    }
  }

  private static func split(_ pattern: String) -> JSONValue {
    .sequence(
      "pretokenizers",
      [
        .part(
          "Split", ("pattern", .object([("Regex", .string(pattern))])), ("behavior", .string("Isolated")),
          ("invert", .flag(false))),
        .byteLevel(addsPrefixSpace: false, usesPattern: false),
      ])
  }
}

extension Tokenizer.Decoding {
  fileprivate var json: JSONValue {
    switch self {
    // The decoder looks at none of the three; these are what `tokenizers` writes.
    case .bytes: return .byteLevel(addsPrefixSpace: true, usesPattern: true, trimsOffsets: true)
    case .metaspace(let dropsFirstMarks): return .metaspace(prefix: dropsFirstMarks ? .always : .never, splits: true)
    case .pieces(let dropsFirstSpace):
      let strip = JSONValue.part("Strip", ("content", .string(" ")), ("start", .integer(1)), ("stop", .integer(0)))
      return .sequence(
        "decoders",
        [.replace("▁", " "), .part("ByteFallback"), .part("Fuse")] + (dropsFirstSpace ? [strip] : []))
    }
  }
}
