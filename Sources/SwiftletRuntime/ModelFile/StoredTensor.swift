import SwiftletFiles

/// One entry of the container's table: the name, type and shape of a run of bytes.
struct StoredTensor: Hashable, Sendable {
  var name: String
  var type: Graph.ElementType
  var shape: [Int]

  /// The shape of a validated constant cannot overflow here: its elements are below 2^40.
  var byteCount: Int { shape.reduce(type.byteCount, *) }
}

extension Graph.ElementType {
  /// The type in a safetensors header.
  var safetensorsType: SafetensorsHeader.ElementType {
    switch self {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .float16: .float16
    case .uint8, .uint4: .uint8
    case .int8: .int8
    case .int64: .int64
    }
  }
}

extension Graph.Constant {
  /// The tensors that hold this constant: `NAME` with the elements, `NAME.indices`, `NAME.scales`, `NAME.offsets`.
  var storedTensors: [StoredTensor] {
    var tensors: [StoredTensor] = []
    switch encoding {
    case .dense(let type): tensors.append(StoredTensor(name: name, type: type, shape: shape))
    case .sparse(let pattern, let type):
      let (rows, kept) = (shape[0], pattern.keptCount(in: shape[1]))
      tensors.append(StoredTensor(name: name, type: type, shape: [rows, kept]))
      if !pattern.isDense {
        let bytes = BitPacking.byteCount(of: rows * kept, bits: pattern.indexBits)
        tensors.append(StoredTensor(name: "\(name).indices", type: .uint8, shape: [bytes]))
      }
    case .grouped(let size):
      tensors.append(StoredTensor(name: name, type: .uint8, shape: [shape[0], shape[1] / 2]))
      for part in ["scales", "offsets"] {
        tensors.append(StoredTensor(name: "\(name).\(part)", type: .float16, shape: [shape[0], shape[1] / size]))
      }
    }
    if encoding.type == .int8 {
      tensors.append(StoredTensor(name: "\(name).scales", type: .float32, shape: [shape[0]]))
    }
    return tensors
  }

  /// Bytes of this constant in a model file, scales included, alignment between tensors excluded.
  public var byteCount: Int { storedTensors.reduce(0) { $0 + $1.byteCount } }
}
