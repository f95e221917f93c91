extension DecodingError {
  /// One clause that says where and what: `layers[3].pattern: pattern 5:4 keeps more than it has …`.
  public var sentence: String {
    let (context, what): (Context, String) =
      switch self {
      case .keyNotFound(let key, let context): (context, "the key \"\(key.stringValue)\" is missing")
      case .typeMismatch(let type, let context): (context, "expected \(Self.name(of: type)) here")
      case .valueNotFound(let type, let context): (context, "expected \(Self.name(of: type)) here, found null")
      case .dataCorrupted(let context): (context, context.debugDescription)
      @unknown default: (Context(codingPath: [], debugDescription: ""), "\(self)")
      }
    let place = context.codingPath.placeDescription
    return place.isEmpty ? what : "\(place): \(what)"
  }

  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "text"
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    case is [String: Any].Type: "an object"
    default: "\(type)"
    }
  }
}
