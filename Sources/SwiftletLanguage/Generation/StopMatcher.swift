/// Lets a text through, piece by piece, up to the first stop string.
///
/// The first is the one that ends first, of those the longest. How the text is cut into pieces changes nothing.
struct StopMatcher: Sendable {
  private let stops: [(text: String, bytes: [UInt8])]
  /// What may begin a stop string.
  private var held: [UInt8] = []
  /// The stop string that ended the text.
  private(set) var found: String?

  init(_ stops: [String]) {
    self.stops = stops.map { ($0, Array($0.utf8)) }.sorted { $0.bytes.count > $1.bytes.count }
  }

  /// The text that is certain to stand in front of a stop string, whole characters of what was given in whole characters.
  mutating func append(_ text: String) -> String {
    guard found == nil else { return "" }
    guard !stops.isEmpty else { return text }
    for byte in text.utf8 {
      held.append(byte)
      if let stop = stops.first(where: { held.ends(with: $0.bytes[...]) }) {
        found = stop.text
        held.removeLast(stop.bytes.count)
        return finish()
      }
    }
    let waiting = (1..<max(1, longest)).reversed().first { count in
      count <= held.count && stops.contains { $0.bytes.count > count && held.ends(with: $0.bytes[..<count]) }
    }
    let certain = held.count - (waiting ?? 0)
    defer { held.removeFirst(certain) }
    return String(decoding: held.prefix(certain), as: UTF8.self)
  }

  /// What was held back, when no more comes.
  mutating func finish() -> String {
    defer { held = [] }
    return String(decoding: held, as: UTF8.self)
  }

  private var longest: Int { stops.first?.bytes.count ?? 0 }
}

extension [UInt8] {
  fileprivate func ends(with other: ArraySlice<UInt8>) -> Bool { suffix(other.count).elementsEqual(other) }
}
