import Foundation
import SwiftletText

/// Ids are bytes; 256 begins a turn and 257 ends it.
public enum ByteTokenizer {
  public static let (begin, end, vocabulary) = (256, 257, 258)
  public static let template =
    "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
    + "{{ '<|a|>' + m.role + ':' + m.content + '<|z|>' }}{% endfor %}"
    + "{% if add_generation_prompt %}<|a|>assistant:{% endif %}"

  public static let chat = tokenizer(template: template)
  public static let plain = tokenizer(template: nil)

  private static func tokenizer(template: String?) -> Tokenizer {
    var (vocabulary, next) = ([String: Int](), UInt32(0x100))
    for byte in UInt8.min...UInt8.max {
      if (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || byte >= 0xae {
        vocabulary[String(Unicode.Scalar(byte))] = Int(byte)
      } else {
        vocabulary[String(Unicode.Scalar(next)!)] = Int(byte)
        next += 1
      }
    }
    let special = [(begin, "<|a|>"), (end, "<|z|>")].map { id, content -> [String: Any] in
      [
        "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true,
      ]
    }
    let level: [String: Any] = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    ]
    let json: [String: Any] = [
      "version": "1.0", "truncation": NSNull(), "padding": NSNull(), "added_tokens": special, "normalizer": NSNull(),
      "pre_tokenizer": level, "post_processor": NSNull(), "decoder": level,
      "model": [
        "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(), "continuing_subword_prefix": NSNull(),
        "end_of_word_suffix": NSNull(), "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
        "vocab": vocabulary, "merges": [String](),
      ],
    ]
    var configuration: [String: Any] = ["eos_token": "<|z|>"]
    configuration["chat_template"] = template
    return try! Tokenizer(
      huggingFace: JSONSerialization.data(withJSONObject: json),
      configuration: JSONSerialization.data(withJSONObject: configuration))
  }
}
