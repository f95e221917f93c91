import SwiftletFiles
import SwiftletRuntime

extension LanguageProgram {
  /// Reads and validates the JSON of a program.
  package init(json: some Sequence<UInt8>) throws(LanguageError) {
    do {
      self = try StrictJSON.decode(LanguageProgram.self, from: json)
    } catch let error as LanguageError {
      throw error
    } catch {
      throw .program(reason: StrictJSON.sentence(of: error))
    }
    try validate()
  }

  /// The JSON of a valid program, keys sorted, so that equal programs give equal bytes.
  package func json() throws(LanguageError) -> [UInt8] {
    try validate()
    do { return try StrictJSON.encode(self) } catch { throw .program(reason: "it cannot be written: \(error)") }
  }
}

extension LanguageProgram: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case version, name, vocabulary, contextLength, width, headWidth, heads, keyHeads, hidden, activation, normEpsilon
    case positions, embedding, layers, norm, head, beginning, ends, constants, notes
  }

  public init(from decoder: any Decoder) throws {
    // The version first: a newer one may have keys that this one does not know.
    let version = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .version)
    guard version == Self.version else { throw LanguageError.version(version) }
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    func integer(_ key: CodingKeys) throws -> Int { try container.decode(Int.self, forKey: key) }
    self.init(
      name: try container.decode(String.self, forKey: .name), vocabulary: try integer(.vocabulary),
      contextLength: try integer(.contextLength), width: try integer(.width), headWidth: try integer(.headWidth),
      heads: try integer(.heads), keyHeads: try integer(.keyHeads), hidden: try integer(.hidden),
      activation: try container.decode(Graph.Activation.self, forKey: .activation),
      normEpsilon: try container.decode(Double.self, forKey: .normEpsilon),
      positions: try container.decode(Positions.self, forKey: .positions),
      embedding: try container.decode(String.self, forKey: .embedding),
      layers: try container.decode([Layer].self, forKey: .layers),
      norm: try container.decode(String.self, forKey: .norm),
      head: try container.decode(Projection.self, forKey: .head),
      beginning: try container.decodeIfPresent(Int.self, forKey: .beginning),
      ends: try container.decode([Int].self, forKey: .ends),
      constants: try container.decode([Graph.Constant].self, forKey: .constants),
      notes: try container.decode([String: String].self, forKey: .notes))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Self.version, forKey: .version)
    try container.encode(name, forKey: .name)
    for (key, value) in [
      (CodingKeys.vocabulary, vocabulary), (.contextLength, contextLength), (.width, width), (.headWidth, headWidth),
      (.heads, heads), (.keyHeads, keyHeads), (.hidden, hidden),
    ] { try container.encode(value, forKey: key) }
    try container.encode(activation, forKey: .activation)
    try container.encode(normEpsilon, forKey: .normEpsilon)
    try container.encode(positions, forKey: .positions)
    try container.encode(embedding, forKey: .embedding)
    try container.encode(layers, forKey: .layers)
    try container.encode(norm, forKey: .norm)
    try container.encode(head, forKey: .head)
    try container.encodeIfPresent(beginning, forKey: .beginning)
    try container.encode(ends, forKey: .ends)
    try container.encode(constants, forKey: .constants)
    try container.encode(notes, forKey: .notes)
  }
}

extension LanguageProgram.Positions: Codable {
  private enum Kind: String, FileWord { case rotary, linearBiases, none }
  private enum CodingKeys: String, CodingKey, CaseIterable { case kind, frequencies, factor, slopes }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func refuse(except keys: CodingKeys...) throws { try decoder.refuseKeys(except: keys.map(\.stringValue)) }
    switch try container.decode(Kind.self, forKey: .kind) {
    case .rotary:
      try refuse(except: .kind, .frequencies, .factor)
      self = .rotary(
        frequencies: try container.decode(String.self, forKey: .frequencies),
        factor: try container.decode(Double.self, forKey: .factor))
    case .linearBiases:
      try refuse(except: .kind, .slopes)
      self = .linearBiases(slopes: try container.decode(String.self, forKey: .slopes))
    case .none:
      try refuse(except: .kind)
      self = .none
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .rotary(let frequencies, let factor):
      try container.encode(Kind.rotary, forKey: .kind)
      try container.encode(frequencies, forKey: .frequencies)
      try container.encode(factor, forKey: .factor)
    case .linearBiases(let slopes):
      try container.encode(Kind.linearBiases, forKey: .kind)
      try container.encode(slopes, forKey: .slopes)
    case .none: try container.encode(Kind.none, forKey: .kind)
    }
  }
}

