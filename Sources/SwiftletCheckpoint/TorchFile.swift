import SwiftletFiles
import SwiftletTensor

/// Reads what `torch.save` writes: the zip format of PyTorch 1.6 and later, and the format before it.
struct TorchFile {
  private let file: MappedFile
  private let table: PickleTable
  private let root: Int
  /// Where each storage lies.
  private let storages: (String) throws(CheckpointError) -> Range<Int>?
  private(set) var metadata: [String: String] = [:]

  static func isZip(_ file: MappedFile) -> Bool { file.bytes.starts(with: [0x50, 0x4b, 0x03, 0x04]) }
  /// A pickle's first instruction is its protocol.
  static func isLegacy(_ file: MappedFile) -> Bool {
    file.bytes.count > 2 && file.bytes[0] == 0x80 && file.bytes[1] <= 5
  }

  init(zip file: MappedFile) throws(CheckpointError) {
    let archive = try translated(try ZipArchive(file))
    let names = archive.members.lazy.map(\.name)
    guard let name = names.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }),
      let pickle = try Self.range(of: name, in: archive, isChecked: true)
    else { throw CheckpointError(.unknownFormat, "is a zip file without data.pkl, so not one of PyTorch's") }
    let folder = String(name.dropLast("data.pkl".count))
    if let order = try Self.range(of: folder + "byteorder", in: archive),
      !file.bytes[order].elementsEqual("little".utf8)
    {
      throw CheckpointError(.unsupported, "was written on a big-endian machine")
    }
    if let extra = try Self.range(of: folder + TorchFileWriter.metadataMember, in: archive) {
      let members = try JSONValue.checkpointMembers(of: UnsafeRawBufferPointer(rebasing: file.bytes[extra]))
      metadata = try translated(try JSONValue.texts(members))
    }
    var machine = PickleMachine(ByteCursor(file.bytes, pickle))
    root = try machine.run()
    table = machine.table
    self.file = file
    storages = { (key) throws(CheckpointError) in try Self.range(of: folder + "data/" + key, in: archive) }
  }

  /// Where a member's content lies, or nil where there is none of this name.
  private static func range(
    of name: String, in archive: ZipArchive, isChecked: Bool = false
  ) throws(CheckpointError) -> Range<Int>? {
    guard let member = archive[name] else { return nil }
    guard member.isStored else {
      throw CheckpointError(
        .unsupported, "its member \(name) is compressed, PyTorch stores members as they are; unpack and zip with -0")
    }
    return try translated(isChecked ? try archive.checkedPlace(of: member) : try archive.place(of: member))
  }

  /// Five pickles (magic number, protocol, system, the value, the storages' keys), then each storage: count and elements.
  init(legacy file: MappedFile) throws(CheckpointError) {
    var machine = PickleMachine(ByteCursor(file.bytes, 0..<file.bytes.count))
    let magic = try machine.run()
    guard case .bigInteger([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]) = machine.table.entries[magic]
    else { throw CheckpointError(.unknownFormat, "is a pickle, but not one that torch.save wrote") }
    let version = try machine.run()
    guard case .int(1001) = machine.table.entries[version] else {
      throw CheckpointError(.unsupported, "is in a format of PyTorch that Swiftlet does not know")
    }
    _ = try machine.run()
    root = try machine.run()
    let keys = try machine.run()
    table = machine.table
    guard case .list(let keys) = table.entries[keys] else {
      throw CheckpointError(.damaged, "is damaged: its list of storages is no list")
    }
    var widths: [String: Int] = [:]
    for case .storage(let storage) in table.entries {
      widths[storage.key] = try Self.dataType(of: storage).byteCount
    }
    var places: [String: Range<Int>] = [:]
    var cursor = ByteCursor(file.bytes, machine.position..<file.bytes.count)
    for key in keys {
      guard case .string(let key) = table.entries[key], let width = widths[key], places[key] == nil else {
        throw CheckpointError(.damaged, "is damaged: its list of storages does not fit its tensors")
      }
      let count = try cursor.length(UInt64.self)
      let (byteCount, overflow) = count.multipliedReportingOverflow(by: width)
      places[key] = try cursor.take(overflow ? Int.max : byteCount)
    }
    self.file = file
    storages = { [places] (key) throws(CheckpointError) in places[key] }
  }

  // MARK: From the table to values

  /// Everything the file holds.
  func value() throws(CheckpointError) -> PickleValue {
    var builder = Builder(file: self)
    return try builder.value(root, depth: 0)
  }

  private struct Builder {
    let file: TorchFile
    var tensors: [Int: Tensor] = [:]
    var made = 0
    /// A checkpoint nests a handful of levels; freeing a value recurses, so that the depth must be bounded.
    static let depthLimit = 100

    mutating func value(_ index: Int, depth: Int) throws(CheckpointError) -> PickleValue {
      made += 1
      guard depth <= Self.depthLimit else {
        throw CheckpointError(.damaged, "is damaged: its values nest more than \(Self.depthLimit) deep")
      }
      guard made <= PickleTable.limit else {
        throw CheckpointError(.damaged, "is damaged: it unfolds to more than \(PickleTable.limit) values")
      }
      switch file.table.entries[index] {
      case .none: return .none
      case .bool(let value): return .bool(value)
      case .int(let value): return .int(value)
      case .bigInteger(let value): return .bigInteger(value)
      case .double(let value): return .double(value)
      case .string(let value): return .string(value)
      case .bytes(let value): return .bytes(value)
      case .global(let name): return .global(name)
      case .list(let items): return .list(try values(items, depth))
      case .tuple(let items): return .tuple(try values(items, depth))
      case .dictionary(let entries):
        var result: [(key: PickleValue, value: PickleValue)] = []
        result.reserveCapacity(entries.count)
        for entry in entries {
          result.append((try value(entry.key, depth: depth + 1), try value(entry.value, depth: depth + 1)))
        }
        return .dictionary(result)
      case .object(let name, let arguments, let state):
        var stateValue: PickleValue?
        if let state { stateValue = try value(state, depth: depth + 1) }
        return .object(name, arguments: try values(arguments, depth), state: stateValue)
      case .storage(let storage):
        return .object("torch.storage", arguments: [.string(storage.key), .int(storage.count)], state: nil)
      case .tensor(let description):
        if let made = tensors[index] { return .tensor(made) }
        let made = try file.tensor(description)
        tensors[index] = made
        return .tensor(made)
      }
    }

    private mutating func values(_ items: [Int], _ depth: Int) throws(CheckpointError) -> [PickleValue] {
      var result: [PickleValue] = []
      result.reserveCapacity(items.count)
      for item in items { result.append(try value(item, depth: depth + 1)) }
      return result
    }
  }

  // MARK: Tensors

  private static let types: [String: DataType] = [
    "FloatStorage": .float32, "DoubleStorage": .float64, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
    "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
    "BoolStorage": .bool, "UntypedStorage": .uint8,
    // Names of element types, in records of the third kind.
    "float32": .float32, "float64": .float64, "float16": .float16, "bfloat16": .bfloat16, "int64": .int64,
    "int32": .int32, "int16": .int16, "int8": .int8, "uint8": .uint8, "bool": .bool,
  ]

  private static func dataType(of storage: PickleStorage) throws(CheckpointError) -> DataType {
    guard let type = types[storage.type] else {
      throw CheckpointError(
        .unsupported, "its storage \(storage.key) has elements of type \(storage.type), which Swiftlet does not use")
    }
    return type
  }

  /// Elements that a tensor may repeat by overlapping itself. More would turn a small file into a large allocation.
  private static let repeatLimit = 1 << 20

  private func tensor(_ description: PickleTensor) throws(CheckpointError) -> Tensor {
    let type = try Self.dataType(of: description.storage)
    let key = description.storage.key
    guard let place = try storages(key) else {
      throw CheckpointError(.damaged, "is damaged: storage \(key) is missing")
    }
    func outside() -> CheckpointError {
      CheckpointError(
        .damaged,
        "is damaged: a tensor of shape \(description.shape), strides \(description.strides) and offset "
          + "\(description.offset) does not fit storage \(key) of \(place.count) bytes")
    }
    guard description.shape.count <= 64 else {
      throw CheckpointError(.damaged, "is damaged: a tensor has \(description.shape.count) axes")
    }
    var (count, last) = (1, 0)
    for (extent, stride) in zip(description.shape, description.strides) {
      guard extent >= 0, stride >= 0 else { throw outside() }
      let (product, tooMany) = count.multipliedReportingOverflow(by: extent)
      let (reach, tooFar) = max(0, extent - 1).multipliedReportingOverflow(by: stride)
      let (sum, beyond) = last.addingReportingOverflow(reach)
      guard !tooMany, !tooFar, !beyond else { throw outside() }
      (count, last) = (product, sum)
    }
    guard description.offset >= 0, count <= Int.max / type.byteCount else { throw outside() }
    if count == 0 { return Tensor.empty(description.shape, dataType: type) }
    let held = place.count / type.byteCount
    guard description.offset < held, last < held - description.offset else { throw outside() }
    guard count <= max(held, Self.repeatLimit) else {
      throw CheckpointError(
        .damaged, "is damaged: a tensor of shape \(description.shape) repeats the \(held) elements of storage \(key)")
    }
    let start = place.lowerBound + description.offset * type.byteCount
    return file.tensor(
      start..<start + (last + 1) * type.byteCount, shape: description.shape, strides: description.strides,
      dataType: type)
  }
}
