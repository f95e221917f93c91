import SwiftletFiles

extension Tokenizer {
  /// Reads Hugging Face's `tokenizer.json`.
  ///
  /// - Parameters:
  ///   - huggingFace: the file.
  ///   - configuration: `tokenizer_config.json`, which names the beginning and the end and holds the chat template.
  /// - Throws: ``TokenizerError`` for a file that is damaged, or a part of it that is not carried out.
  public init(huggingFace: Data, configuration: Data? = nil) throws(TokenizerError) {
    let file = try JSONValue.object(of: huggingFace)
    var source = try BytePairVocabulary(huggingFace: file)
    let settings = try configuration.map(TokenizerConfiguration.init)
    if let settings, source.prefix.isEmpty, source.suffix.isEmpty {
      // The template of the file goes first; without one these say it.
      if settings.addsBeginning == true, let name = settings.beginning {
        source.prefix = [try source.id(of: name, named: "bos_token")]
      }
      if settings.addsEnd == true, let name = settings.end {
        source.suffix = [try source.id(of: name, named: "eos_token")]
      }
    }
    try self.init(source)
    if let settings {
      beginning = try settings.beginning.map { (name) throws(TokenizerError) in
        try source.id(of: name, named: "bos_token")
      }
      end = try settings.end.map { (name) throws(TokenizerError) in try source.id(of: name, named: "eos_token") }
      padding = try settings.padding.map { (name) throws(TokenizerError) in try source.id(of: name, named: "pad_token")
      }
      chatTemplate = settings.chatTemplate
    } else {
      beginning = source.prefix.first
      end = source.suffix.last
    }
  }
}

/// What is read of `tokenizer_config.json`.
struct TokenizerConfiguration {
  var beginning, end, padding: String?
  var addsBeginning, addsEnd: Bool?
  var chatTemplate: String?
  /// Tokens that are found before the text is cut.
  var added: [(id: Int, content: String)] = []
  /// Whether a space goes in front of each stretch between special tokens.
  var isLegacy: Bool?

  init(_ data: Data) throws(TokenizerError) {
    let file: JSONValue
    do throws(TokenizerError) {
      file = try JSONValue.object(of: data)
    } catch {
      throw error.naming("tokenizer_config.json")
    }
    beginning = Self.token(file["bos_token"])
    end = Self.token(file["eos_token"])
    padding = Self.token(file["pad_token"])
    addsBeginning = file["add_bos_token"]?.flag
    addsEnd = file["add_eos_token"]?.flag
    isLegacy = file["legacy"]?.flag
    if case .object(let members)? = file["added_tokens_decoder"] {
      for (key, value) in members {
        guard let id = Int(key), let content = Self.token(value) else {
          throw TokenizerError(
            .damaged, file: "tokenizer_config.json", "its added token \(key.quotedAsJSON) has no id or no content")
        }
        added.append((id, content))
      }
    }
    // One template, or several with names.
    chatTemplate =
      file["chat_template"]?.text
      ?? file["chat_template"]?.list?.first { $0["name"]?.text == "default" }?["template"]?.text
  }

  /// A token is its text, or an object with its properties.
  private static func token(_ value: JSONValue?) -> String? { value?.text ?? value?["content"]?.text }
}

extension JSONValue {
  /// The object that a file is.
  static func object(of data: Data) throws(TokenizerError) -> JSONValue {
    let value: JSONValue
    do {
      value = try data.withUnsafeBytes { try JSONValue(parsing: $0, comparingKeysByBytes: true) }
    } catch {
      throw .damaged("\(error)")
    }
    guard case .object = value else { throw .damaged("it is not an object of JSON") }
    return value
  }

  /// The parts of a `Sequence`, or the part that stands alone.
  fileprivate func parts(_ key: String) throws(TokenizerError) -> [(type: String, value: JSONValue)] {
    guard let type = self["type"]?.text else { throw .damaged("a part of it has no type") }
    guard type == "Sequence" else { return [(type, self)] }
    guard let list = self[key]?.list else { throw .damaged("a sequence in it has no \(key)") }
    var parts: [(String, JSONValue)] = []
    for part in list { parts += try part.parts(key) }
    return parts
  }
}

