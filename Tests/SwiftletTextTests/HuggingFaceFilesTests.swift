import Foundation
import SwiftletFiles
import SwiftletText
import TestSupport
import Testing

@Suite struct HuggingFaceFilesTests {
  /// What `tokenizers` wrote is read and written again; `tokenization.py --check` reads what is written here.
  @Test(arguments: GoldenTokenizers.small)
  func `a tokenizer json is written as it was read`(name: String) throws {
    let original = try GoldenTokenizers.json(name)
    let written = try Tokenizer(huggingFace: original).huggingFaceFiles().tokenizer
    let (a, b) = try (
      JSONSerialization.jsonObject(with: original) as? NSDictionary,
      JSONSerialization.jsonObject(with: written) as? NSDictionary
    )
    for case let key as String in try #require(a).allKeys where key != "model" {
      #expect((a?[key] as? NSObject) == (b?[key] as? NSObject), "\(name), \(key)")
    }
    let (model, writtenModel) = (a?["model"] as? NSDictionary, b?["model"] as? NSDictionary)
    for key in ["vocab", "merges", "unk_token", "fuse_unk", "ignore_merges", "type"] {
      #expect((model?[key] as? NSObject) == (writtenModel?[key] as? NSObject), "\(name), \(key)")
    }
  }

  @Test func `whatever was read is written so that it gives the same ids`() throws {
    let model = try Tokenizer(sentencePiece: Data(contentsOf: Goldens.url("small.model")))
    let first = try Tokenizer(
      sentencePiece: Data(contentsOf: Goldens.url("small.model")), prefixesEveryStretch: false)
    for tokenizer in [model, first] {
      let files = try tokenizer.huggingFaceFiles()
      let again = try Tokenizer(huggingFace: files.tokenizer, configuration: files.configuration)
      #expect(again.beginning == 1 && again.end == 2)
      for hard in try GoldenTokenizers.cases.get().texts {
        let ids = tokenizer.encode(hard.whole)
        #expect(again.encode(hard.whole) == ids, "\(hard.name)")
        #expect(again.decode(ids) == tokenizer.decode(ids), "\(hard.name)")
      }
    }
  }

  @Test func `a configuration names the beginning, the end and the chat template`() throws {
    let tokenizer = try Tokenizer(
      huggingFace: GoldenTokenizers.json("llama3-small"),
      configuration: Data(
        #"{"bos_token":"<|begin_of_text|>","eos_token":{"content":"<|eot_id|>"},"chat_template":"{{ 1 }}"}"#.utf8))
    #expect(tokenizer.beginning == 0 && tokenizer.end == 4 && tokenizer.chatTemplate == "{{ 1 }}")
    let files = try tokenizer.huggingFaceFiles()
    let again = try Tokenizer(huggingFace: files.tokenizer, configuration: files.configuration)
    #expect(again.beginning == 0 && again.end == 4 && again.chatTemplate == "{{ 1 }}")
    #expect(again.encode("a") == tokenizer.encode("a") && again.encode("a").first == 0)
  }

  @Test func `a text that has its beginning gets no second one`() throws {
    let tokenizer = try GoldenTokenizers.tokenizer("llama3-small")
    #expect(tokenizer.encode("<|begin_of_text|>Hello") == tokenizer.encode("Hello"))
    #expect(tokenizer.encode("Hello").filter { $0 == 0 }.count == 1)
  }

  @Test func `a token that looks like another is another`() throws {
    // é in one scalar and in two.
    let json = """
      {"pre_tokenizer":null,"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},
      "content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]},"model":{"type":"BPE","vocab":{"\u{e9}":0,"e":1,
      "\u{301}":2,"e\u{301}":3},"merges":[["e","\u{301}"]]}}
      """
    let tokenizer = try Tokenizer(huggingFace: Data(json.utf8))
    #expect(tokenizer.encode("\u{e9}e\u{301}") == [0, 3])
  }

  /// By hand: ids with a gap, so that a token's place among the others is not its id.
  @Test func `two tokens of one spelling are named by their ids`() throws {
    let json = """
      {"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"decoder":{"type":"ByteLevel"},
      "added_tokens":[{"id":9,"content":"a","special":true}],
      "model":{"type":"BPE","vocab":{"a":7,"b":9},"merges":[]}}
      """
    let tokenizer = try Tokenizer(huggingFace: Data(json.utf8))
    #expect(tokenizer.token(9) == "a" && tokenizer.token(7) == "a" && tokenizer.token(8) == nil)
    var gguf = GGUFVocabulary(model: "llama", tokens: ["<0x41>", "a", "b", "a"])
    (gguf.types, gguf.scores) = ([6, 1, 1, 1], [0, 0, 0, 0])
    #expect { try Tokenizer(gguf: gguf).huggingFaceFiles() } throws: {
      "\($0)" == "token 3 is spelled \"a\" like token 1, which tokenizer.json cannot say"
    }
  }

  /// By hand: é in one scalar and in two.
  @Test func `names are told apart by their bytes`() throws {
    let json = """
      {"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"decoder":{"type":"ByteLevel"},
      "added_tokens":[{"id":1,"content":"\u{e9}","special":true},{"id":2,"content":"e\u{301}","special":true}],
      "model":{"type":"BPE","vocab":{"a":0,"\u{e9}":1,"e\u{301}":2},"merges":[]}}
      """
    let tokenizer = try Tokenizer(
      huggingFace: Data(json.utf8), configuration: Data("{\"eos_token\":\"e\u{301}\"}".utf8))
    #expect(tokenizer.end == 2 && tokenizer.id(of: "e\u{301}") == 2 && tokenizer.id(of: "\u{e9}") == 1)
  }

  @Test func `a folder's tokenizer is read from whichever file it has`() throws {
    let folder = try TemporaryFolder()
    #expect { try Tokenizer(folder: folder.url) } throws: { "\($0)".contains("neither a tokenizer.json nor") }
    try folder.write([UInt8](Data(contentsOf: Goldens.url("small.model"))), to: "tokenizer.model")
    let pieces = try Tokenizer(folder: folder.url)
    #expect(pieces.encode("a<s>b").count(where: { $0 == 1 }) == 2)
    try folder.write(
      Array(#"{"legacy":false,"add_bos_token":false,"add_eos_token":true}"#.utf8), to: "tokenizer_config.json")
    #expect(try Tokenizer(folder: folder.url).encode("a").last == 2)
    #expect(try Tokenizer(folder: folder.url).encode("a").first != 1)
    func settings(_ members: String) throws -> Tokenizer {
      try folder.write(Array("{\(members)}".utf8), to: "tokenizer_config.json")
      return try Tokenizer(folder: folder.url)
    }
    let named = try settings(
      #""bos_token":"<s>","eos_token":{"content":"<unk>"},"pad_token":"</s>","add_eos_token":true,"#
        + #""added_tokens_decoder":{"0":{"content":"<unk>"},"2":{"content":"</s>"}}"#)
    #expect(named.beginning == 1 && named.end == 0 && named.padding == 2)
    #expect(named.encode("a").first == 1 && named.encode("a").last == 0)
    for (members, what) in [
      (#""eos_token":"<|im_end|>""#, #""<|im_end|>" as eos_token"#),
      (#""pad_token":"<pad>""#, #""<pad>" as pad_token"#),
      (#""added_tokens_decoder":{"9999":{"content":"<|im_end|>"}}"#, #""<|im_end|>" as token 9999"#),
      (#""added_tokens_decoder":{"1":{"content":"</s>"}}"#, #""</s>" as token 1"#),
    ] {
      #expect { try settings(members) } throws: {
        ($0 as? TokenizerError)?.kind == .unsupported
          && "\($0)".hasPrefix("tokenizer_config.json: it names \(what), which tokenizer.model lacks")
      }
    }
    #expect { try settings(#""added_tokens_decoder":{"x":{}}"#) } throws: {
      "\($0)" == #"tokenizer_config.json: its added token "x" has no id or no content"#
    }
    try folder.write([UInt8](GoldenTokenizers.json("llama3-small")), to: "tokenizer.json")
    try folder.write(Array("{}".utf8), to: "tokenizer_config.json")
    try folder.write(Array("{{ 2 }}".utf8), to: "chat_template.jinja")
    let tokenizer = try Tokenizer(folder: folder.url)
    #expect(tokenizer.vocabularySize == 800 && tokenizer.chatTemplate == "{{ 2 }}")
    try folder.write(Array("{".utf8), to: "tokenizer.json")
    #expect { try Tokenizer(folder: folder.url) } throws: { "\($0)".hasPrefix("tokenizer.json: it is not JSON") }
  }

  /// Law: whatever the bytes, a file is read or refused.
  @Test func `forged files are refused without harm`() throws {
    let good = try [UInt8](GoldenTokenizers.json("llama3-small"))
    var random = SplitMix64(seed: 8)
    for _ in 0..<40 {
      var bytes = good
      for _ in 0..<3 {
        // Digits for digits, so that most stay JSON.
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let isDigit = (0x30...0x39).contains(bytes[place])
        bytes[place] = UInt8.random(in: isDigit ? 0x30...0x39 : 0x20...0x7e, using: &random)
      }
      if let tokenizer = try? Tokenizer(huggingFace: Data(bytes)) {
        #expect(tokenizer.decode(tokenizer.encode("Hello, world")).isEmpty == false)
        _ = try? tokenizer.huggingFaceFiles()
      }
    }
  }

  @Test(arguments: [
    (#""model":{"type":"Unigram"}"#, "its model is Unigram; only byte pair encoding"),
    (#""model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}"#, "have one id, 0"),
    (#""model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}"#, "merge 0, \"a\" and \"b\", is not made of tokens"),
    (#""model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}"#, "is not two tokens"),
    (#""model":{"type":"BPE","vocab":{"a":123456789},"merges":[]}"#, "has the id 123456789"),
    (#""model":{"type":"BPE","vocab":{"a":-1},"merges":[]}"#, "has the id -1"),
    (#""model":{"type":"BPE","vocab":{},"merges":[]}"#, "the vocabulary is empty"),
    (#""model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"u"}"#, "the unknown token \"u\""),
    (#""model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}"#, "dropout 0.1"),
    (#""model":{"type":"BPE","vocab":{"a":0},"merges":[],"end_of_word_suffix":"</w>"}"#, "end_of_word_suffix"),
    (#""normalizer":{"type":"NFKC"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}"#, "its normaliser NFKC"),
    (#""pre_tokenizer":{"type":"Whitespace"},"model":{}"#, "its pre-tokenizer (Whitespace) is none of those"),
    (
      #""pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"x+"},"#
        + #""behavior":"Isolated"},{"type":"ByteLevel","use_regex":false,"add_prefix_space":false}]},"model":{}"#,
      "with the pattern \"x+\" is none of those"
    ),
    (#""decoder":null,"model":{"type":"BPE","vocab":{"a":0},"merges":[]}"#, "it has no decoder"),
    (
      #""post_processor":{"type":"RobertaProcessing"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}"#,
      "its post-processor RobertaProcessing is not carried out"
    ),
    (#""version":"1.0""#, "it has no model"),
  ])
  func `what is damaged or not carried out is said in a sentence`(members: String, sentence: String) throws {
    let decoder =
      #""decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},"#
      + #"{"type":"ByteFallback"},{"type":"Fuse"}]},"#
    let text = members.contains("\"decoder\"") ? "{\(members)}" : "{\(decoder)\(members)}"
    #expect { try Tokenizer(huggingFace: Data(text.utf8)) } throws: { error in
      if "\(error)".contains(sentence) { return true }
      Issue.record("\(error)")
      return false
    }
  }
}
