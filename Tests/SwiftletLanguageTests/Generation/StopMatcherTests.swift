import SwiftletFiles
import Testing

@testable import SwiftletLanguage

@Suite struct StopMatcherTests {
  /// Oracle: the whole text, looked at from every end.
  private func plain(_ text: String, _ stops: [String]) -> (String, String?) {
    let bytes = Array(text.utf8)
    for end in 0...bytes.count {
      let found = stops.filter { bytes[..<end].suffix($0.utf8.count).elementsEqual($0.utf8) }
        .max { $0.utf8.count < $1.utf8.count }
      if let found { return (String(decoding: bytes[..<(end - found.utf8.count)], as: UTF8.self), found) }
    }
    return (text, nil)
  }

  @Test func `nothing of a stop string leaks, however the text is cut`() {
    var random = RandomStream(seed: 1)
    let letters = ["a", "b", "é", "€", "\n"]
    func text(_ length: Int) -> String {
      (0..<length).map { _ in letters[random.index(below: letters.count)] }.joined()
    }
    for _ in 0..<3_000 {
      let stops = (0..<random.index(below: 4)).map { _ in text(1 + random.index(below: 4)) }
      let whole = text(random.index(below: 14))
      let (expected, stop) = plain(whole, stops)
      var matcher = StopMatcher(stops)
      var (shown, rest) = ("", whole[...])
      while !rest.isEmpty {
        let piece = rest.prefix(1 + random.index(below: 3))
        rest = rest[piece.endIndex...]
        shown += matcher.append(String(piece))
        #expect(expected.hasPrefix(shown), "\(whole.debugDescription) until \(stops)")
      }
      shown += matcher.finish()
      #expect(shown == expected && matcher.found == stop, "\(whole.debugDescription) until \(stops)")
    }
  }

  @Test func `what cannot begin a stop string is shown at once`() {
    var matcher = StopMatcher(["\nUser:", "END"])
    #expect(matcher.append("Hello E") == "Hello ")
    #expect(matcher.append("N") == "")
    #expect(matcher.append("E") == "EN")
    #expect(matcher.append("ND now") == "")
    #expect(matcher.found == "END" && matcher.finish() == "" && matcher.append("more") == "")
    var free = StopMatcher([])
    #expect(free.append("anything") == "anything")
  }
}
