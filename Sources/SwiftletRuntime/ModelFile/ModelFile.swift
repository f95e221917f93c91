import SwiftletFiles

/// A network and its weights: the graph among the programs of a container. docs/format.md describes it to the byte.
///
/// Opening checks everything: the table against the graph, the checksums of both, every index of every sparse weight.
/// What has been opened is safe to run. The weights stay in the file, mapped.
public struct ModelFile: Sendable {
  public let graph: Graph

  let stored: StoredWeights
  /// Shared by the sessions of all copies of this value.
  let packed = PackedWeights()

  static let programKind = "graph"

  /// Maps and checks a file.
  public init(contentsOf url: URL) throws(ModelFileError) {
    try self.init(ModelContainer(contentsOf: url))
  }

  /// Checks a model that lies in memory; `path` stands for it in messages.
  public init(bytes: some Collection<UInt8>, path: String = inMemory) throws(ModelFileError) {
    try self.init(ModelContainer(MappedFile(copying: bytes), path: path))
  }

  /// A model in memory, from a graph and its constants.
  public init(
    _ graph: Graph, constants: [EncodedConstant], tokenizer: [UInt8]? = nil
  ) throws(ModelFileError) {
    let draft = try Self.draft(graph, constants: constants, tokenizer: tokenizer, path: Self.inMemory)
    try self.init(ModelContainer(draft.content(), path: Self.inMemory))
  }

  /// The graph among a container's programs.
  package init(_ container: ModelContainer) throws(ModelFileError) {
    guard let program = container.program(Self.programKind) else {
      let kinds = container.programs.map(\.kind).joined(separator: ", ")
      throw .notAModel(path: container.path, reason: "it holds no graph to run, but \(kinds)")
    }
    do { graph = try Graph(json: program.json) } catch { throw .graph(path: container.path, error) }
    stored = try StoredWeights(graph.constants, ofProgram: Self.programKind, in: container)
  }

  /// What stands for the path of a model that lies in no file.
  public static let inMemory = "the model in memory"

  /// The path it was opened from, or a word for a model in memory.
  public var path: String { stored.container.path }
  /// The size of the whole file.
  public var byteCount: Int { content.bytes.count }
  /// The bytes of whatever tells texts from tokens, where the network reads texts.
  public var tokenizer: [UInt8]? { stored.container.tokenizer }
  var content: MappedFile { stored.container.content }
}
