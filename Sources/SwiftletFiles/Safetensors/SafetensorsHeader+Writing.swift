extension SafetensorsHeader {
  /// A header with tensors in the given order, and the order in which their elements follow it: wide ones first, so that
  /// every tensor lies where its type may lie.
  public static func packed(
    _ tensors: [(name: String, type: ElementType, shape: [Int])], metadata: [String: String]
  ) -> (header: SafetensorsHeader, order: [Int]) {
    let order = tensors.indices.sorted {
      let (a, b) = (tensors[$0].type.byteCount, tensors[$1].type.byteCount)
      return a == b ? $0 < $1 : a > b
    }
    var places = [Range<Int>](repeating: 0..<0, count: tensors.count)
    var end = 0
    for index in order {
      let (_, type, shape) = tensors[index]
      places[index] = end..<end + shape.reduce(type.byteCount, *)
      end = places[index].upperBound
    }
    let entries = zip(tensors, places).map { Entry(name: $0.name, type: $0.type, shape: $0.shape, place: $1) }
    return (SafetensorsHeader(entries: entries, metadata: metadata), order)
  }

  /// The bytes in front of the data: the length, the texts by key, the tensors in their order, spaces.
  ///
  /// - Parameter alignment: a power of two, at least 8, that divides where the data will start.
  /// - Throws: `FileError.unsupported` for what the format cannot hold.
  public func encoded(alignment: Int = 8) throws(FileError) -> [UInt8] {
    var fields: [String] = []
    fields.reserveCapacity(entries.count + 1)
    if !metadata.isEmpty { fields.append("\"\(Self.metadataKey)\":\(Self.json(metadata))") }
    var names: Set<String> = [Self.metadataKey]
    for entry in entries {
      guard names.insert(entry.name).inserted else {
        throw .unsupported(
          entry.name == Self.metadataKey
            ? "a tensor cannot be named \(entry.name) in this format" : "two tensors would be named \(entry.name)")
      }
      let shape = entry.shape.map(String.init).joined(separator: ",")
      fields.append(
        "\(entry.name.quotedAsJSON):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(entry.place.lowerBound),\(entry.place.upperBound)]}")
    }
    var json = Array("{\(fields.joined(separator: ","))}".utf8)
    json += [UInt8](repeating: UInt8(ascii: " "), count: -(json.count + 8) & (alignment - 1))
    guard json.count <= Self.sizeLimit else {
      throw .unsupported("the header would be larger than the format's \(Self.sizeLimit) bytes")
    }
    return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
  }

  /// Texts by key as a JSON object, keys sorted.
  public static func json(_ texts: [String: String]) -> String {
    let pairs = texts.sorted { $0.key < $1.key }.map { "\($0.key.quotedAsJSON):\($0.value.quotedAsJSON)" }
    return "{\(pairs.joined(separator: ","))}"
  }
}