extension BytePairVocabulary {
  fileprivate init(huggingFace file: JSONValue) throws(TokenizerError) {
    guard let model = file["model"] else { throw .damaged("it has no model") }
    let preTokenizer = try PreTokenizer(huggingFace: file["pre_tokenizer"])
    self.init(preTokenizer: preTokenizer)
    try read(model: model)
    for token in file["added_tokens"]?.list ?? [] { added.append(try Self.addedToken(token)) }
    normalization = try Normalization(huggingFace: file["normalizer"])
    decoding = try Tokenizer.Decoding(huggingFace: file["decoder"])
    guard preTokenizer.isByteLevel == (decoding == .bytes) else {
      throw .damaged("its pre-tokenizer and its decoder do not belong together")
    }
    try read(postProcessor: file["post_processor"])
  }

  /// The id of a token that the configuration names.
  fileprivate func id(of name: String, named key: String) throws(TokenizerError) -> Int {
    func isNamed(_ text: String) -> Bool { text.utf8.elementsEqual(name.utf8) }
    if let id = added.first(where: { isNamed($0.content) })?.id ?? tokens.first(where: { isNamed($0.text) })?.id {
      return id
    }
    throw TokenizerError(
      .damaged, file: "tokenizer_config.json",
      "it names \(name.quotedAsJSON) as \(key), which the tokenizer does not have")
  }

  private mutating func read(model: JSONValue) throws(TokenizerError) {
    if let type = model["type"]?.text, type != "BPE" {
      throw .unsupported("its model is \(type); only byte pair encoding (BPE) is carried out")
    }
    if let dropout = model["dropout"]?.number, dropout != 0 {
      throw .unsupported("its model drops merges at random (dropout \(dropout)), which is not carried out")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let text = model[key]?.text, !text.isEmpty {
        throw .unsupported("its model has a \(key), \(text.quotedAsJSON), which is not carried out")
      }
    }
    guard case .object(let entries)? = model["vocab"] else { throw .damaged("its model has no vocab") }
    guard let list = model["merges"]?.list else { throw .damaged("its model has no merges") }
    tokens.reserveCapacity(entries.count)
    for (text, value) in entries {
      guard let id = value.integer else { throw .damaged("the token \(text.quotedAsJSON) has no id") }
      tokens.append((text, id))
    }
    merges.reserveCapacity(list.count)
    for merge in list {
      switch merge {
      case .string(let text): merges.append(try Self.pair(text))
      case .array(let sides) where sides.count == 2:
        guard let left = sides[0].text, let right = sides[1].text else { fallthrough }
        merges.append((left, right))
      default: throw .damaged("merge \(merges.count), \(merge), is not two tokens")
      }
    }
    unknown = model["unk_token"]?.text
    fusesUnknown = model["fuse_unk"]?.flag ?? false
    fallsBackToBytes = model["byte_fallback"]?.flag ?? false
    takesWholeWords = model["ignore_merges"]?.flag ?? false
  }

  private static func addedToken(_ value: JSONValue) throws(TokenizerError) -> AddedTokens.Token {
    guard let id = value["id"]?.integer, let content = value["content"]?.text, !content.isEmpty else {
      throw .damaged("an added token has no id or no content")
    }
    return AddedTokens.Token(
      id: id, content: content, isSpecial: value["special"]?.flag ?? false, stripsLeft: value["lstrip"]?.flag ?? false,
      stripsRight: value["rstrip"]?.flag ?? false, isNormalized: value["normalized"]?.flag ?? true,
      isSingleWord: value["single_word"]?.flag ?? false)
  }

  /// What stands around a single text.
  private mutating func read(postProcessor: JSONValue?) throws(TokenizerError) {
    for (type, value) in try postProcessor?.parts("processors") ?? [] {
      switch type {
      case "ByteLevel": break  // It moves offsets alone.
      case "TemplateProcessing":
        guard let items = value["single"]?.list else { throw .damaged("its post-processor has no template") }
        var isBehindText = false
        for item in items {
          if item["Sequence"] != nil {
            isBehindText = true
            continue
          }
          guard let name = item["SpecialToken"]?["id"]?.text,
            let ids = value["special_tokens"]?[name]?["ids"]?.list?.map(\.integer), !ids.contains(nil)
          else { throw .damaged("its post-processor's template names a token without ids") }
          if isBehindText { suffix += ids.compactMap { $0 } } else { prefix += ids.compactMap { $0 } }
        }
      default: throw .unsupported("its post-processor \(type) is not carried out")
      }
    }
  }
}

