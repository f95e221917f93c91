/// A model file of llama2.c in its first layout: seven sizes, then all weights as floats.
///
/// The file has no signature: it is one where its length is the one that its sizes ask for.
/// Source: https://github.com/karpathy/llama2.c, run.c, `memory_map_weights`; export.py, `legacy_export`.
public struct Llama2CFile: Sendable {
  public struct Sizes: Hashable, Sendable {
    public let width, hidden, layers, heads, keyValueHeads, vocabulary, context: Int
    /// Whether the output layer is the table of embeddings.
    public let isTied: Bool

    public var headSize: Int { width / heads }
    public var keyValueWidth: Int { headSize * keyValueHeads }
  }

  /// The weights of every layer, or of the network's ends, in the order of the file.
  public enum Part: Hashable, Sendable, CaseIterable {
    case embedding, attentionNorm, query, key, value, attentionOutput, forwardNorm, gate, down, up, norm
    /// Two tables of the positions' cosines and sines, which follow from the sizes.
    case positions
    /// Not there where the embeddings are the output layer too.
    case output
  }

  public let sizes: Sizes
  private let file: MappedFile
  private let starts: [Part: Int]

  private static let headerByteCount = 28

  /// Whether a file of this length with these first bytes can be one.
  public static func isModel(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let sizes = sizes(bytes), let byteCount = places(sizes)?.end else { return false }
    return byteCount == bytes.count
  }

  /// - Throws: `FileError` for a file whose length is not that of its sizes.
  public init(_ file: MappedFile) throws(FileError) {
    // "ak42", the signature of the later layouts.
    if file.bytes.count >= 8, file.bytes.little(UInt32.self, at: 0) == 0x616b_3432 {
      throw .unsupported(
        "is a file of llama2.c in layout \(file.bytes.little(Int32.self, at: 4)), layout 0 is read: export it with "
          + "--version 0")
    }
    guard let sizes = Self.sizes(file.bytes), let places = Self.places(sizes) else {
      throw .damaged("it does not begin with the seven sizes of a model of llama2.c")
    }
    guard places.end == file.bytes.count else {
      let what = "\(places.end) bytes follow from its sizes, it has \(file.bytes.count)"
      throw places.end > file.bytes.count ? .truncated(what) : .damaged(what)
    }
    (self.sizes, self.file, starts) = (sizes, file, places.starts)
  }

  private static func sizes(_ bytes: UnsafeRawBufferPointer) -> Sizes? {
    guard bytes.count > headerByteCount else { return nil }
    let numbers = (0..<7).map { Int(bytes.little(Int32.self, at: 4 * $0)) }
    let (heads, keyValueHeads, vocabulary) = (numbers[3], numbers[4], numbers[5])
    guard numbers.enumerated().allSatisfy({ $0.offset == 5 ? $0.element != 0 : $0.element > 0 }),
      numbers[0].isMultiple(of: 2 * heads), heads.isMultiple(of: keyValueHeads)
    else { return nil }
    return Sizes(
      width: numbers[0], hidden: numbers[1], layers: numbers[2], heads: heads, keyValueHeads: keyValueHeads,
      vocabulary: abs(vocabulary), context: numbers[6], isTied: vocabulary > 0)
  }

  /// Where each part begins and the last one ends, in bytes; nil where that passes the range of Int.
  private static func places(_ sizes: Sizes) -> (starts: [Part: Int], end: Int)? {
    var starts: [Part: Int] = [:]
    var end = headerByteCount
    for part in Part.allCases where part != .output || !sizes.isTied {
      starts[part] = end
      let (rows, length) = extent(of: part, sizes)
      let layers = isRepeated(part) ? sizes.layers : 1
      // Each factor is an Int32, so that a product of two cannot overflow.
      let (count, tooMany) = (rows * length).multipliedReportingOverflow(by: 4 * layers)
      let (next, tooFar) = end.addingReportingOverflow(count)
      guard !tooMany, !tooFar else { return nil }
      end = next
    }
    return (starts, end)
  }

  private static func isRepeated(_ part: Part) -> Bool { ![.embedding, .norm, .positions, .output].contains(part) }

  private static func extent(of part: Part, _ sizes: Sizes) -> (rows: Int, length: Int) {
    switch part {
    case .embedding, .output: (sizes.vocabulary, sizes.width)
    case .attentionNorm, .forwardNorm, .norm: (1, sizes.width)
    case .query, .attentionOutput: (sizes.width, sizes.width)
    case .key, .value: (sizes.keyValueWidth, sizes.width)
    case .gate, .up: (sizes.hidden, sizes.width)
    case .down: (sizes.width, sizes.hidden)
    case .positions: (sizes.context, sizes.headSize)
    }
  }

  /// Copies one row of a part; vectors have one.
  ///
  /// - Precondition: the layer, where the part is one of every layer, and the row exist, and `elements` is as long as the row.
  public func read(_ part: Part, layer: Int = 0, row: Int, into elements: UnsafeMutableBufferPointer<Float>) {
    let (rows, length) = Self.extent(of: part, sizes)
    let layers = Self.isRepeated(part) ? sizes.layers : 1
    guard let start = starts[part], 0..<layers ~= layer, 0..<rows ~= row, elements.count == length else {
      preconditionFailure("Llama2CFile.read: there is no row \(row) of \(elements.count) in \(part) of layer \(layer)")
    }
    let first = start + 4 * ((layer * rows + row) * length)
    SafetensorsHeader.ElementType.float32.decode(
      UnsafeRawBufferPointer(rebasing: file.bytes[first..<first + 4 * length]), into: elements)
  }

  /// Gives back the memory of a part's pages in one layer.
  public func release(_ part: Part, layer: Int = 0) {
    let (rows, length) = Self.extent(of: part, sizes)
    guard let start = starts[part] else { return }
    let byteCount = 4 * rows * length
    file.releasePages(start + layer * byteCount..<start + (layer + 1) * byteCount)
  }
}
