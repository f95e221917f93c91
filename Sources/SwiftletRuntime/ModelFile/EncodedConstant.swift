/// A constant together with the bytes that stand for it in a model file, or with the way to make them.
public struct EncodedConstant: Sendable {
  public let constant: Graph.Constant
  private let content: Content

  private enum Content: Sendable {
    case ready([[UInt8]])
    case later(@Sendable () throws(ConstantError) -> EncodedConstant)
  }

  /// The bytes of each of `constant.storedTensors`, in that order.
  var bytes: [[UInt8]] {
    get throws(ConstantError) {
      switch content {
      case .ready(let bytes): return bytes
      case .later(let encode):
        let encoded = try encode()
        guard encoded.constant == constant else {
          throw .init(constant.name, "it became \(encoded.constant), and \(constant) was announced")
        }
        return try encoded.bytes
      }
    }
  }

  /// A constant that is encoded when it is written, and forgotten then: so that a model is written in the memory that its
  /// largest constant takes.
  ///
  /// - Parameters:
  ///   - constant: what will come; sizes follow from it.
  ///   - encode: is called each time that a file of the model is made.
  public init(
    _ constant: Graph.Constant, encode: @escaping @Sendable () throws(ConstantError) -> EncodedConstant
  ) {
    (self.constant, content) = (constant, .later(encode))
  }

  /// Floats, row-major: stored as they are, rounded to bf16 or f16, or packed by an N:M pattern.
  ///
  /// - Parameters:
  ///   - type: `f32`, `bf16` or `f16`.
  ///   - pattern: what the matrix keeps; weights outside it are zeros. Not with `f16`.
  /// - Throws: `ConstantError` when counts do not match or a group has more than N weights other than zero.
  public init(
    name: String, shape: [Int], floats: [Float], type: Graph.ElementType = .float32, pattern: SparsityPattern? = nil
  ) throws(ConstantError) {
    guard [.float32, .bfloat16, .float16].contains(type) else {
      throw .init(name, "floats cannot be stored as \(type.rawValue)")
    }
    guard pattern == nil || type != .float16 else { throw .init(name, "weights of a pattern are not stored as f16") }
    try Self.checkRange(of: floats, as: type, name: name)
    constant = try Self.constant(name, shape, floats.count, type, pattern)
    let (kept, indices) = try Self.keep(floats, name: name, shape: shape, pattern: pattern)
    let values =
      switch type {
      case .bfloat16: rawBytes(of: kept.map { BFloat16.bits(of: $0) })
      case .float16: rawBytes(of: kept.map { Float16($0) })
      default: rawBytes(of: kept)
      }
    content = .ready([values] + indices)
  }

  /// Floats of a matrix, row-major, each rounded to one of the 16 numbers of its group; see `Int4Groups`.
  ///
  /// - Parameter size: how many consecutive weights of a row share a scale: 32, 64 or 128, which divides the row.
  public init(name: String, shape: [Int], floats: [Float], int4GroupsOf size: Int) throws(ConstantError) {
    guard Int4Groups.sizes.contains(size), shape.count == 2, shape[1] % size == 0 else {
      throw .init(name, "the shape \(shape) is no matrix whose rows divide into groups of \(size): 32, 64 or 128")
    }
    guard Graph.elementCount(shape) == floats.count else {
      throw .init(name, "\(floats.count) elements do not fill the shape \(shape)")
    }
    try Self.checkRange(of: floats, as: .float16, name: name)
    constant = .init(name: name, shape: shape, encoding: .grouped(size))
    let (codes, scales, offsets) = floats.withUnsafeBufferPointer { Int4Groups.encode($0, size: size) }
    content = .ready([BitPacking.pack(codes, bits: 4), rawBytes(of: scales), rawBytes(of: offsets)])
  }

