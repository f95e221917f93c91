import Foundation
import SwiftletFiles
import SwiftletLanguage
import Testing

@Suite struct LanguageTextTests {
  /// Oracle: Foundation.
  @Test func `documents are what stands between separators, without the spaces around it`() {
    var random = RandomStream(seed: 5)
    let letters = ["a", "|", "||", " ", "\n", "\u{3000}", "é", "e\u{301}", "\r\n", "<|", "|>"]
    for separator in ["|", "||", "<||>", " ", "é", "\n"] {
      for _ in 0..<300 {
        let text = (0..<random.index(below: 12)).map { _ in letters[random.index(below: letters.count)] }.joined()
        let bytes = Data(text.utf8)
        var (expected, rest) = ([String](), bytes[...])
        while let place = rest.range(of: Data(separator.utf8)) {
          expected.append(String(decoding: rest[..<place.lowerBound], as: UTF8.self))
          rest = rest[place.upperBound...]
        }
        expected.append(String(decoding: rest, as: UTF8.self))
        let parts = LanguageText.parts(of: text, between: separator)
        #expect(
          parts
            == expected.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.filter { !$0.isEmpty },
          "\(text.debugDescription) between \(separator.debugDescription)")
      }
    }
  }
}
