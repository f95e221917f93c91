import SwiftletFiles

extension ModelFile {
  /// Reads the header, and says where the data starts.
  static func header(
    of buffer: UnsafeRawBufferPointer, path: String
  ) throws(ModelFileError) -> (SafetensorsHeader, dataStart: Int) {
    guard buffer.count >= 10 else {
      throw .notAModel(path: path, reason: "\(buffer.count) bytes are too few for a header")
    }
    guard SafetensorsHeader.begins(buffer) else {
      throw .notAModel(path: path, reason: "it does not start with a safetensors header")
    }
    let (header, dataStart) = try container(path) { () throws(FileError) in try SafetensorsHeader.read(buffer) }
    guard dataStart % alignment == 0 else {
      throw .damaged(path: path, reason: "the data starts at byte \(dataStart), which \(alignment) does not divide")
    }
    return (header, dataStart)
  }

  /// What is wrong with the container, as a model file's error.
  static func container<Result>(
    _ path: String, _ body: () throws(FileError) -> Result
  ) throws(ModelFileError) -> Result {
    do { return try body() } catch {
      switch error {
      case .damaged(let reason), .truncated(let reason), .unsupported(let reason):
        throw .damaged(path: path, reason: reason)
      default: throw ModelFileError(error, at: path)
      }
    }
  }

  /// The graph that the metadata holds, after its checksum.
  static func graph(in metadata: [String: String], path: String) throws(ModelFileError) -> Graph {
    guard metadata[MetadataKey.format] == formatName, let text = metadata[MetadataKey.graph] else {
      throw .notAModel(path: path, reason: "it is a safetensors file without a graph")
    }
    let known = [MetadataKey.format, MetadataKey.graph, MetadataKey.graphChecksum, MetadataKey.dataChecksum]
    if let unknown = metadata.keys.filter({ !known.contains($0) }).min() {
      throw .damaged(path: path, reason: "its header has an unknown key \"\(unknown)\"")
    }
    let json = Array(text.utf8)
    guard metadata[MetadataKey.graphChecksum] == checksum(of: json) else {
      throw .damaged(path: path, reason: "the graph does not match its checksum")
    }
    do {
      return try Graph(json: json)
    } catch {
      throw .graph(path: path, error)
    }
  }

  static func checkData(
    of bytes: UnsafeRawBufferPointer, from start: Int, _ metadata: [String: String], path: String
  ) throws(ModelFileError) {
    let data = UnsafeRawBufferPointer(rebasing: bytes[start...])
    guard metadata[MetadataKey.dataChecksum] == checksum(of: data) else {
      throw .damaged(path: path, reason: "the weights do not match their checksum")
    }
  }

  /// Checks the table: it covers the data, and holds the graph's tensors and zero padding.
  static func checkedRanges(
    _ header: SafetensorsHeader, _ graph: Graph, dataStart: Int, bytes: UnsafeRawBufferPointer, path: String
  ) throws(ModelFileError) -> [String: Range<Int>] {
    try container(path) { () throws(FileError) in try header.checkPlaces(in: bytes.count - dataStart) }
    var rest = Dictionary(header.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var ranges: [String: Range<Int>] = [:]
    for tensor in graph.constants.flatMap(\.storedTensors) {
      guard let entry = rest.removeValue(forKey: tensor.name) else {
        throw .damaged(path: path, reason: "the tensor \(tensor.name) is missing")
      }
      guard entry.type == tensor.type.safetensorsType, entry.shape == tensor.shape,
        entry.place.count == tensor.byteCount
      else {
        throw .damaged(
          path: path,
          reason: "\(tensor.name) is \(entry.type.rawValue) \(entry.shape) in \(entry.place.count) bytes, the graph "
            + "expects \(tensor.type.safetensorsType.rawValue) \(tensor.shape) in \(tensor.byteCount)")
      }
      guard entry.place.lowerBound % alignment == 0 else {
        throw .damaged(path: path, reason: "\(tensor.name) does not start at a multiple of \(alignment) bytes")
      }
      ranges[tensor.name] = entry.place.lowerBound + dataStart..<entry.place.upperBound + dataStart
    }
    for (name, entry) in rest {
      guard name.hasPrefix(paddingPrefix), entry.type == .uint8, entry.shape == [entry.place.count],
        entry.place.count < alignment,
        bytes[entry.place.lowerBound + dataStart..<entry.place.upperBound + dataStart].allSatisfy({ $0 == 0 })
      else { throw .damaged(path: path, reason: "the graph does not know the tensor \(name)") }
    }
    return ranges
  }

  /// Checks the numbers that a kernel would trust: indices, scales and offsets.
  func check(_ constant: Graph.Constant) throws(ModelFileError) {
    if case .grouped = constant.encoding {
      let scales = tensor("\(constant.name).scales").bindMemory(to: Float16.self)
      let offsets = tensor("\(constant.name).offsets").bindMemory(to: Float16.self)
      // A group of equal weights has a scale of 0.
      guard scales.allSatisfy({ $0.isFinite && $0 >= 0 }), offsets.allSatisfy(\.isFinite) else {
        throw .damaged(path: path, reason: "a scale of \(constant.name) is below 0, or one or an offset is no number")
      }
    }
    if constant.encoding.type == .int8 {
      let scales = tensor("\(constant.name).scales").bindMemory(to: Float.self)
      guard scales.allSatisfy({ $0.isNormal && $0 > 0 }) else {
        throw .damaged(path: path, reason: "a scale of \(constant.name) is not above 0")
      }
      // 0x80 is -128, which kernels that pair 8-bit products cannot hold.
      guard !tensor(constant.name).contains(0x80) else {
        throw .damaged(path: path, reason: "a weight of \(constant.name) is -128, expected -127...127")
      }
    }
    guard let pattern = constant.encoding.pattern, !pattern.isDense else { return }
    let indices = indices(of: constant, pattern)
    for start in stride(from: 0, to: indices.count, by: pattern.kept) {
      var last = -1
      for i in start..<start + pattern.kept {
        let index = Int(indices[i])
        guard index > last, index < pattern.group else {
          throw .damaged(
            path: path, reason: "an index of \(constant.name) is out of order or not below \(pattern.group)")
        }
        last = index
      }
    }
  }

  /// The place in its group of each kept weight, one byte each.
  func indices(of constant: Graph.Constant, _ pattern: SparsityPattern) -> [UInt8] {
    let count = constant.shape[0] * pattern.keptCount(in: constant.shape[1])
    return [UInt8](unsafeUninitializedCapacity: count) { values, initializedCount in
      BitPacking.unpack(
        tensor("\(constant.name).indices"), bits: pattern.indexBits,
        into: UnsafeMutableBufferPointer(rebasing: values[0..<count]))
      initializedCount = count
    }
  }

  static func checksum(of bytes: UnsafeRawBufferPointer) -> String {
    let text = String(Checksum.crc32c(bytes), radix: 16)
    return String(repeating: "0", count: 8 - text.count) + text
  }

  static func checksum(of bytes: [UInt8]) -> String { bytes.withUnsafeBytes { checksum(of: $0) } }
}
