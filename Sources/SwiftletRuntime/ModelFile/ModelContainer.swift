import SwiftletFiles

/// A safetensors file of programs and what they have in common: tensors, and perhaps a tokenizer.
///
/// Opening checks what holds whatever the programs are: the header, every checksum, that the tensors cover the data. What
/// a program says, and whether its tensors are there, is checked by who runs it, with ``places(of:for:)``.
package struct ModelContainer: Sendable {
  /// Something to run, in the JSON of its kind, such as `graph`.
  package struct Program: Hashable, Sendable {
    package let kind: String
    package let json: [UInt8]

    package init(kind: String, json: [UInt8]) { (self.kind, self.json) = (kind, json) }
  }

  /// One of each kind, sorted by kind.
  package let programs: [Program]
  /// The path it was opened from, or a word for a model in memory.
  package let path: String
  let content: MappedFile
  private let entries: [String: SafetensorsHeader.Entry]
  private let dataStart: Int
  /// The checksums of all programs and of the data, one behind the other: tells a file from others.
  package let identity: String

  /// Tensors start at multiples of this, counted from the start of the file.
  static let alignment = 64
  static let formatName = "swiftlet"
  /// Zero bytes between tensors are tensors of their own, as safetensors allows no holes.
  static let paddingPrefix = "padding."
  static let tokenizerName = "swiftlet.tokenizer"

  enum MetadataKey {
    static let format = "format"
    static let data = "swiftlet.data"
    static func program(_ kind: String) -> String { "swiftlet.\(kind)" }
    static func checksum(of key: String) -> String { "\(key).crc32c" }
  }

  /// Maps and checks a file.
  package init(contentsOf url: URL) throws(ModelFileError) {
    try self.init(Self.mapped(url), path: url.path)
  }

  /// One that has not been written, in memory.
  package init(_ draft: ContainerDraft) throws(ModelFileError) {
    try self.init(draft.content(), path: ModelFile.inMemory)
  }

  init(_ content: MappedFile, path: String) throws(ModelFileError) {
    (self.content, self.path) = (content, path)
    let (header, dataStart) = try Self.header(of: content.bytes, path: path)
    programs = try Self.programs(in: header.metadata, path: path)
    let checksum = Checksum.text(Self.checksum(of: content, from: dataStart))
    guard header.metadata[MetadataKey.checksum(of: MetadataKey.data)] == checksum else {
      throw .damaged(path: path, reason: "the weights do not match their checksum")
    }
    try Self.translated(path) { () throws(FileError) in try header.checkPlaces(in: content.bytes.count - dataStart) }
    identity = header.metadata.filter { $0.key.hasSuffix(MetadataKey.checksum(of: "")) }.sorted { $0.key < $1.key }
      .map(\.value).joined(separator: "-")
    entries = Dictionary(header.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.dataStart = dataStart
    if let tokenizer = entries[Self.tokenizerName] {
      guard tokenizer.type == .uint8, tokenizer.shape.count == 1 else {
        throw .damaged(path: path, reason: "the tokenizer is no row of bytes")
      }
    }
  }

  /// The size of the whole file.
  package var byteCount: Int { content.bytes.count }

  /// Writes the bytes; the file that was there before stays whole until the new one is durable.
  package func write(to url: URL) throws(ModelFileError) {
    do throws(FileError) {
      let file = try AtomicFile(replacing: url.path)
      try file.write(content.bytes)
      try file.commit()
    } catch {
      throw ModelFileError(error, at: url.path)
    }
  }

  /// The kinds of the programs in a file, of which the header alone is read and checked.
  package static func kinds(inFileAt url: URL) throws(ModelFileError) -> [String] {
    let content = try mapped(url)
    return try programs(in: header(of: content.bytes, path: url.path).0.metadata, path: url.path).map(\.kind)
  }

  private static func mapped(_ url: URL) throws(ModelFileError) -> MappedFile {
    let content: MappedFile
    do throws(FileError) { content = try MappedFile(path: url.path) } catch {
      throw ModelFileError(error, at: url.path)
    }
    guard !content.bytes.isEmpty else { throw .notAModel(path: url.path, reason: "it is empty") }
    return content
  }

  /// The program of a kind.
  package func program(_ kind: String) -> Program? { programs.first { $0.kind == kind } }

  /// The bytes of the tokenizer that goes with the programs.
  package var tokenizer: [UInt8]? {
    entries[Self.tokenizerName].map { Array(content.bytes[place(of: $0)]) }
  }

  private func place(of entry: SafetensorsHeader.Entry) -> Range<Int> {
    entry.place.lowerBound + dataStart..<entry.place.upperBound + dataStart
  }
}

// MARK: Checking

extension ModelContainer {
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
    let (header, dataStart) = try translated(path) { () throws(FileError) in try SafetensorsHeader.read(buffer) }
    guard dataStart % alignment == 0 else {
      throw .damaged(path: path, reason: "the data starts at byte \(dataStart), which \(alignment) does not divide")
    }
    return (header, dataStart)
  }

  /// What is wrong with the safetensors file, as a model file's error.
  private static func translated<Result>(
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

  /// The programs that the texts hold, after their checksums.
  private static func programs(
    in metadata: [String: String], path: String
  ) throws(ModelFileError) -> [Program] {
    let kinds = metadata.keys.compactMap { key in
      key.hasPrefix("swiftlet.") ? String(key.dropFirst("swiftlet.".count)) : nil
    }.filter(isKind).sorted()
    guard metadata[MetadataKey.format] == formatName, !kinds.isEmpty else {
      throw .notAModel(path: path, reason: "it is a safetensors file without a graph")
    }
    let keys = kinds.map(MetadataKey.program)
    let known = [MetadataKey.format] + keys + (keys + [MetadataKey.data]).map(MetadataKey.checksum)
    if let unknown = metadata.keys.filter({ !known.contains($0) }).min() {
      throw .damaged(path: path, reason: "its header has an unknown key \"\(unknown)\"")
    }
    var programs: [Program] = []
    for (kind, key) in zip(kinds, keys) {
      let json = Array((metadata[key] ?? "").utf8)
      guard metadata[MetadataKey.checksum(of: key)] == checksum(of: json) else {
        throw .damaged(path: path, reason: "the \(kind) does not match its checksum")
      }
      programs.append(Program(kind: kind, json: json))
    }
    return programs
  }

  /// A word of small letters.
  static func isKind(_ text: String) -> Bool {
    (1...32).contains(text.utf8.count) && text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
      && MetadataKey.program(text) != MetadataKey.data
  }

  /// Where the tensors of a program lie in the file's bytes.
  ///
  /// Each is there, of its type, shape and size, and well aligned. Of a file with one program every tensor is one of these,
  /// the tokenizer, or padding.
  func places(
    of tensors: [StoredTensor], for kind: String
  ) throws(ModelFileError) -> [String: Range<Int>] {
    var rest = entries
    rest[Self.tokenizerName] = nil
    var places: [String: Range<Int>] = [:]
    for tensor in tensors {
      guard let entry = rest.removeValue(forKey: tensor.name) else {
        throw .damaged(path: path, reason: "the tensor \(tensor.name) is missing")
      }
      guard entry.type == tensor.type.safetensorsType, entry.shape == tensor.shape,
        entry.place.count == tensor.byteCount
      else {
        throw .damaged(
          path: path,
          reason: "\(tensor.name) is \(entry.type.rawValue) \(entry.shape) in \(entry.place.count) bytes, the \(kind) "
            + "expects \(tensor.type.safetensorsType.rawValue) \(tensor.shape) in \(tensor.byteCount)")
      }
      guard entry.place.lowerBound % Self.alignment == 0 else {
        throw .damaged(path: path, reason: "\(tensor.name) does not start at a multiple of \(Self.alignment) bytes")
      }
      places[tensor.name] = place(of: entry)
    }
    if programs.count == 1, let stranger = rest.values.first(where: { !isPadding($0) }) {
      throw .damaged(path: path, reason: "the \(kind) does not know the tensor \(stranger.name)")
    }
    return places
  }

  private func isPadding(_ entry: SafetensorsHeader.Entry) -> Bool {
    entry.name.hasPrefix(Self.paddingPrefix) && entry.type == .uint8 && entry.shape == [entry.place.count]
      && entry.place.count < Self.alignment && content.bytes[place(of: entry)].allSatisfy { $0 == 0 }
  }

  /// The checksum of the bytes from a place on, whose pages are given back on the way.
  private static func checksum(of content: MappedFile, from start: Int) -> UInt32 {
    let step = 4 << 20
    return stride(from: start, to: content.bytes.count, by: step).reduce(0) { sum, first in
      let part = first..<min(first + step, content.bytes.count)
      defer { content.releasePages(part) }
      return Checksum.crc32c(UnsafeRawBufferPointer(rebasing: content.bytes[part]), continuing: sum)
    }
  }

  static func checksum(of bytes: [UInt8]) -> String {
    Checksum.text(bytes.withUnsafeBytes { Checksum.crc32c($0) })
  }
}
