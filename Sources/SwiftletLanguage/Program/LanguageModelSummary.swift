import SwiftletFiles
import SwiftletRuntime

/// What a language model's file holds, and what it remembers of a text, in numbers.
///
/// ```swift
/// let summary = try LanguageModelSummary(contentsOf: URL(filePath: "small.swiftlet"), context: 8192)
/// print(summary.bytesPerToken, summary.contextBytes)
/// ```
public struct LanguageModelSummary: Hashable, Sendable, Codable {
  /// What a layer keeps of each token on one side, keys or values.
  public struct Side: Hashable, Sendable, Codable {
    /// Elements of a latent; nil where heads are kept whole.
    public var rank: Int?
    /// Heads that a vector stands for.
    public var heads: Int
    public var bits: Int
    /// Neighbours that share a scale and an offset; nil where no codes are kept.
    public var group: Int?
    /// The layers in front of this one where the latents are kept; nil where it keeps its own.
    public var layersBefore: Int?
    /// Of each token, scales and offsets included, which `metadataBytes` are alone.
    public var bytes, metadataBytes: Double
  }

  /// A block.
  public struct Layer: Hashable, Sendable, Codable {
    public var keys, values: Side
    /// Tokens that a query sees; nil for all.
    public var window: Int?
    /// Of its weights in the file.
    public var weightBytes: Int
  }

  public var name: String
  public var notes: [String: String]
  public var vocabulary, contextLength, width, headWidth, heads, keyHeads, hidden: Int
  /// How it knows where tokens stand: `rotary`, `linear biases`, or `none`.
  public var positions: String
  public var hasChatTemplate: Bool
  public var layers: [Layer]
  public var fileBytes: Int
  /// Bytes of all constants by how they are stored: `f32`, `u4 in groups of 32`, `s8 2:4`.
  public var weightBytes: [String: Int]
  public var weights: Int
  /// For one token, attention to others aside.
  public var multiplyAdds: Int
  /// What all layers keep of a token, and what that is in 16 bits.
  public var bytesPerToken, metadataBytesPerToken, wholeBytesPerToken: Double
  /// Tokens, and the bytes that a text of so many takes, as memory grows by pages.
  public var context, contextBytes: Int

  /// - Parameter context: tokens of a text; nil is as many as the model reads.
  /// - Throws: ``LanguageError``.
  public init(contentsOf url: URL, context: Int? = nil) throws(LanguageError) {
    let container: ModelContainer
    do throws(ModelFileError) { container = try ModelContainer(contentsOf: url) } catch { throw .file(error) }
    let program = try LanguageProgram(in: container)
    let context = context ?? program.contextLength
    guard (1...program.contextLength).contains(context) else {
      throw .option("the context", value: "\(context)", takes: "whole numbers from 1 to \(program.contextLength)")
    }
    (name, notes, vocabulary) = (program.name, program.notes, program.vocabulary)
    (contextLength, width, headWidth) = (program.contextLength, program.width, program.headWidth)
    (heads, keyHeads, hidden) = (program.heads, program.keyHeads, program.hidden)
    positions =
      switch program.positions {
      case .rotary: "rotary"
      case .linearBiases: "linear biases"
      case .none: "none"
      }
    hasChatTemplate = try program.tokenizer(in: container).chatTemplate != nil
    let constants = Dictionary(program.constants.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    layers = program.layers.map { layer in
      Layer(
        keys: Side(layer.keys, values: false, of: program), values: Side(layer.values, values: true, of: program),
        window: layer.window,
        weightBytes: layer.constantNames.reduce(0) { $0 + (constants[$1]?.byteCount ?? 0) })
    }
    fileBytes = container.byteCount
    weightBytes = program.constants.reduce(into: [:]) { $0[$1.encoding.words, default: 0] += $1.byteCount }
    weights = program.constants.reduce(0) { $0 + $1.shape.reduce(1, *) }
    multiplyAdds = (program.layers.flatMap(\.projections) + [program.head]).reduce(0) { sum, projection in
      guard let weight = constants[projection.weight] else { return sum }
      let all = weight.shape.reduce(1, *)
      return sum + (weight.encoding.pattern.map { all / $0.group * $0.kept } ?? all)
    }
    bytesPerToken = layers.reduce(0) { $0 + $1.keys.bytes + $1.values.bytes }
    metadataBytesPerToken = layers.reduce(0) { $0 + $1.keys.metadataBytes + $1.values.metadataBytes }
    wholeBytesPerToken = Double(program.plainMemoryBytesPerToken)
    self.context = context
    contextBytes = MemoryPages.count(for: context) * MemoryPages(program).byteCount
  }
}

extension LanguageModelSummary.Side {
  fileprivate init(_ memory: LanguageProgram.Memory, values: Bool, of program: LanguageProgram) {
    rank = memory.up == nil ? nil : memory.width
    heads = program.keyHeads / memory.parts
    layersBefore = memory.layersBefore
    (bits, group) =
      switch memory.format {
      case .float32: (32, nil)
      case .bfloat16, .float16: (16, nil)
      case .codes(let bits, let slice): (bits, slice)
      }
    let isKept = memory.layersBefore == nil
    bytes = Double(memory.byteCountOfPage(values: values)) / Double(MemoryPages.positions)
    // A scale and an offset in 16 bits each.
    metadataBytes = isKept ? group.map { Double(4 * memory.parts * (memory.width / $0)) } ?? 0 : 0
  }
}

extension LanguageProgram.Layer {
  fileprivate var projections: [LanguageProgram.Projection] {
    attentionInputs + [attentionOutput] + feedForwardInputs + [feedForwardOutput]
  }

  fileprivate var constantNames: Set<String> {
    let others = [keys.up, keys.bias, keys.turn, values.up, values.bias]
    return Set(
      projections.flatMap { [$0.weight, $0.bias] }.compactMap(\.self) + others.compactMap(\.self)
        + [attentionNorm, feedForwardNorm])
  }
}

extension Graph.Encoding {
  fileprivate var words: String {
    if let scaleGroup { return "\(type.rawValue) in groups of \(scaleGroup)" }
    return pattern.map { "\(type.rawValue) \($0)" } ?? type.rawValue
  }
}
