/// The tokens of a model and their bytes, by id and by bytes.
///
/// Where the model works on bytes these are the bytes themselves, and the file's spelling (`Ġthe`) is
/// ``ByteLevelAlphabet``'s business; else they are the file's UTF-8 (`▁the`).
struct Vocabulary: Sendable {
  /// By id; nil where the file names no token.
  private(set) var tokens: [[UInt8]?] = []
  private var table: ByteTable
  /// The id of each entry of the table.
  private var ids: [UInt32] = []

  init(minimumCapacity: Int = 8) { table = ByteTable(minimumCapacity: minimumCapacity) }

  /// One more than the highest id.
  var count: Int { tokens.count }

  func id(of bytes: UnsafeBufferPointer<UInt8>) -> UInt32? { table.find(bytes).map { ids[$0] } }
  func id(of bytes: [UInt8]) -> UInt32? { table.find(bytes).map { ids[$0] } }

  /// The bytes of a token; none for an id that has no token.
  subscript(id: Int) -> [UInt8] { tokens.indices.contains(id) ? tokens[id] ?? [] : [] }

  func contains(_ id: Int) -> Bool { tokens.indices.contains(id) && tokens[id] != nil }

  /// Gives an id its bytes. Of equal tokens the first is found by its bytes; one that is not `findable` never is.
  mutating func set(_ id: Int, _ bytes: [UInt8], findable: Bool = true) {
    if id >= tokens.count { tokens += Array(repeating: nil, count: id + 1 - tokens.count) }
    tokens[id] = bytes
    if findable, table.insert(bytes).isNew { ids.append(UInt32(id)) }
  }
}
