import SwiftletRuntime

/// Pools and other sizes of `[batch, channels, height, width]`.
extension Lowering {
  static let imageRules: [String: Rule] = [
    "aten::max_pool2d": maxPool, "aten::avg_pool2d": averagePool, "aten::adaptive_avg_pool2d": averagePoolToSize,
    "aten::upsample_nearest2d": { try $0.resize(.nearest, $1) },
    "aten::upsample_bilinear2d": { lowering, call in
      let keepsCorners = try call.bool("align_corners", default: false)
      try lowering.resize(keepsCorners ? .bilinearCorners : .bilinear, call)
    },
  ]

  private static let maxPool: Rule = { lowering, call in try lowering.pool(.max, call) }

  private static let averagePool: Rule = { lowering, call in
    guard case .absent = call.operation.arguments["divisor_override"] ?? .absent else {
      throw call.unsupported("the runtime divides by the number of elements alone")
    }
    let countsPadding = try call.bool("count_include_pad", default: true)
    try lowering.pool(countsPadding ? .average : .averageInside, call)
  }

  private mutating func pool(_ pooling: Graph.Pooling, _ call: Call) throws {
    guard try !call.bool("ceil_mode", default: false) else {
      throw call.unsupported("the runtime has windows that lie inside alone; switch ceil_mode off")
    }
    let kernel = try call.pair("kernel_size", default: [1, 1])
    let pool = Graph.Pool(
      pooling, kernel: kernel, stride: try call.pair("stride", default: kernel),
      padding: try call.pair("padding", default: [0, 0]), dilation: try call.pair("dilation", default: [1, 1]))
    try emit(.pool(pool), [name(of: call.image())], as: call)
  }

  private static let averagePoolToSize: Rule = { lowering, call in
    let x = try call.image()
    let size = try call.pair("output_size", default: [])
    if size == [1, 1], lowering.sides(of: x) == nil {
      return try lowering.emit(.mean(axes: [2, 3], keepsAxes: true), [lowering.name(of: x)], as: call)
    }
    guard let sides = lowering.sides(of: x), size.allSatisfy({ $0 >= 1 }),
      (0..<2).allSatisfy({ sides[$0].isMultiple(of: size[$0]) })
    else {
      throw call.unsupported("the runtime averages over windows of one size, and \(size) cuts the input into several")
    }
    let pool = Graph.Pool(.average, kernel: [sides[0] / size[0], sides[1] / size[1]])
    try lowering.emit(.pool(pool), [lowering.name(of: x)], as: call)
  }

  /// Height and width of an image where they are fixed.
  func sides(of id: Trace.TensorID) -> [Int]? {
    let shape = trace[id].shape
    guard shape.count == 4, let height = shape[2].fixedLength, let width = shape[3].fixedLength else { return nil }
    return [height, width]
  }

  private mutating func resize(_ interpolation: Graph.Interpolation, _ call: Call) throws {
    let size = Array(call.shape(try call.result()).dropFirst(2))
    // Sizes alone, factors for both sides in a list, or one by one, as the overloads have them.
    var factors = try call.numbers("scale_factors")
    if factors.isEmpty {
      factors = try ["scales_h", "scales_w"].compactMap { name in
        if case .absent = call.operation.arguments[name] ?? .absent { nil } else { try call.number(name) }
      }
    }
    guard [0, 2].contains(factors.count) else { throw call.unsupported("its factors \(factors) are not two") }
    let resize = Graph.Resize(
      interpolation, to: size, factors: factors.isEmpty || interpolation == .bilinearCorners ? nil : factors)
    try emit(.resize(resize), [name(of: call.image())], as: call)
  }
}

extension Call {
  /// The first argument, which has a batch.
  fileprivate func image() throws -> TensorID {
    let x = try input()
    guard shape(x).count == 4 else { throw unsupported("an image has batch, channels, height and width") }
    return x
  }

  /// Height and width, where one number stands for both.
  func pair(_ name: String, default fallback: [Int]) throws -> [Int] {
    let numbers = try integers(name)
    switch numbers.count {
    case 0: return fallback
    case 1: return [numbers[0], numbers[0]]
    case 2: return numbers
    default: throw unsupported("its \(name) \(numbers) is no height and width")
    }
  }
}
