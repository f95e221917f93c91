import SwiftletFiles

extension ModelFile {
  /// Writes a model; the file that was there before stays whole until the new one is durable.
  ///
  /// - Parameters:
  ///   - constants: written in this order; of those that are encoded late, one at a time is in memory.
  ///   - tokenizer: the bytes of whatever tells texts from tokens.
  public static func write(
    _ graph: Graph, constants: [EncodedConstant], tokenizer: [UInt8]? = nil, to url: URL
  ) throws(ModelFileError) {
    try draft(graph, constants: constants, tokenizer: tokenizer, path: url.path).write()
  }

  /// Writes this model's bytes.
  public func write(to url: URL) throws(ModelFileError) {
    try stored.container.write(to: url)
  }

  /// What a file of one graph will hold.
  static func draft(
    _ graph: Graph, constants: [EncodedConstant], tokenizer: [UInt8]? = nil, path: String
  ) throws(ModelFileError) -> ContainerDraft {
    guard
      graph.constants.sorted(by: { $0.name < $1.name }) == constants.map(\.constant).sorted(by: { $0.name < $1.name })
    else {
      throw .graph(path: path, .invalid(part: "constants", reason: "they are not those that the weights are given for"))
    }
    let json: [UInt8]
    do { json = try graph.json() } catch { throw .graph(path: path, error) }
    return try ContainerDraft(
      programs: [.init(kind: programKind, json: json)], constants: constants, tokenizer: tokenizer, path: path)
  }
}
