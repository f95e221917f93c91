import SwiftletFiles

extension Tokenizer {
  /// The tokenizer as `tokenizer.json` and `tokenizer_config.json`, whatever it was read from. `tokenizers` reads them
  /// to the same ids.
  ///
  /// - Throws: ``TokenizerError`` where two tokens have one spelling, which the file cannot say.
  public func huggingFaceFiles() throws(TokenizerError) -> (tokenizer: Data, configuration: Data) {
    let members: [(String, String)] = [
      ("version", "\"1.0\""), ("truncation", "null"), ("padding", "null"),
      ("added_tokens", JSONText.list(added.tokens.sorted { $0.id < $1.id }.map(\.json))),
      ("normalizer", normalization.json), ("pre_tokenizer", preTokenizer.json), ("post_processor", framing),
      ("decoder", decoding.json), ("model", try modelText()),
    ]
    return (Data((JSONText.object(members) + "\n").utf8), Data((configurationText + "\n").utf8))
  }

  private func spelling(_ id: Int) -> String {
    guard preTokenizer.isByteLevel, !literals.contains(id) else {
      return String(decoding: vocabulary[id], as: UTF8.self)
    }
    return ByteLevelAlphabet.text(of: vocabulary[id])
  }

  private func modelText() throws(TokenizerError) -> String {
    let spellings = (0..<vocabulary.count).map { vocabulary.contains($0) ? spelling($0) : "" }
    var seen = ByteTable(minimumCapacity: spellings.count)
    var entries: [String] = []
    for (id, text) in spellings.enumerated() where vocabulary.contains(id) {
      let (index, isNew) = seen.insert(Array(text.utf8))
      guard isNew else {
        throw .unsupported(
          "token \(id) is spelled \(text.quotedAsJSON) like an earlier one (\(index)), which tokenizer.json cannot say")
      }
      entries.append("\(text.quotedAsJSON):\(id)")
    }
    let merges = mergeOrder.map { pair in
      "[\(spellings[Int(pair >> 32)].quotedAsJSON),\(spellings[Int(pair & 0xffff_ffff)].quotedAsJSON)]"
    }
    return JSONText.object([
      ("type", "\"BPE\""), ("dropout", "null"),
      ("unk_token", model.unknown.map { spellings[Int($0)].quotedAsJSON } ?? "null"),
      ("continuing_subword_prefix", "null"), ("end_of_word_suffix", "null"), ("fuse_unk", "\(model.fusesUnknown)"),
      ("byte_fallback", "\(model.units == .characters && model.byteTokens.contains { $0 != nil })"),
      ("ignore_merges", "\(model.takesWholeWords)"), ("vocab", "{\(entries.joined(separator: ","))}"),
      ("merges", JSONText.list(merges)),
    ])
  }

  /// What stands around a text: a template, and for offsets the byte level.
  private var framing: String {
    let bytes = preTokenizer.isByteLevel ? Self.byteLevel(addsPrefixSpace: false, usesPattern: false) : nil
    guard !prefix.isEmpty || !suffix.isEmpty else { return bytes ?? "null" }
    func tokens(_ ids: [Int], _ type: Int) -> [String] {
      ids.map { "{\"SpecialToken\":{\"id\":\((token($0) ?? "").quotedAsJSON),\"type_id\":\(type)}}" }
    }
    func sequence(_ name: String, _ type: Int) -> String { "{\"Sequence\":{\"id\":\"\(name)\",\"type_id\":\(type)}}" }
    let single = tokens(prefix, 0) + [sequence("A", 0)] + tokens(suffix, 0)
    let template = JSONText.object([
      ("type", "\"TemplateProcessing\""), ("single", JSONText.list(single)),
      ("pair", JSONText.list(single + tokens(prefix, 1) + [sequence("B", 1)] + tokens(suffix, 1))),
      (
        "special_tokens",
        JSONText.object(
          Set(prefix + suffix).sorted().map { id in
            let name = (token(id) ?? "").quotedAsJSON
            return (token(id) ?? "", "{\"id\":\(name),\"ids\":[\(id)],\"tokens\":[\(name)]}")
          })
      ),
    ])
    guard let bytes else { return template }
    return JSONText.object([("type", "\"Sequence\""), ("processors", JSONText.list([bytes, template]))])
  }

  private var configurationText: String {
    func name(_ id: Int?) -> String { id.flatMap(token).map(\.quotedAsJSON) ?? "null" }
    var members: [(String, String)] = [
      ("tokenizer_class", "\"PreTrainedTokenizerFast\""), ("bos_token", name(beginning)), ("eos_token", name(end)),
      ("unk_token", name(model.unknown.map(Int.init))), ("pad_token", name(padding)),
      ("add_bos_token", "\(beginning != nil && prefix == [beginning].compactMap { $0 })"),
      ("add_eos_token", "\(end != nil && suffix == [end].compactMap { $0 })"),
      ("clean_up_tokenization_spaces", "false"),
    ]
    if let chatTemplate { members.append(("chat_template", chatTemplate.quotedAsJSON)) }
    return JSONText.object(members)
  }

