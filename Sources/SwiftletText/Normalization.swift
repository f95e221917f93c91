/// What happens to a text between special tokens before it is cut into words.
struct Normalization: Hashable, Sendable {
  enum Step: Hashable, Sendable {
    /// A text put in front of whatever is not empty.
    case prepend(String)
    /// Each occurrence of a text replaced.
    case replace(String, String)
    /// Canonical composition: Unicode's form NFC.
    case compose
  }

  var steps: [Step] = []

  func callAsFunction(_ text: [UInt8]) -> [UInt8] {
    var text = text
    for step in steps where !text.isEmpty {
      switch step {
      case .prepend(let prefix): text = Array(prefix.utf8) + text
      case .replace(let pattern, let replacement): text = text.replacing(Array(pattern.utf8), Array(replacement.utf8))
      case .compose: text = CanonicalComposition.composed(text)
      }
    }
    return text
  }
}

extension [UInt8] {
  /// - Precondition: `pattern` is not empty.
  func replacing(_ pattern: [UInt8], _ replacement: [UInt8]) -> [UInt8] {
    guard contains(pattern[0]) else { return self }
    var result: [UInt8] = []
    result.reserveCapacity(count + count / 2)
    withUnsafeBufferPointer { text in
      var position = 0
      while position < text.count {
        if text[position] == pattern[0], text[position...].starts(with: pattern) {
          result += replacement
          position += pattern.count
        } else {
          result.append(text[position])
          position += 1
        }
      }
    }
    return result
  }
}
