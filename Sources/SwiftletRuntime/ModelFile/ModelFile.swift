import SwiftletFiles

/// A network and its weights in one safetensors container. docs/format.md describes it to the byte.
///
/// Opening checks everything: the table against the graph, the checksums of both, every index of every sparse weight.
/// What has been opened is safe to run. The weights stay in the file, mapped.
public struct ModelFile: Sendable {
  public let graph: Graph
  /// The path it was opened from, or a word for a model in memory.
  public let path: String
  /// The size of the whole file.
  public let byteCount: Int

  let content: MappedFile
  /// Where each stored tensor lies in `content`.
  let ranges: [String: Range<Int>]
  /// Shared by the sessions of all copies of this value.
  let packed = PackedWeights()

  /// Tensors start at multiples of this, counted from the start of the file.
  static let alignment = 64
  static let formatName = "swiftlet"

  enum MetadataKey {
    static let format = "format"
    static let graph = "swiftlet.graph"
    static let graphChecksum = "swiftlet.graph.crc32c"
    static let dataChecksum = "swiftlet.data.crc32c"
  }

  /// Maps and checks a file.
  public init(contentsOf url: URL) throws(ModelFileError) {
    let content: MappedFile
    do throws(FileError) { content = try MappedFile(path: url.path) } catch {
      throw ModelFileError(error, at: url.path)
    }
    guard !content.bytes.isEmpty else { throw .notAModel(path: url.path, reason: "it is empty") }
    try self.init(content, path: url.path)
  }

  /// Checks a model that lies in memory; `path` stands for it in messages.
  public init(bytes: some Collection<UInt8>, path: String = "the model in memory") throws(ModelFileError) {
    try self.init(MappedFile(copying: bytes), path: path)
  }

  /// A model in memory, from a graph and its constants.
  public init(_ graph: Graph, constants: [EncodedConstant]) throws(ModelFileError) {
    try self.init(bytes: Self.encoded(graph, constants: constants))
  }

  private init(_ content: MappedFile, path: String) throws(ModelFileError) {
    self.content = content
    self.path = path
    byteCount = content.bytes.count
    let (header, dataStart) = try Self.header(of: content.bytes, path: path)
    graph = try Self.graph(in: header.metadata, path: path)
    try Self.checkData(of: content.bytes, from: dataStart, header.metadata, path: path)
    ranges = try Self.checkedRanges(header, graph, dataStart: dataStart, bytes: content.bytes, path: path)
    for constant in graph.constants { try check(constant) }
  }

  /// The bytes of a stored tensor.
  ///
  /// - Precondition: the name is one of `constant.storedTensors` of a constant of the graph.
  func tensor(_ name: String) -> UnsafeRawBufferPointer {
    guard let range = ranges[name] else { preconditionFailure("\(name) is no tensor of \(path)") }
    return UnsafeRawBufferPointer(rebasing: content.bytes[range])
  }
}