extension LanguageProgram.Projection: Decodable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    weight = try container.decode(String.self, forKey: .weight)
    bias = try container.decodeIfPresent(String.self, forKey: .bias)
  }
}

extension LanguageProgram.Layer: Decodable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    self.init(
      attentionNorm: try container.decode(String.self, forKey: .attentionNorm),
      attentionInputs: try container.decode([LanguageProgram.Projection].self, forKey: .attentionInputs),
      keys: try container.decode(LanguageProgram.Memory.self, forKey: .keys),
      values: try container.decode(LanguageProgram.Memory.self, forKey: .values),
      attentionOutput: try container.decode(LanguageProgram.Projection.self, forKey: .attentionOutput),
      feedForwardNorm: try container.decode(String.self, forKey: .feedForwardNorm),
      feedForwardInputs: try container.decode([LanguageProgram.Projection].self, forKey: .feedForwardInputs),
      feedForwardOutput: try container.decode(LanguageProgram.Projection.self, forKey: .feedForwardOutput),
      window: try container.decodeIfPresent(Int.self, forKey: .window))
  }
}

extension LanguageProgram.Memory: Codable {
  /// What numbers are kept as; codes are named by their bits.
  private enum Word: String, FileWord { case f32, bf16, f16, u8, u4, u3, u2 }
  enum CodingKeys: String, CodingKey, CaseIterable { case type, slice, parts, width, up, bias, turn, layersBefore }

  private static let bits: [Word: Int] = [.u8: 8, .u4: 4, .u3: 3, .u2: 2]

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    let word = try container.decode(Word.self, forKey: .type)
    let width = try container.decode(Int.self, forKey: .width)
    let format: Format
    switch word {
    case .f32: format = .float32
    case .bf16: format = .bfloat16
    case .f16: format = .float16
    case .u8, .u4, .u3, .u2:
      format = .codes(bits: Self.bits[word] ?? 0, slice: try container.decode(Int.self, forKey: .slice))
    }
    if container.contains(.slice), Self.bits[word] == nil {
      throw DecodingError.dataCorruptedError(
        forKey: .slice, in: container, debugDescription: "only codes have slices, and \(word.rawValue) is a number")
    }
    self.init(
      format, parts: try container.decode(Int.self, forKey: .parts), width: width,
      up: try container.decodeIfPresent(String.self, forKey: .up),
      bias: try container.decodeIfPresent(String.self, forKey: .bias),
      turn: try container.decodeIfPresent(String.self, forKey: .turn),
      layersBefore: try container.decodeIfPresent(Int.self, forKey: .layersBefore))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch format {
    case .float32: try container.encode(Word.f32, forKey: .type)
    case .bfloat16: try container.encode(Word.bf16, forKey: .type)
    case .float16: try container.encode(Word.f16, forKey: .type)
    case .codes(let bits, let slice):
      try container.encode(Self.bits.first { $0.value == bits }?.key ?? .u8, forKey: .type)
      try container.encode(slice, forKey: .slice)
    }
    try container.encode(parts, forKey: .parts)
    try container.encode(width, forKey: .width)
    try container.encodeIfPresent(up, forKey: .up)
    try container.encodeIfPresent(bias, forKey: .bias)
    try container.encodeIfPresent(turn, forKey: .turn)
    try container.encodeIfPresent(layersBefore, forKey: .layersBefore)
  }
}
