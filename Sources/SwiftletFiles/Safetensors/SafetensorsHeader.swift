/// The header of a safetensors file: where each tensor lies in the data behind it, and texts by key.
///
/// Eight bytes of length, the header as JSON, the elements: checkpoints and model files are such files.
/// Source: https://github.com/huggingface/safetensors, section "Format".
public struct SafetensorsHeader: Hashable, Sendable {
  /// The element types that this project uses, by the format's names.
  public enum ElementType: String, Hashable, Sendable, CaseIterable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint8 = "U8"
    case bool = "BOOL"

    public var byteCount: Int {
      switch self {
      case .float64, .int64: 8
      case .float32, .int32: 4
      case .float16, .bfloat16, .int16: 2
      case .int8, .uint8, .bool: 1
      }
    }
  }

  /// One tensor.
  public struct Entry: Hashable, Sendable {
    public var name: String
    public var type: ElementType
    public var shape: [Int]
    /// Its bytes, counted from the first behind the header.
    public var place: Range<Int>

    public init(name: String, type: ElementType, shape: [Int], place: Range<Int>) {
      (self.name, self.type, self.shape, self.place) = (name, type, shape, place)
    }
  }

  /// In the order of the file.
  public var entries: [Entry]
  public var metadata: [String: String]

  public init(entries: [Entry] = [], metadata: [String: String] = [:]) {
    (self.entries, self.metadata) = (entries, metadata)
  }

  /// The most bytes of JSON, as the format's own library sets it.
  public static let sizeLimit = 100_000_000
  /// The key of the texts, which no tensor can have.
  static let metadataKey = "__metadata__"
  static let axisLimit = 64

  /// Whether the bytes begin as such a file does.
  public static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count > 8 && bytes[8] == UInt8(ascii: "{")
  }
}

extension SafetensorsHeader {
  /// The header of a file's bytes, and where the data starts.
  ///
  /// Every entry is checked in itself: an unknown field, a type that is not used, a shape that is not the size of its
  /// place. ``checkPlaces(in:)`` compares them with the data.
  public static func read(_ bytes: UnsafeRawBufferPointer) throws(FileError) -> (SafetensorsHeader, dataStart: Int) {
    guard bytes.count >= 8 else { throw .truncated("\(bytes.count) bytes are too few for a header") }
    let announced = bytes.little(UInt64.self, at: 0)
    guard let length = Int(exactly: announced) else {
      throw .damaged("it announces \(announced) bytes, more than any file has")
    }
    guard length <= sizeLimit else {
      throw .damaged("its header of \(length) bytes is larger than the format's \(sizeLimit)")
    }
    guard length <= bytes.count - 8 else {
      throw .truncated("the header's \(length) bytes should follow byte 8, \(bytes.count - 8) do")
    }
    let members: [(key: String, value: JSONValue)]
    do { members = try JSONValue.members(of: UnsafeRawBufferPointer(rebasing: bytes[8..<8 + length])) } catch {
      throw FileError(error)
    }
    var header = SafetensorsHeader()
    header.entries.reserveCapacity(members.count)
    for (name, value) in members {
      guard case .object(let fields) = value else {
        throw .damaged("the header's entry \(name) is not an object")
      }
      if name == metadataKey {
        header.metadata = try JSONValue.texts(fields)
      } else {
        header.entries.append(try Entry(name: name, fields: fields))
      }
    }
    return (header, 8 + length)
  }

  /// Checks that the tensors cover the data without overlap, gap or rest, as the format demands.
  ///
  /// - Parameter byteCount: of the data behind the header.
  public func checkPlaces(in byteCount: Int) throws(FileError) {
    for entry in entries where entry.place.upperBound > byteCount {
      throw .truncated("\(entry.name) ends at byte \(entry.place.upperBound) of \(byteCount) that follow the header")
    }
    var end = 0
    let places = entries.map(\.place).sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
    for place in places {
      guard place.lowerBound == end else {
        let what = place.lowerBound < end ? "overlap" : "leave a gap"
        throw .damaged("its tensors \(what) at byte \(min(end, place.lowerBound))")
      }
      end = place.upperBound
    }
    guard end == byteCount else { throw .damaged("\(byteCount - end) bytes follow its last tensor") }
  }
}

extension SafetensorsHeader.Entry {
  fileprivate init(name: String, fields: [(key: String, value: JSONValue)]) throws(FileError) {
    func damage(_ what: String) -> FileError { .damaged("\(name) \(what)") }
    func counts(_ key: String) throws(FileError) -> [Int] {
      guard case .array(let items)? = fields.first(where: { $0.key == key })?.value else {
        throw damage("has no list '\(key)'")
      }
      var values: [Int] = []
      for item in items {
        guard case .integer(let value) = item, value >= 0 else { throw damage("has '\(key)' that are not counts") }
        values.append(value)
      }
      return values
    }
    if let unknown = fields.first(where: { !["dtype", "shape", "data_offsets"].contains($0.key) }) {
      throw damage("has the unknown field '\(unknown.key)'")
    }
    guard case .string(let typeName)? = fields.first(where: { $0.key == "dtype" })?.value else {
      throw damage("has no dtype")
    }
    guard let type = SafetensorsHeader.ElementType(rawValue: typeName) else {
      throw .unsupported("\(name) has elements of type \(typeName), which Swiftlet does not use")
    }
    let (shape, offsets) = (try counts("shape"), try counts("data_offsets"))
    guard offsets.count == 2, offsets[0] <= offsets[1] else { throw damage("has data_offsets \(offsets)") }
    guard shape.count <= SafetensorsHeader.axisLimit else { throw damage("has \(shape.count) axes") }
    var size = type.byteCount
    for extent in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw damage("has the impossible shape \(shape)") }
      size = product
    }
    self.init(name: name, type: type, shape: shape, place: offsets[0]..<offsets[1])
    guard size == place.count else {
      throw damage("has shape \(shape) of \(typeName), which takes \(size) bytes, in \(place.count)")
    }
  }
}
