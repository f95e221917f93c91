import SwiftletFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ModelFile {
  /// Reads the length and the JSON header, and says where the data starts.
  static func header(
    of buffer: UnsafeRawBufferPointer, path: String
  ) throws(ModelFileError) -> (ContainerHeader, dataStart: Int) {
    guard buffer.count >= 10 else {
      throw .notAModel(path: path, reason: "\(buffer.count) bytes are too few for a header")
    }
    let length = buffer.loadUnaligned(as: UInt64.self)
    guard buffer[8] == UInt8(ascii: "{"), length <= UInt64(headerLimit) else {
      throw .notAModel(path: path, reason: "it does not start with a safetensors header")
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= buffer.count else {
      throw .damaged(path: path, reason: "the header has \(length) bytes, the whole file \(buffer.count)")
    }
    guard dataStart % alignment == 0 else {
      throw .damaged(path: path, reason: "the data starts at byte \(dataStart), which \(alignment) does not divide")
    }
    do {
      let json = Data(UnsafeRawBufferPointer(rebasing: buffer[8..<dataStart]))
      return (try JSONDecoder().decode(ContainerHeader.self, from: json), dataStart)
    } catch {
      let sentence = (error as? DecodingError)?.sentence ?? "\(error)"
      throw .damaged(path: path, reason: "its header cannot be read: \(sentence)")
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

  /// Checks the table: it holds the graph's tensors and zero padding, and covers the data without gap or overlap.
  static func checkedRanges(
    _ entries: [String: ContainerHeader.Entry], _ graph: Graph, dataStart: Int, bytes: UnsafeRawBufferPointer,
    path: String
  ) throws(ModelFileError) -> [String: Range<Int>] {
    var next = 0
    let dataCount = bytes.count - dataStart
    let inOrder = entries.sorted {
      ($0.value.offsets.lowerBound, $0.value.offsets.upperBound, $0.key)
        < ($1.value.offsets.lowerBound, $1.value.offsets.upperBound, $1.key)
    }
    for (name, entry) in inOrder {
      guard entry.offsets.lowerBound == next, entry.offsets.upperBound <= dataCount else {
        throw .damaged(
          path: path, reason: "\(name) lies at \(entry.offsets) of \(dataCount) bytes of data, expected it at \(next)")
      }
      next = entry.offsets.upperBound
    }
    guard next == dataCount else {
      throw .damaged(path: path, reason: "the tensors fill \(next) bytes, the file has \(dataCount)")
    }

    var rest = entries
    var ranges: [String: Range<Int>] = [:]
    for tensor in graph.constants.flatMap(\.storedTensors) {
      guard let entry = rest.removeValue(forKey: tensor.name) else {
        throw .damaged(path: path, reason: "the tensor \(tensor.name) is missing")
      }
      guard entry.type == tensor.type.safetensorsName, entry.shape == tensor.shape,
        entry.offsets.count == tensor.byteCount
      else {
        throw .damaged(
          path: path,
          reason: "\(tensor.name) is \(entry.type) \(entry.shape) in \(entry.offsets.count) bytes, the graph expects "
            + "\(tensor.type.safetensorsName) \(tensor.shape) in \(tensor.byteCount)")
      }
      guard entry.offsets.lowerBound % alignment == 0 else {
        throw .damaged(path: path, reason: "\(tensor.name) does not start at a multiple of \(alignment) bytes")
      }
      ranges[tensor.name] = entry.offsets.lowerBound + dataStart..<entry.offsets.upperBound + dataStart
    }
    for (name, entry) in rest {
      guard name.hasPrefix(paddingPrefix), entry.type == "U8", entry.shape == [entry.offsets.count],
        entry.offsets.count < alignment,
        bytes[entry.offsets.lowerBound + dataStart..<entry.offsets.upperBound + dataStart].allSatisfy({ $0 == 0 }
        )
      else { throw .damaged(path: path, reason: "the graph does not know the tensor \(name)") }
    }
    return ranges
  }

  /// Checks the numbers that a kernel would trust: indices and scales.
  func check(_ constant: Graph.Constant) throws(ModelFileError) {
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
