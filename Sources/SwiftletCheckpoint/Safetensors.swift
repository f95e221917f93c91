import SwiftletFiles
import SwiftletTensor

/// Tensors in a safetensors file.
enum Safetensors {
  static func read(_ file: MappedFile) throws(CheckpointError) -> StateDictionary {
    let (header, dataStart) = try translated(try SafetensorsHeader.read(file.bytes))
    try translated(try header.checkPlaces(in: file.bytes.count - dataStart))
    var entries: [(String, Tensor)] = []
    for entry in header.entries {
      guard let type = DataType.allCases.first(where: { SafetensorsHeader.ElementType($0) == entry.type }) else {
        throw CheckpointError(
          .unsupported, "\(entry.name) has elements of type \(entry.type.rawValue), which Swiftlet does not use")
      }
      let range = dataStart + entry.place.lowerBound..<dataStart + entry.place.upperBound
      entries.append((entry.name, file.tensor(range, shape: entry.shape, strides: nil, dataType: type)))
    }
    return StateDictionary(entries, metadata: header.metadata)
  }

  static func write(_ state: StateDictionary, to file: AtomicFile) throws(CheckpointError) {
    let (header, order) = SafetensorsHeader.packed(
      state.map { ($0.name, SafetensorsHeader.ElementType($0.tensor.dataType), $0.tensor.shape) },
      metadata: state.metadata)
    do throws(FileError) {
      try file.write(header.encoded())
      for index in order { try file.write(state[index].tensor) }
    } catch {
      throw CheckpointError(error)
    }
  }
}

extension SafetensorsHeader.ElementType {
  /// The format's name of a tensor's elements.
  package init(_ type: DataType) {
    self =
      switch type {
      case .float64: .float64
      case .float32: .float32
      case .float16: .float16
      case .bfloat16: .bfloat16
      case .int64: .int64
      case .int32: .int32
      case .int16: .int16
      case .int8: .int8
      case .uint8: .uint8
      case .bool: .bool
      }
  }
}
