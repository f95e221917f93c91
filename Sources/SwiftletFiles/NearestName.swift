/// What somebody may have meant by a word that is unknown.
public enum NearestName {
  /// The known word that takes the fewest slips to become `word`, or nil if none is near.
  public static func of(_ word: String, among known: [String]) -> String? {
    let ranked = known.map { ($0, distance(word.lowercased(), $0.lowercased())) }
    guard let (nearest, distance) = ranked.min(by: { $0.1 < $1.1 }), distance <= max(2, nearest.count / 2) else {
      return nil
    }
    return nearest
  }

  /// What to tell somebody who wrote an unknown key: `did you mean epochs?`, or the known ones where none is near.
  public static func hint(for key: String, among known: [String]) -> String {
    of(key, among: known).map { "did you mean \($0)?" } ?? "known keys are \(known.sorted().joined(separator: ", "))"
  }

  /// The Levenshtein distance: insertions, deletions and substitutions of characters.
  private static func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, character) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let substituted = diagonal + (character == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
