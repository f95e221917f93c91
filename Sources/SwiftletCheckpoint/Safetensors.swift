import SwiftletFiles
import SwiftletTensor

/// The safetensors format: eight bytes of length, a JSON header, the elements.
///
/// Source: https://github.com/huggingface/safetensors, section "Format".
enum Safetensors {
  /// As the format's own library sets it.
  static let headerLimit = 100_000_000

  private static let types: [(name: String, type: DataType)] = [
    ("F64", .float64), ("F32", .float32), ("F16", .float16), ("BF16", .bfloat16), ("I64", .int64), ("I32", .int32),
    ("I16", .int16), ("I8", .int8), ("U8", .uint8), ("BOOL", .bool),
  ]

  static func isOne(_ file: MappedFile) -> Bool { file.bytes.count > 8 && file.bytes[8] == UInt8(ascii: "{") }

  static func read(_ file: MappedFile) throws(CheckpointError) -> StateDictionary {
    var cursor = ByteCursor(file.bytes, 0..<file.bytes.count)
    let length = try cursor.length(UInt64.self)
    guard length <= headerLimit else {
      throw CheckpointError(
        .damaged, "is damaged: its header of \(length) bytes is larger than the format's \(headerLimit)")
    }
    let header = try JSONScanner.object(file.bytes, try cursor.take(length))
    let data = cursor.position..<file.bytes.count
    var entries: [(name: String, tensor: Tensor)] = []
    var places: [Range<Int>] = []
    var metadata: [String: String] = [:]
    for (name, value) in header {
      guard case .object(let fields) = value else {
        throw CheckpointError(.damaged, "is damaged: the header's entry \(name) is not an object")
      }
      if name == "__metadata__" {
        metadata = try JSONScanner.strings(fields)
        continue
      }
      let (place, shape, type) = try describe(name, fields, data.count)
      places.append(place)
      let range = data.lowerBound + place.lowerBound..<data.lowerBound + place.upperBound
      entries.append((name, file.tensor(range, shape: shape, strides: nil, dataType: type)))
    }
    try checkCoverage(places, of: data.count)
    return StateDictionary(unique: entries, metadata: metadata)
  }

  /// One entry of the header: where its elements lie, and what they are.
  private static func describe(
    _ name: String, _ fields: [(key: String, value: JSONScanner.Value)], _ byteCount: Int
  ) throws(CheckpointError) -> (Range<Int>, [Int], DataType) {
    func damage(_ what: String) -> CheckpointError { CheckpointError(.damaged, "is damaged: \(name) \(what)") }
    func integers(_ key: String) throws(CheckpointError) -> [Int] {
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
    guard let type = types.first(where: { $0.name == typeName })?.type else {
      throw CheckpointError(.unsupported, "\(name) has elements of type \(typeName), which Swiftlet does not use")
    }
    let (shape, offsets) = (try integers("shape"), try integers("data_offsets"))
    guard offsets.count == 2, offsets[0] <= offsets[1] else { throw damage("has data_offsets \(offsets)") }
    guard offsets[1] <= byteCount else {
      throw CheckpointError(
        .truncated, "is truncated: \(name) ends at byte \(offsets[1]) of \(byteCount) that follow the header")
    }
    guard shape.count <= 64 else { throw damage("has \(shape.count) axes") }
    var size = type.byteCount
    for extent in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw damage("has the impossible shape \(shape)") }
      size = product
    }
    guard size == offsets[1] - offsets[0] else {
      throw damage("has shape \(shape) of \(typeName), which takes \(size) bytes, in \(offsets[1] - offsets[0])")
    }
    return (offsets[0]..<offsets[1], shape, type)
  }

  /// The format allows neither overlaps nor gaps.
  private static func checkCoverage(_ places: [Range<Int>], of byteCount: Int) throws(CheckpointError) {
    var end = 0
    for place in places.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
      guard place.lowerBound == end else {
        throw CheckpointError(
          .damaged,
          "is damaged: its tensors \(place.lowerBound < end ? "overlap" : "leave a gap") at byte \(Swift.min(end, place.lowerBound))"
        )
      }
      end = place.upperBound
    }
    guard end == byteCount else {
      throw CheckpointError(.damaged, "is damaged: \(byteCount - end) bytes follow its last tensor")
    }
  }

  static func write(_ state: StateDictionary, to file: AtomicFile) throws(CheckpointError) {
    // Wide elements first, so that every tensor lies where its type may lie. The header keeps the given order.
    let order = state.indices.sorted {
      let (a, b) = (state[$0].tensor.dataType.byteCount, state[$1].tensor.dataType.byteCount)
      return a == b ? $0 < $1 : a > b
    }
    var offsets = [Range<Int>](repeating: 0..<0, count: state.count)
    var end = 0
    for index in order {
      offsets[index] = end..<end + state[index].tensor.byteCount
      end = offsets[index].upperBound
    }
    var fields: [String] = []
    if !state.metadata.isEmpty { fields.append("\"__metadata__\":\(metadataJSON(state.metadata))") }
    for (index, entry) in state.enumerated() {
      guard entry.name != "__metadata__" else {
        throw CheckpointError(.unsupported, "a tensor cannot be named __metadata__ in this format")
      }
      guard let type = types.first(where: { $0.type == entry.tensor.dataType })?.name else {
        throw CheckpointError(.unsupported, "elements of type \(entry.tensor.dataType) have no name in this format")
      }
      let shape = entry.tensor.shape.map(String.init).joined(separator: ",")
      fields.append(
        "\(quotedJSON(entry.name)):{\"dtype\":\"\(type)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offsets[index].lowerBound),\(offsets[index].upperBound)]}")
    }
    var header = Array("{\(fields.joined(separator: ","))}".utf8)
    while !header.count.isMultiple(of: 8) { header.append(UInt8(ascii: " ")) }
    guard header.count <= headerLimit else {
      throw CheckpointError(.unsupported, "the header would be larger than the format's \(headerLimit) bytes")
    }
    do throws(FileError) {
      try file.write(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header)
      for index in order { try file.write(state[index].tensor) }
    } catch {
      throw CheckpointError(error)
    }
  }

  static func metadataJSON(_ metadata: [String: String]) -> String {
    let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quotedJSON($0.key)):\(quotedJSON($0.value))" }
    return "{\(pairs.joined(separator: ","))}"
  }
}
