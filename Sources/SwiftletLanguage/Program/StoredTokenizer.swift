import SwiftletFiles
import SwiftletText

/// How a tokenizer lies in a model file: `tokenizer.json`, a zero byte, and `tokenizer_config.json`, as Hugging Face has them.
package enum StoredTokenizer {
  package static func bytes(of tokenizer: Tokenizer) throws(TokenizerError) -> [UInt8] {
    let files = try tokenizer.huggingFaceFiles()
    return [UInt8](files.tokenizer) + [0] + [UInt8](files.configuration)
  }

  static func tokenizer(from bytes: [UInt8], path: String) throws(LanguageError) -> Tokenizer {
    guard let end = bytes.firstIndex(of: 0) else {
      throw .tokenizer(path: path, reason: "it is not what this program writes")
    }
    do throws(TokenizerError) {
      return try Tokenizer(huggingFace: Data(bytes[..<end]), configuration: Data(bytes[(end + 1)...]))
    } catch {
      throw .tokenizer(path: path, reason: "\(error)")
    }
  }
}