  fileprivate static func byteLevel(
    addsPrefixSpace: Bool, usesPattern: Bool, trimsOffsets: Bool = false
  ) -> String {
    JSONText.object([
      ("type", "\"ByteLevel\""), ("add_prefix_space", "\(addsPrefixSpace)"), ("trim_offsets", "\(trimsOffsets)"),
      ("use_regex", "\(usesPattern)"),
    ])
  }
}

/// JSON out of parts that are JSON already.
private enum JSONText {
  static func list(_ values: [String]) -> String { "[\(values.joined(separator: ","))]" }

  static func object(_ members: [(String, String)]) -> String {
    "{\(members.map { "\($0.quotedAsJSON):\($1)" }.joined(separator: ","))}"
  }

  /// One part alone, more as a `Sequence`, none as nothing.
  static func sequence(_ key: String, _ parts: [String]) -> String {
    switch parts.count {
    case 0: "null"
    case 1: parts[0]
    default: object([("type", "\"Sequence\""), (key, list(parts))])
    }
  }
}

extension AddedTokens.Token {
  fileprivate var json: String {
    JSONText.object([
      ("id", "\(id)"), ("content", content.quotedAsJSON), ("single_word", "\(isSingleWord)"),
      ("lstrip", "\(stripsLeft)"),
      ("rstrip", "\(stripsRight)"), ("normalized", "\(isNormalized)"), ("special", "\(isSpecial)"),
    ])
  }
}

extension Normalization {
  fileprivate var json: String {
    JSONText.sequence(
      "normalizers",
      steps.map { step in
        switch step {
        case .compose: "{\"type\":\"NFC\"}"
        case .prepend(let text): "{\"type\":\"Prepend\",\"prepend\":\(text.quotedAsJSON)}"
        case .replace(let pattern, let content):
          "{\"type\":\"Replace\",\"pattern\":{\"String\":\(pattern.quotedAsJSON)},\"content\":\(content.quotedAsJSON)}"
        }
      })
  }
}

extension PreTokenizer {
  fileprivate var json: String {
    switch self {
    case .gpt2(let addsPrefixSpace): Tokenizer.byteLevel(addsPrefixSpace: addsPrefixSpace, usesPattern: true)
    case .smollm:
      JSONText.sequence(
        "pretokenizers",
        [
          "{\"type\":\"Digits\",\"individual_digits\":true}",
          Tokenizer.byteLevel(addsPrefixSpace: false, usesPattern: true),
        ])
    case .llama3: Self.split(Self.llama3Pattern)
    case .qwen2: Self.split(Self.qwen2Pattern)
    case .metaspace(let prefix, let splits):
      JSONText.object([
        ("type", "\"Metaspace\""), ("replacement", "\"▁\""), ("prepend_scheme", "\"\(prefix.rawValue)\""),
        ("split", "\(splits)"),
      ])
    case .none: "null"
    }
  }

  private static func split(_ pattern: String) -> String {
    JSONText.sequence(
      "pretokenizers",
      [
        JSONText.object([
          ("type", "\"Split\""), ("pattern", "{\"Regex\":\(pattern.quotedAsJSON)}"),
          ("behavior", "\"Isolated\""), ("invert", "false"),
        ]),
        Tokenizer.byteLevel(addsPrefixSpace: false, usesPattern: false),
      ])
  }
}

extension Tokenizer.Decoding {
  fileprivate var json: String {
    switch self {
    // The decoder looks at none of the three; these are what `tokenizers` writes.
    case .bytes: return Tokenizer.byteLevel(addsPrefixSpace: true, usesPattern: true, trimsOffsets: true)
    case .metaspace(let dropsFirstMarks):
      return JSONText.object([
        ("type", "\"Metaspace\""), ("replacement", "\"▁\""),
        ("prepend_scheme", dropsFirstMarks ? "\"always\"" : "\"never\""), ("split", "true"),
      ])
    case .pieces(let dropsFirstSpace):
      var parts = [
        "{\"type\":\"Replace\",\"pattern\":{\"String\":\"▁\"},\"content\":\" \"}", "{\"type\":\"ByteFallback\"}",
        "{\"type\":\"Fuse\"}",
      ]
      if dropsFirstSpace { parts.append("{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}") }
      return JSONText.sequence("decoders", parts)
    }
  }
}
