import SwiftletFiles
import SwiftletTensor

/// Writes what Python's `torch.load` reads with its defaults: a dictionary of tensors, in a zip file.
///
/// Tensors that share all their memory are stored once, and share it in Python too.
struct TorchFileWriter {
  /// A member beside PyTorch's own, which PyTorch does not look at.
  static let metadataMember = "swiftlet.json"

  private static let storageTypes: [DataType: String] = [
    .float32: "FloatStorage", .float64: "DoubleStorage", .float16: "HalfStorage", .bfloat16: "BFloat16Storage",
    .int64: "LongStorage", .int32: "IntStorage", .int16: "ShortStorage", .int8: "CharStorage", .uint8: "ByteStorage",
    .bool: "BoolStorage",
  ]

  static func write(_ state: StateDictionary, to file: AtomicFile, alwaysZip64: Bool = false) throws(CheckpointError) {
    var keys: [Memory: Int] = [:]
    var stored: [Tensor] = []
    var pickle = PickleWriter()
    pickle.beginDictionary()
    for (name, tensor) in state {
      guard let type = storageTypes[tensor.dataType] else {
        throw CheckpointError(
          .unsupported, "\(name) has elements of type \(tensor.dataType), which PyTorch does not store")
      }
      let memory = Memory(of: tensor)
      let key = memory.flatMap { keys[$0] } ?? stored.count
      if key == stored.count { stored.append(tensor) }
      if let memory { keys[memory] = key }
      pickle.string(name)
      pickle.tensor(storage: "\(key)", type: type, shape: tensor.shape)
    }
    pickle.endDictionary()

    var zip = ZipWriter(file, alwaysZip64: alwaysZip64)
    do throws(FileError) {
      try zip.add("archive/data.pkl", pickle.finished())
      try zip.add("archive/byteorder", Array("little".utf8))
      for (key, tensor) in stored.enumerated() {
        try withElements(of: tensor) { (raw) throws(FileError) in try zip.add("archive/data/\(key)", raw) }
      }
      if !state.metadata.isEmpty {
        try zip.add("archive/\(metadataMember)", Array(SafetensorsHeader.json(state.metadata).utf8))
      }
      try zip.add("archive/version", Array("3\n".utf8))
      try zip.finish()
    } catch {
      throw CheckpointError(error)
    }
  }
}

/// Where a tensor's elements lie, if that can be told and they are all there is to store.
private struct Memory: Hashable {
  let address: UnsafeRawPointer
  let byteCount: Int
  let dataType: DataType

  init?(of tensor: Tensor) {
    guard tensor.device == .cpu, tensor.isContiguous, let address = tensor.withBytes({ $0.baseAddress }) else {
      return nil
    }
    (self.address, byteCount, dataType) = (address, tensor.byteCount, tensor.dataType)
  }
}

/// The few pickle instructions (protocol 2) that a dictionary of tensors needs.
private struct PickleWriter {
  private var bytes: [UInt8] = [0x80, 2]  // PROTO 2

  mutating func beginDictionary() { bytes += [0x7d, 0x28] }  // EMPTY_DICT MARK
  mutating func endDictionary() { bytes.append(0x75) }  // SETITEMS
  func finished() -> [UInt8] { bytes + [0x2e] }  // STOP

  mutating func string(_ text: String) {
    bytes.append(0x58)  // BINUNICODE
    append(UInt32(text.utf8.count))
    bytes += Array(text.utf8)
  }

  mutating func integer(_ value: Int) {
    if let small = Int32(exactly: value) {
      bytes.append(0x4a)  // BININT
      append(small)
    } else {
      bytes += [0x8a, 8]  // LONG1
      append(Int64(value))
    }
  }

  mutating func tuple(_ values: [Int]) {
    bytes.append(0x28)  // MARK
    for value in values { integer(value) }
    bytes.append(0x74)  // TUPLE
  }

  private mutating func global(_ module: String, _ name: String) {
    bytes.append(0x63)  // GLOBAL
    bytes += Array("\(module)\n\(name)\n".utf8)
  }

  /// `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`
  mutating func tensor(storage: String, type: String, shape: [Int]) {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * Swift.max(1, shape[axis + 1])
    }
    global("torch._utils", "_rebuild_tensor_v2")
    bytes += [0x28, 0x28]  // MARK MARK
    string("storage")
    global("torch", type)
    string(storage)
    string("cpu")
    integer(shape.reduce(1, *))
    bytes += [0x74, 0x51]  // TUPLE BINPERSID
    integer(0)
    tuple(shape)
    tuple(strides)
    bytes.append(0x89)  // NEWFALSE
    global("collections", "OrderedDict")
    bytes += [0x29, 0x52, 0x74, 0x52]  // EMPTY_TUPLE REDUCE TUPLE REDUCE
  }

  private mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
}
