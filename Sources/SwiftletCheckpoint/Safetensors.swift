import SwiftletFiles
import SwiftletTensor

/// Tensors in a safetensors file.
enum Safetensors {
  private static let types: [(name: SafetensorsHeader.ElementType, type: DataType)] = [
    (.float64, .float64), (.float32, .float32), (.float16, .float16), (.bfloat16, .bfloat16), (.int64, .int64),
    (.int32, .int32), (.int16, .int16), (.int8, .int8), (.uint8, .uint8), (.bool, .bool),
  ]

  static func read(_ file: MappedFile) throws(CheckpointError) -> StateDictionary {
    let (header, dataStart) = try translated(try SafetensorsHeader.read(file.bytes))
    try translated(try header.checkPlaces(in: file.bytes.count - dataStart))
    var entries: [(String, Tensor)] = []
    for entry in header.entries {
      guard let type = types.first(where: { $0.name == entry.type })?.type else {
        throw CheckpointError(
          .unsupported, "\(entry.name) has elements of type \(entry.type.rawValue), which Swiftlet does not use")
      }
      let range = dataStart + entry.place.lowerBound..<dataStart + entry.place.upperBound
      entries.append((entry.name, file.tensor(range, shape: entry.shape, strides: nil, dataType: type)))
    }
    return StateDictionary(entries, metadata: header.metadata)
  }

  static func write(_ state: StateDictionary, to file: AtomicFile) throws(CheckpointError) {
    // Wide elements first, so that every tensor lies where its type may lie. The header keeps the given order.
    let order = state.indices.sorted {
      let (a, b) = (state[$0].tensor.dataType.byteCount, state[$1].tensor.dataType.byteCount)
      return a == b ? $0 < $1 : a > b
    }
    var places = [Range<Int>](repeating: 0..<0, count: state.count)
    var end = 0
    for index in order {
      places[index] = end..<end + state[index].tensor.byteCount
      end = places[index].upperBound
    }
    var header = SafetensorsHeader(metadata: state.metadata)
    for (index, entry) in state.enumerated() {
      guard let type = types.first(where: { $0.type == entry.tensor.dataType })?.name else {
        throw CheckpointError(.unsupported, "elements of type \(entry.tensor.dataType) have no name in this format")
      }
      header.entries.append(.init(name: entry.name, type: type, shape: entry.tensor.shape, place: places[index]))
    }
    do throws(FileError) {
      try file.write(header.encoded())
      for index in order { try file.write(state[index].tensor) }
    } catch {
      throw CheckpointError(error)
    }
  }
}
