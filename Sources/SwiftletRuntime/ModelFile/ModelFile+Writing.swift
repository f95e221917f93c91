import SwiftletFiles

extension ModelFile {
  /// Zero bytes between tensors are tensors of their own, as safetensors allows no holes.
  static let paddingPrefix = "padding."

  /// Writes a model; the file that was there before stays whole until the new one is durable.
  public static func write(_ graph: Graph, constants: [EncodedConstant], to url: URL) throws(ModelFileError) {
    try write(chunks(graph, constants: constants, path: url.path), to: url.path)
  }

  /// Writes this model's bytes.
  public func write(to url: URL) throws(ModelFileError) {
    try Self.write([Array(content.bytes)], to: url.path)
  }

  /// - Parameter systemWrite: tests put a full disk here.
  static func write(
    _ chunks: [[UInt8]], to path: String, using systemWrite: @escaping AtomicFile.SystemWrite = AtomicFile.systemWrite
  ) throws(ModelFileError) {
    do throws(FileError) {
      let file = try AtomicFile(replacing: path, using: systemWrite)
      for chunk in chunks { try file.write(chunk) }
      try file.commit()
    } catch {
      throw ModelFileError(error, at: path)
    }
  }

  /// The bytes of a model file.
  public static func encoded(_ graph: Graph, constants: [EncodedConstant]) throws(ModelFileError) -> [UInt8] {
    Array(try chunks(graph, constants: constants, path: "the model in memory").joined())
  }

  private static func chunks(
    _ graph: Graph, constants: [EncodedConstant], path: String
  ) throws(ModelFileError) -> [[UInt8]] {
    var header = SafetensorsHeader(metadata: [MetadataKey.format: formatName])
    var names: Set<String> = []
    var chunks: [[UInt8]] = []
    var offset = 0
    func place(_ name: String, _ type: Graph.ElementType, _ shape: [Int], _ bytes: [UInt8]) {
      header.entries.append(
        .init(name: name, type: type.safetensorsType, shape: shape, place: offset..<offset + bytes.count))
      chunks.append(bytes)
      offset += bytes.count
    }
    guard
      graph.constants.sorted(by: { $0.name < $1.name }) == constants.map(\.constant).sorted(by: { $0.name < $1.name })
    else {
      throw .graph(path: path, .invalid(part: "constants", reason: "they are not those that the weights are given for"))
    }
    for constant in constants {
      for (tensor, bytes) in zip(constant.constant.storedTensors, constant.bytes) {
        let padding = -offset & (alignment - 1)
        if padding > 0 {
          place("\(paddingPrefix)\(chunks.count)", .uint8, [padding], [UInt8](repeating: 0, count: padding))
        }
        guard names.insert(tensor.name).inserted else {
          throw .graph(path: path, .invalid(part: tensor.name, reason: "two tensors would have this name"))
        }
        place(tensor.name, tensor.type, tensor.shape, bytes)
      }
    }

    let json: [UInt8]
    do { json = try graph.json() } catch { throw .graph(path: path, error) }
    header.metadata[MetadataKey.graph] = String(decoding: json, as: UTF8.self)
    header.metadata[MetadataKey.graphChecksum] = checksum(of: json)
    var crc: UInt32 = 0
    for chunk in chunks { crc = chunk.withUnsafeBytes { Checksum.crc32c($0, continuing: crc) } }
    let text = String(crc, radix: 16)
    header.metadata[MetadataKey.dataChecksum] = String(repeating: "0", count: 8 - text.count) + text

    let head: [UInt8]
    do { head = try header.encoded(alignment: alignment) } catch {
      throw .graph(path: path, .unreadable("it cannot be written: \(error)"))
    }
    return [head] + chunks
  }
}