extension PreTokenizer {
  fileprivate init(huggingFace value: JSONValue?) throws(TokenizerError) {
    guard let value else {
      self = .none
      return
    }
    let parts = try value.parts("pretokenizers")
    let (last, types) = (parts.last?.value, parts.map(\.type))
    let addsSpace = last?["add_prefix_space"]?.flag
    switch types {
    case ["ByteLevel"] where last?["use_regex"]?.flag ?? true:
      self = .gpt2(addsPrefixSpace: addsSpace ?? true)
      return
    case ["Digits", "ByteLevel"]
    where (last?["use_regex"]?.flag ?? true) && addsSpace == false && parts[0].value["individual_digits"]?.flag == true:
      self = .smollm
      return
    case ["Split", "ByteLevel"] where last?["use_regex"]?.flag == false && addsSpace == false:
      let split = parts[0].value
      let known: [String: PreTokenizer] = [
        Self.gpt2Pattern: .gpt2(addsPrefixSpace: false), Self.llama3Pattern: .llama3, Self.qwen2Pattern: .qwen2,
      ]
      if split["behavior"]?.text == "Isolated", split["invert"]?.flag != true,
        let pattern = split["pattern"]?["Regex"]?.text,
        let preTokenizer = known[pattern]
      {
        self = preTokenizer
        return
      }
    case ["Metaspace"]:
      let mark = last?["replacement"]?.text
      let scheme = last?["prepend_scheme"]?.text ?? (addsSpace == false ? "never" : "always")
      if mark == "▁", let prefix = PrefixSpace(rawValue: scheme) {
        self = .metaspace(prefix, splits: last?["split"]?.flag ?? true)
        return
      }
    default: break
    }
    let pattern = parts.compactMap { $0.value["pattern"]?["Regex"]?.text }.first
    throw .unsupported(
      "its pre-tokenizer (\(types.joined(separator: ", ")))"
        + (pattern.map { " with the pattern \($0.quotedAsJSON)" } ?? "")
        + " is none of those of GPT-2, Llama 3, Qwen2, SmolLM2 and SentencePiece, which are carried out")
  }
}

extension Normalization {
  fileprivate init(huggingFace value: JSONValue?) throws(TokenizerError) {
    for (type, part) in try value?.parts("normalizers") ?? [] {
      switch type {
      case "NFC": steps.append(.compose)
      case "Prepend":
        guard let text = part["prepend"]?.text else { throw .damaged("its normaliser prepends nothing") }
        steps.append(.prepend(text))
      case "Replace":
        guard let pattern = part["pattern"]?["String"]?.text, !pattern.isEmpty, let content = part["content"]?.text
        else {
          throw .unsupported("its normaliser replaces a pattern, which is not carried out; texts are")
        }
        steps.append(.replace(pattern, content))
      default: throw .unsupported("its normaliser \(type) is not carried out; NFC, Prepend and Replace are")
      }
    }
  }
}

extension Tokenizer.Decoding {
  fileprivate init(huggingFace value: JSONValue?) throws(TokenizerError) {
    guard let value else { throw .unsupported("it has no decoder, without which tokens do not become text") }
    let parts = try value.parts("decoders")
    let types = parts.map(\.type)
    if types == ["ByteLevel"] {
      self = .bytes
      return
    }
    if types == ["Metaspace"], let part = parts.first?.value {
      let isNever =
        (part["prepend_scheme"]?.text ?? (part["add_prefix_space"]?.flag == false ? "never" : "")) == "never"
      self = .metaspace(dropsFirstMarks: !isNever)
      return
    }
    if [["Replace", "ByteFallback", "Fuse"], ["Replace", "ByteFallback", "Fuse", "Strip"]].contains(types),
      parts[0].value["pattern"]?["String"]?.text == "▁", parts[0].value["content"]?.text == " "
    {
      guard let strip = parts.last, strip.type == "Strip" else {
        self = .pieces(dropsFirstSpace: false)
        return
      }
      if strip.value["content"]?.text == " ", strip.value["start"]?.integer == 1, strip.value["stop"]?.integer == 0 {
        self = .pieces(dropsFirstSpace: true)
        return
      }
    }
    throw .unsupported(
      "its decoder (\(types.joined(separator: ", "))) is neither ByteLevel nor one of SentencePiece's"
    )
  }
}
