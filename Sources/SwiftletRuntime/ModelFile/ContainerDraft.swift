import SwiftletFiles

/// A container about to be written, as a stream: where everything lies follows from sizes alone, so the header comes first,
/// and the bytes of a constant are asked for when it is their turn and let go of when they are written.
///
/// The checksum of the data, which the header holds, is known last and written over zeros.
package struct ContainerDraft {
  private enum Part {
    case bytes([UInt8])
    case constant(EncodedConstant)
  }

  private let path: String
  private var header: SafetensorsHeader
  private var parts: [Part] = []
  private var names: Set<String> = [ModelContainer.tokenizerName]
  private var byteCount = 0

  /// - Parameter path: stands for the file in messages.
  package init(
    programs: [ModelContainer.Program], constants: [EncodedConstant], tokenizer: [UInt8]?, path: String
  ) throws(ModelFileError) {
    self.path = path
    header = SafetensorsHeader(metadata: [ModelContainer.MetadataKey.format: ModelContainer.formatName])
    for program in programs {
      let key = ModelContainer.MetadataKey.program(program.kind)
      precondition(
        ModelContainer.isKind(program.kind) && header.metadata[key] == nil,
        "ContainerDraft: \(program.kind) is no kind of program, or there twice")
      header.metadata[key] = String(decoding: program.json, as: UTF8.self)
      header.metadata[ModelContainer.MetadataKey.checksum(of: key)] = ModelContainer.checksum(of: program.json)
    }
    if let tokenizer {
      place(ModelContainer.tokenizerName, .uint8, [tokenizer.count], tokenizer.count)
      parts.append(.bytes(tokenizer))
    }
    for constant in constants {
      for tensor in constant.constant.storedTensors {
        guard names.insert(tensor.name).inserted else {
          throw .graph(path: path, .invalid(part: tensor.name, reason: "two tensors would have this name"))
        }
        place(tensor.name, tensor.type.safetensorsType, tensor.shape, tensor.byteCount)
      }
      parts.append(.constant(constant))
    }
  }

  private mutating func place(_ name: String, _ type: SafetensorsHeader.ElementType, _ shape: [Int], _ count: Int) {
    let padding = Self.padding(after: byteCount)
    if padding > 0 {
      header.entries.append(
        .init(
          name: "\(ModelContainer.paddingPrefix)\(header.entries.count)", type: .uint8, shape: [padding],
          place: byteCount..<byteCount + padding))
      byteCount += padding
    }
    header.entries.append(.init(name: name, type: type, shape: shape, place: byteCount..<byteCount + count))
    byteCount += count
  }

  /// Zeros between the end of a tensor and the next one.
  private static func padding(after byteCount: Int) -> Int { -byteCount & (ModelContainer.alignment - 1) }

  /// The bytes in front of the data: as many, whatever the checksum of the data is.
  private func head(dataChecksum: UInt32 = 0) throws(ModelFileError) -> [UInt8] {
    var header = header
    header.metadata[ModelContainer.MetadataKey.checksum(of: ModelContainer.MetadataKey.data)] =
      Checksum.text(dataChecksum)
    do { return try header.encoded(alignment: ModelContainer.alignment) } catch {
      throw .graph(path: path, .unreadable("it cannot be written: \(error)"))
    }
  }

  /// Hands out the data, and returns its checksum.
  private func stream(
    into write: (UnsafeRawBufferPointer) throws(ModelFileError) -> Void
  ) throws(ModelFileError) -> UInt32 {
    var (sum, written): (UInt32, Int) = (0, 0)
    func put(_ bytes: [UInt8]) throws(ModelFileError) {
      try bytes.withUnsafeBufferPointer { (buffer) throws(ModelFileError) in
        sum = Checksum.crc32c(UnsafeRawBufferPointer(buffer), continuing: sum)
        try write(UnsafeRawBufferPointer(buffer))
      }
      written += bytes.count
    }
    for part in parts {
      let tensors: [[UInt8]]
      switch part {
      case .bytes(let bytes): tensors = [bytes]
      case .constant(let constant):
        do throws(ConstantError) { tensors = try constant.bytes } catch { throw .constant(path: path, error) }
      }
      for bytes in tensors {
        try put([UInt8](repeating: 0, count: Self.padding(after: written)))
        try put(bytes)
      }
    }
    return sum
  }

  /// The file in memory.
  func content() throws(ModelFileError) -> MappedFile {
    let start = try head().count
    let file = MappedFile(byteCount: start + byteCount)
    var rest = file.writableBytes[start...]
    let sum = try stream { bytes in
      UnsafeMutableRawBufferPointer(rebasing: rest).copyMemory(from: bytes)
      rest = rest.dropFirst(bytes.count)
    }
    file.writableBytes.copyBytes(from: try head(dataChecksum: sum))
    return file
  }

  /// Writes the file; the one that was there before stays whole until this one is durable.
  ///
  /// - Parameter systemWrite: tests put a full disk here.
  package func write(using systemWrite: @escaping AtomicFile.SystemWrite = AtomicFile.systemWrite)
    throws(ModelFileError)
  {
    func put<Result>(_ body: () throws(FileError) -> Result) throws(ModelFileError) -> Result {
      do { return try body() } catch { throw ModelFileError(error, at: path) }
    }
    let head = try head()
    let file = try put { () throws(FileError) in try AtomicFile(replacing: path, using: systemWrite) }
    try put { () throws(FileError) in try file.write(head) }
    let sum = try stream { (bytes) throws(ModelFileError) in
      try put { () throws(FileError) in try file.write(bytes) }
    }
    let signed = try self.head(dataChecksum: sum)
    try put { () throws(FileError) in
      try file.rewriteStart(signed)
      try file.commit()
    }
  }
}