  private static func checkRange(
    of floats: [Float], as type: Graph.ElementType, name: String
  ) throws(ConstantError) {
    guard floats.allSatisfy(\.isFinite) else { throw .init(name, "a weight is infinite or not a number") }
    let fits: (Float) -> Bool =
      switch type {
      case .bfloat16: { BFloat16.float(of: BFloat16.bits(of: $0)).isFinite }
      case .float16: { $0.magnitude <= Float(Float16.greatestFiniteMagnitude) }
      default: { _ in true }
      }
    guard floats.allSatisfy(fits) else { throw .init(name, "a weight is too large for \(type.rawValue)") }
  }

  /// 8-bit weights in `-127...127`, row-major: `real = scale[output] * stored`, one scale for each index of the first axis.
  public init(
    name: String, shape: [Int], int8 weights: [Int8], scales: [Float], pattern: SparsityPattern? = nil
  ) throws(ConstantError) {
    constant = try Self.constant(name, shape, weights.count, .int8, pattern)
    guard scales.count == shape.first, scales.allSatisfy({ $0.isNormal && $0 > 0 }) else {
      throw .init(name, "it needs \(shape.first ?? 0) scales above 0")
    }
    guard !weights.contains(-128) else { throw .init(name, "8-bit weights lie in -127...127") }
    let (kept, indices) = try Self.keep(weights, name: name, shape: shape, pattern: pattern)
    content = .ready([rawBytes(of: kept)] + indices + [rawBytes(of: scales)])
  }

  public init(name: String, shape: [Int], int64 integers: [Int64]) throws(ConstantError) {
    constant = try Self.constant(name, shape, integers.count, .int64, nil)
    content = .ready([rawBytes(of: integers)])
  }

  private static func constant(
    _ name: String, _ shape: [Int], _ count: Int, _ type: Graph.ElementType, _ pattern: SparsityPattern?
  ) throws(ConstantError) -> Graph.Constant {
    guard Graph.elementCount(shape) == count else {
      throw .init(name, "\(count) elements do not fill the shape \(shape)")
    }
    if let pattern {
      guard shape.count == 2, shape[1] % pattern.group == 0 else {
        throw .init(name, "the shape \(shape) is no matrix whose rows divide into groups of \(pattern.group)")
      }
      return .init(name: name, shape: shape, encoding: .sparse(pattern, type))
    }
    return .init(name: name, shape: shape, encoding: .dense(type))
  }

  /// The kept weights of each group in order, and the packed indices where the pattern has any.
  ///
  /// A group with fewer than N weights other than zero keeps the first of its zeros besides.
  private static func keep<Weight: Numeric>(
    _ weights: [Weight], name: String, shape: [Int], pattern: SparsityPattern?
  ) throws(ConstantError) -> (kept: [Weight], indices: [[UInt8]]) {
    guard let pattern, !pattern.isDense else { return (weights, []) }
    var kept: [Weight] = []
    var indices: [UInt8] = []
    kept.reserveCapacity(weights.count / pattern.group * pattern.kept)
    indices.reserveCapacity(kept.capacity)
    for start in stride(from: 0, to: weights.count, by: pattern.group) {
      let group = start..<start + pattern.group
      let nonzero = group.count { weights[$0] != 0 }
      guard nonzero <= pattern.kept else {
        throw .init(
          name,
          "row \(start / shape[1]) has a group of \(pattern.group) with \(nonzero) weights other than zero, "
            + "\(pattern) keeps \(pattern.kept)")
      }
      var spareZeros = pattern.kept - nonzero
      for i in group {
        if weights[i] == 0 {
          guard spareZeros > 0 else { continue }
          spareZeros -= 1
        }
        kept.append(weights[i])
        indices.append(UInt8(i - start))
      }
    }
    return (kept, [BitPacking.pack(indices, bits: pattern.indexBits)])
  }
}

/// Why weights cannot be stored as asked.
public struct ConstantError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ name: String, _ reason: String) { description = "\(name) cannot be stored: \(reason)" }
}

#if _endian(big)
  #error("model files are little-endian, and so must the machine be")
#endif

/// The memory of an array.
func rawBytes<Element: BitwiseCopyable>(of array: [Element]) -> [UInt8] { array.withUnsafeBytes { Array($0) } }
