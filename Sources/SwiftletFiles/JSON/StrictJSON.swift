/// The JSON of every file of this project, coded in one way.
///
/// Reading refuses a key that stands twice, and text that ends in something else; what a type does not know it refuses
/// itself, with ``Swift/Decoder/strictContainer(keyedBy:)``. Writing sorts keys, so that equal values give equal bytes.
public enum StrictJSON {
  /// What becomes of numbers that JSON cannot spell.
  public enum NonFinite: Sendable {
    /// They are errors.
    case refused
    /// They are the texts `inf`, `-inf` and `nan`, as in files of measurements.
    case asText
  }

  /// - Throws: `JSONSyntaxError`, `DecodingError`, or what the type's own decoding throws; ``sentence(of:)`` tells each.
  public static func decode<Value: Decodable>(
    _ type: Value.Type, from json: some Sequence<UInt8>, nonFinite: NonFinite = .refused
  ) throws -> Value {
    let data = json as? Data ?? Data(json)
    // Foundation takes the first of two equal keys without a word.
    try data.withUnsafeBytes { _ = try JSONValue(parsing: $0) }
    let decoder = JSONDecoder()
    if nonFinite == .asText {
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    }
    return try decoder.decode(type, from: data)
  }

  /// - Throws: `EncodingError`.
  public static func encode(
    _ value: some Encodable, nonFinite: NonFinite = .refused, pretty: Bool = false
  ) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    if nonFinite == .asText {
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    }
    return [UInt8](try encoder.encode(value))
  }

  /// One clause about what ``decode(_:from:nonFinite:)`` threw.
  public static func sentence(of error: any Error) -> String { (error as? DecodingError)?.sentence ?? "\(error)" }
}
