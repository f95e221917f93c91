/// A GGUF file: values by key, and where each tensor lies.
///
/// Versions 2 and 3, little-endian, are read. Everything that the header says is checked against the file before it is
/// believed; elements are decoded when they are asked for.
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
public struct GGUFFile: Sendable {
  public struct Tensor: Hashable, Sendable {
    public let name: String
    /// The slowest axis first, as everywhere in this project; the file has them the other way round.
    public let shape: [Int]
    public let type: GGUFElementType
    /// Its bytes in the file.
    public let place: Range<Int>

    /// Elements that lie next to each other along the last axis: whole blocks.
    public var rowLength: Int { shape.last ?? 0 }
    public var rowCount: Int { shape.dropLast().reduce(1, *) }
    public var rowByteCount: Int { rowLength / type.blockSize * type.blockByteCount }
  }

  public let version: Int
  public let metadata: [String: GGUFValue]
  /// In the order of the header.
  public let tensors: [Tensor]
  private let file: MappedFile

  /// Whether the bytes begin as such a file does.
  public static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: "GGUF".utf8) }

  /// - Throws: `FileError` with one sentence for whatever the header says that cannot be.
  public init(_ file: MappedFile) throws(FileError) {
    guard Self.begins(file.bytes) else { throw .unsupported("is not a GGUF file: it does not begin with GGUF") }
    var cursor = GGUFCursor(file.bytes)
    _ = try cursor.integer(UInt32.self, "the signature")
    let version = try cursor.integer(UInt32.self, "the version")
    guard version == 2 || version == 3 else {
      throw .unsupported(
        version & 0xffff == 0 && version != 0
          ? "is a big-endian GGUF file, which is not read: convert it with gguf-convert-endian"
          : "is a GGUF file of version \(version), versions 2 and 3 are read")
    }
    // Name, number of axes, one axis, type and offset are the least of a tensor; key, type and a byte of a value.
    let tensorCount = try cursor.count(ofAtLeast: 8 + 4 + 8 + 4 + 8, "tensors")
    let keyCount = try cursor.count(ofAtLeast: 8 + 4 + 1, "keys")
    var metadata: [String: GGUFValue] = [:]
    for _ in 0..<keyCount {
      let key = try cursor.name("a key")
      let value = try cursor.value(of: key)
      guard metadata.updateValue(value, forKey: key) == nil else { throw .damaged("it has the key \(key) twice") }
    }
    let alignment = try Self.alignment(metadata)
    var announced: [Announced] = []
    announced.reserveCapacity(tensorCount)
    for _ in 0..<tensorCount { announced.append(try Announced(&cursor, alignment: alignment)) }
    let dataStart = (cursor.position + alignment - 1) & -alignment
    (self.version, self.metadata, self.file) = (Int(version), metadata, file)
    tensors = try Self.placed(announced, from: dataStart, in: file.bytes.count)
  }

  /// What every tensor's offset is a multiple of.
  private static func alignment(_ metadata: [String: GGUFValue]) throws(FileError) -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard case .integer(let alignment) = value, alignment >= 8, alignment <= 1 << 20, alignment.nonzeroBitCount == 1
    else { throw .damaged("its general.alignment is \(value.shown), expected a power of two from 8 to \(1 << 20)") }
    return alignment
  }

  /// The tensors at their places in the file, where no two overlap.
  private static func placed(
    _ announced: [Announced], from dataStart: Int, in byteCount: Int
  ) throws(FileError) -> [Tensor] {
    var tensors: [Tensor] = []
    tensors.reserveCapacity(announced.count)
    var names: Set<String> = []
    for tensor in announced {
      guard names.insert(tensor.name).inserted else { throw .damaged("it has the tensor \(tensor.name) twice") }
      let (start, pastStart) = dataStart.addingReportingOverflow(tensor.offset)
      let (end, pastEnd) = start.addingReportingOverflow(tensor.byteCount)
      guard !pastStart, !pastEnd, end <= byteCount else {
        throw .truncated(
          "\(tensor.name) takes \(tensor.byteCount) bytes at byte \(tensor.offset) of its data, which has "
            + "\(max(0, byteCount - dataStart))")
      }
      tensors.append(Tensor(name: tensor.name, shape: tensor.shape, type: tensor.type, place: start..<end))
    }
    let order = tensors.sorted { $0.place.lowerBound < $1.place.lowerBound }
    for (tensor, next) in zip(order, order.dropFirst()) where next.place.lowerBound < tensor.place.upperBound {
      throw .damaged("its tensors \(tensor.name) and \(next.name) overlap")
    }
    return tensors
  }

  /// What the header says of a tensor.
  private struct Announced {
    let name: String
    let shape: [Int]
    let type: GGUFElementType
    let offset, byteCount: Int

    init(_ cursor: inout GGUFCursor, alignment: Int) throws(FileError) {
      let name = try cursor.name("a tensor's name")
      let axes = try cursor.integer(UInt32.self, "the number of axes of \(name)")
      guard 1...4 ~= axes else { throw .damaged("its tensor \(name) has \(axes) axes, expected 1 to 4") }
      var extents: [UInt64] = []
      for _ in 0..<axes { extents.append(try cursor.integer(UInt64.self, "an extent of \(name)")) }
      let code = try cursor.integer(UInt32.self, "the type of \(name)")
      let offset = try cursor.integer(UInt64.self, "the offset of \(name)")
      guard let type = GGUFElementType(rawValue: code) else {
        guard let known = GGUFElementType.names[code] else {
          throw .damaged("its tensor \(name) has elements of type \(code), which there is not")
        }
        let read = GGUFElementType.allCases.map(\.name).joined(separator: ", ")
        throw .unsupported("its tensor \(name) has elements of type \(known), which is not read: \(read) are")
      }
      // Within this bound neither the elements nor their bits can pass the range of Int.
      guard let count = Self.product(extents) else {
        throw .damaged("its tensor \(name) has the impossible shape \(Array(extents.reversed()))")
      }
      shape = extents.reversed().map { Int($0) }
      guard let row = shape.last, row.isMultiple(of: type.blockSize) else {
        throw .damaged(
          "its tensor \(name) has rows of \(shape.last ?? 0) elements of type \(type.name), which come in blocks of "
            + "\(type.blockSize)")
      }
      guard let offset = Int(exactly: offset), offset.isMultiple(of: alignment) else {
        throw .damaged("its tensor \(name) lies at byte \(offset), which \(alignment) does not divide")
      }
      (self.name, self.type, self.offset) = (name, type, offset)
      byteCount = count / type.blockSize * type.blockByteCount
    }

    private static func product(_ extents: [UInt64]) -> Int? {
      var count: UInt64 = 1
      for extent in extents {
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        guard extent > 0, !overflow, product < 1 << 48 else { return nil }
        count = product
      }
      return Int(count)
    }
  }
}

extension GGUFFile {
  /// Decodes one row of a tensor.
  ///
  /// - Precondition: `tensor` is of this file, `row` one of its rows, and `elements` as long as a row.
  public func decode(_ tensor: Tensor, row: Int, into elements: UnsafeMutableBufferPointer<Float>) {
    let start = tensor.place.lowerBound + row * tensor.rowByteCount
    precondition(
      start >= tensor.place.lowerBound && start + tensor.rowByteCount <= tensor.place.upperBound,
      "GGUFFile.decode: \(tensor.name) has no row \(row)")
    tensor.type.decode(
      UnsafeRawBufferPointer(rebasing: file.bytes[start..<start + tensor.rowByteCount]), into: elements)
  }

  /// Gives back the memory of a tensor's pages; whoever decodes it again finds them loaded again.
  public func release(_ tensor: Tensor) { file.releasePages(tensor.place) }
}

extension GGUFValue {
  /// The value itself where it is short.
  fileprivate var shown: String {
    switch self {
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .flag(let flag): "\(flag)"
    default: kind
    }
  }
}
