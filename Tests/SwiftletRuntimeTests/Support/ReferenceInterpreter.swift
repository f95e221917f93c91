import Foundation

@testable import SwiftletRuntime

/// Runs a graph node by node in double precision, by the definitions: the oracle for sessions.
///
/// Values of u8 are kept as their stored bytes.
struct ReferenceInterpreter {
  struct Array: Equatable {
    var shape: [Int]
    var data: [Double]

    init(_ shape: [Int], _ element: ([Int]) -> Double) {
      self.shape = shape
      data = Self.indices(shape).map(element)
    }

    init(shape: [Int], data: [Double]) { (self.shape, self.data) = (shape, data) }

    static func indices(_ shape: [Int]) -> [[Int]] {
      shape.reduce([[]]) { prefixes, length in prefixes.flatMap { prefix in (0..<length).map { prefix + [$0] } } }
    }

    /// The element at an index; axes of length 1 repeat, missing outer axes too.
    subscript(index: [Int]) -> Double {
      let own = index.suffix(shape.count)
      return data[zip(own, shape).reduce(0) { $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0) }]
    }

    func rows() -> [[Double]] {
      let width = shape.last ?? 1
      return stride(from: 0, to: data.count, by: width).map { Swift.Array(data[$0..<$0 + width]) }
    }
  }

  let file: ModelFile
  let lengths: Graph.AxisLengths
  var values: [String: Array] = [:]

  init(_ file: ModelFile, batch: Int) { self.init(file, ["batch": batch]) }
  init(_ file: ModelFile, _ lengths: Graph.AxisLengths) { (self.file, self.lengths) = (file, lengths) }

  static func run(_ file: ModelFile, _ inputs: [NDArray], batch: Int) -> [Array] {
    run(file, inputs, ["batch": batch])
  }

  static func run(_ file: ModelFile, _ inputs: [NDArray], _ lengths: Graph.AxisLengths) -> [Array] {
    var interpreter = ReferenceInterpreter(file, lengths)
    for (name, input) in zip(file.graph.inputs, inputs) {
      interpreter.values[name] = Array(shape: input.shape, data: input.floats.map { Double($0) })
    }
    for node in file.graph.nodes { interpreter.values[node.output] = interpreter.output(of: node) }
    return file.graph.outputs.map { interpreter.values[$0]! }
  }

  /// A constant's real numbers, scales and zeros in place.
  func constant(_ name: String) -> Array {
    let constant = file.graph.constant(named: name)!
    let raw = file.stored.tensor(name)
    let count = raw.count * 8 / constant.encoding.type.bitCount
    var stored: [Double] = (0..<count).map { i in
      switch constant.encoding.type {
      case .float32: Double(raw.loadUnaligned(fromByteOffset: 4 * i, as: Float.self))
      case .bfloat16: Double(BFloat16.float(of: raw.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)))
      case .float16: Double(raw.loadUnaligned(fromByteOffset: 2 * i, as: Float16.self))
      case .int8: Double(Int8(bitPattern: raw[i]))
      case .uint4: Double(raw[i / 2] >> UInt8(4 * (i % 2)) & 15)
      case .uint8: Double(raw[i])
      case .int64: Double(raw.loadUnaligned(fromByteOffset: 8 * i, as: Int64.self))
      }
    }
    if let pattern = constant.encoding.pattern {
      var dense = [Double](repeating: 0, count: constant.shape.reduce(1, *))
      let indices = pattern.isDense ? [] : file.indices(of: constant, pattern)
      for (i, value) in stored.enumerated() {
        let inGroup = pattern.isDense ? i % pattern.kept : Int(indices[i])
        dense[i / pattern.kept * pattern.group + inGroup] = value
      }
      stored = dense
    }
    if case .grouped(let size) = constant.encoding {
      let scales = file.stored.tensor("\(name).scales").bindMemory(to: Float16.self)
      let offsets = file.stored.tensor("\(name).offsets").bindMemory(to: Float16.self)
      for i in stored.indices { stored[i] = Double(offsets[i / size]) + Double(scales[i / size]) * stored[i] }
    }
    if constant.encoding.type == .int8 {
      let scales = file.stored.tensor("\(name).scales").bindMemory(to: Float.self)
      let columns = stored.count / constant.shape[0]
      for i in stored.indices { stored[i] *= Double(scales[i / columns]) }
    }
    return Array(shape: constant.shape, data: stored)
  }

  /// Real numbers of an operand.
  func real(_ name: String) -> Array {
    guard var array = values[name] else { return constant(name) }
    if let quantization = file.graph.value(named: name)?.quantization {
      array.data = array.data.map { ($0 - Double(quantization.zeroPoint)) * Double(quantization.scale) }
    }
    return array
  }

  /// What is stored for real numbers in a value's format.
  func stored(_ array: Array, as value: Graph.Value) -> Array {
    var array = array
    switch value.type {
    case .uint8:
      let quantization = value.quantization!
      array.data = array.data.map {
        min(255, max(0, ($0 / Double(quantization.scale)).rounded(.toNearestOrEven) + Double(quantization.zeroPoint)))
      }
    case .bfloat16: array.data = array.data.map { Double(BFloat16.float(of: BFloat16.bits(of: Float($0)))) }
    default: break
    }
    return array
  }

  func output(of node: Graph.Node) -> Array {
    let value = file.graph.value(named: node.output)!
    let shape = value.shape.map { $0.length(lengths) }
    if node.operation.onlyMovesElements {
      return Self.moved(node, node.inputs.map { values[$0] ?? constant($0) }, shape, lengths)
    }
    return stored(computed(node, shape), as: value)
  }

  static func moved(
    _ node: Graph.Node, _ inputs: [Array], _ shape: [Int], _ lengths: Graph.AxisLengths
  ) -> Array {
    let x = inputs[0]
    switch node.operation.base {
    case is Graph.Reshape: return Array(shape: shape, data: x.data)
    case is Graph.Expand: return Array(shape) { x[$0] }
    case let permute as Graph.Permute:
      return Array(shape) { index in
        var source = index
        for (i, axis) in permute.order.enumerated() { source[axis] = index[i] }
        return x[source]
      }
    case let slice as Graph.Slice:
      return Array(shape) { index in
        var source = index
        source[slice.axis] += slice.start.length(lengths)
        return x[source]
      }
    case let select as Graph.Select:
      return Array(shape) { index in
        var source = index
        source.insert(select.index.length(lengths), at: select.axis)
        return x[source]
      }
    case let join as Graph.Concatenate:
      let axis = join.axis
      return Array(shape) { index in
        var source = index
        for part in inputs {
          if source[axis] < part.shape[axis] { return part[source] }
          source[axis] -= part.shape[axis]
        }
        return .nan
      }
    default: fatalError("\(node.operation) computes")
    }
  }

  private func computed(_ node: Graph.Node, _ shape: [Int]) -> Array {
    let inputs = node.inputs.map { real($0) }
    let x = inputs[0]
    switch node.operation.base {
    case let patchify as Graph.Patchify:
      let patch = patchify.patch
      let columns = x.shape[3] / patch
      return Array(shape) { index in
        let (channel, within) = index[2].quotientAndRemainder(dividingBy: patch * patch)
        return x[[
          index[0], channel, index[1] / columns * patch + within / patch, index[1] % columns * patch + within % patch,
        ]]
      }
    case let linear as Graph.Linear:
      let w = constant(linear.weight).rows()
      let b = linear.bias.map { constant($0).data }
      var data: [Double] = []
      for row in x.rows() {
        for (o, weights) in w.enumerated() {
          let sum = zip(row, weights).reduce(0) { $0 + $1.0 * $1.1 } + (b?[o] ?? 0)
          let y = linear.activation.map { Self.activate($0, sum) } ?? sum
          data.append(y + (inputs.count > 1 ? inputs[1].data[data.count] : 0))
        }
      }
      return Array(shape: shape, data: data)
    case let convolution as Graph.Convolution: return self.convolution(convolution, x, shape)
    case let transposed as Graph.TransposedConvolution: return self.transposedConvolution(transposed, x, shape)
    case let pool as Graph.Pool: return Self.pool(pool, x, shape)
    case let resize as Graph.Resize: return Self.resize(resize, x, shape)
    case let norm as Graph.LayerNorm:
      let (gamma, beta) = (norm.weight.map { constant($0).data }, norm.bias.map { constant($0).data })
      return Array(
        shape: shape,
        data: x.rows().flatMap { row in
          let mean = row.reduce(0, +) / Double(row.count)
          let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
          return row.enumerated().map { i, element in
            (element - mean) / (variance + norm.epsilon).squareRoot() * (gamma?[i] ?? 1) + (beta?[i] ?? 0)
          }
        })
    case let activate as Graph.Activate:
      return Array(shape: shape, data: x.data.map { Self.activate(activate.activation, $0) })
    case is Graph.Add: return Array(shape) { x[$0] + inputs[1][$0] }
    case is Graph.Multiply: return Array(shape) { x[$0] * inputs[1][$0] }
    case let softmax as Graph.Softmax:
      let (queries, keys) = (shape.dropLast().last ?? 1, shape[shape.count - 1])
      let rows = x.rows().enumerated().map { row, scores in
        let seen = softmax.causal ? keys - queries + row % queries + 1 : keys
        return Self.softmax(Swift.Array(scores[..<seen])) + Swift.Array(repeating: 0, count: keys - seen)
      }
      return Array(shape: shape, data: rows.flatMap { $0 })
    case let product as Graph.MatrixProduct:
      let b = inputs[1]
      return Array(shape) { index in
        (0..<(x.shape.last ?? 0)).reduce(0) { sum, k in
          let column = index[index.count - 1]
          let left = Swift.Array(index.dropLast()) + [k]
          let right = Swift.Array(index.dropLast(2)) + (product.transposesSecond ? [column, k] : [k, column])
          return sum + x[left] * b[right]
        }
      }
    case let mean as Graph.Mean:
      let axes = mean.axes
      let kept = x.shape.indices.filter { !axes.contains($0) }
      let reduced = Array.indices(axes.map { x.shape[$0] })
      let keptShape = kept.map { x.shape[$0] }
      let means = Array(keptShape) { index in
        reduced.reduce(0) { sum, other in
          var source = [Int](repeating: 0, count: x.shape.count)
          for (i, axis) in kept.enumerated() { source[axis] = index[i] }
          for (i, axis) in axes.enumerated() { source[axis] = other[i] }
          return sum + x[source]
        } / Double(reduced.count)
      }
      return Array(shape: shape, data: means.data)
    case let own as Graph.Attention:
      guard let windows = own.windows else { return attention(inputs, own, shape) }
      return attention(inputs, heads: own.heads, scale: own.scale, within: windows, shape)
    case let own as Graph.RelativeAttention: return attention(inputs, own, shape)
    case is Graph.Convert: return x
    default: fatalError("\(node.operation) moves")
    }
  }

  private func convolution(_ op: Graph.Convolution, _ x: Array, _ shape: [Int]) -> Array {
    let (weights, bias) = (constant(op.weight), op.bias.map { constant($0).data })
    let (inGroup, outGroup) = (x.shape[1] / op.groups, shape[1] / op.groups)
    return Array(shape) { index in
      var sum = bias?[index[1]] ?? 0
      for (i, j) in (0..<op.kernel[0]).flatMap({ i in (0..<op.kernel[1]).map { (i, $0) } }) {
        let row = index[2] * op.stride[0] + i * op.dilation[0] - op.padding[0]
        let column = index[3] * op.stride[1] + j * op.dilation[1] - op.padding[1]
        guard (0..<x.shape[2]).contains(row), (0..<x.shape[3]).contains(column) else { continue }
        // By hand, as whole networks pass here and tests are not optimised.
        var place = (index[1] * op.kernel[0] * op.kernel[1] + i * op.kernel[1] + j) * inGroup
        let end = place + inGroup
        var at = ((index[0] * x.shape[1] + index[1] / outGroup * inGroup) * x.shape[2] + row) * x.shape[3] + column
        weights.data.withUnsafeBufferPointer { weights in
          x.data.withUnsafeBufferPointer { pixels in
            while place < end {
              sum += weights[place] * pixels[at]
              place += 1
              at += x.shape[2] * x.shape[3]
            }
          }
        }
      }
      return op.activation.map { Self.activate($0, sum) } ?? sum
    }
  }

  /// By adding each input, times the kernel, to the outputs that it reaches.
  private func transposedConvolution(_ op: Graph.TransposedConvolution, _ x: Array, _ shape: [Int]) -> Array {
    let (matrix, bias) = (constant(op.weight), op.bias.map { constant($0).data })
    let (channels, taps) = (x.shape[1], op.taps)
    var y = Array(shape) { bias?[$0[1]] ?? 0 }
    for (i, place) in Array.indices(x.shape).enumerated() {
      for (down, right) in (0..<op.kernel[0]).flatMap({ i in (0..<op.kernel[1]).map { (i, $0) } }) {
        let row = place[2] * op.stride[0] + down - op.padding[0]
        let column = place[3] * op.stride[1] + right - op.padding[1]
        guard (0..<shape[2]).contains(row), (0..<shape[3]).contains(column) else { continue }
        let phase = down % op.stride[0] * op.stride[1] + right % op.stride[1]
        let tap = (taps[0] - 1 - down / op.stride[0]) * taps[1] + taps[1] - 1 - right / op.stride[1]
        for output in 0..<shape[1] {
          let at = ((place[0] * shape[1] + output) * shape[2] + row) * shape[3] + column
          y.data[at] += x.data[i] * matrix[[phase * shape[1] + output, tap * channels + place[1]]]
        }
      }
    }
    if let activation = op.activation { y.data = y.data.map { Self.activate(activation, $0) } }
    return y
  }

  private static func pool(_ op: Graph.Pool, _ x: Array, _ shape: [Int]) -> Array {
    Array(shape) { index in
      var seen: [Double] = []
      for (i, j) in (0..<op.kernel[0]).flatMap({ i in (0..<op.kernel[1]).map { (i, $0) } }) {
        let row = index[2] * op.stride[0] + i * op.dilation[0] - op.padding[0]
        let column = index[3] * op.stride[1] + j * op.dilation[1] - op.padding[1]
        guard (0..<x.shape[2]).contains(row), (0..<x.shape[3]).contains(column) else { continue }
        seen.append(x[[index[0], index[1], row, column]])
      }
      switch op.pooling {
      case .max: return seen.max() ?? -.infinity
      case .average: return seen.reduce(0, +) / Double(op.kernel[0] * op.kernel[1])
      case .averageInside: return seen.reduce(0, +) / Double(seen.count)
      }
    }
  }

  /// As PyTorch finds places, in single precision, so that the same pixel is the nearest.
  private static func resize(_ op: Graph.Resize, _ x: Array, _ shape: [Int]) -> Array {
    func place(_ side: Int, _ output: Int) -> (low: Int, high: Int, share: Double) {
      let (inputs, outputs) = (x.shape[2 + side], shape[2 + side])
      var step = Float(inputs) / Float(outputs)
      let isExact = inputs == outputs || op.interpolation == .nearest && outputs == 2 * inputs
      if let factors = op.factors, !isExact { step = Float(1 / factors[side]) }
      if op.interpolation == .bilinearCorners, !isExact {
        step = outputs > 1 ? Float(inputs - 1) / Float(outputs - 1) : 0
      }
      let at = op.interpolation == .bilinear ? max(0, step * (Float(output) + 0.5) - 0.5) : step * Float(output)
      let low = min(Int(at), inputs - 1)
      return (low, min(low + 1, inputs - 1), op.interpolation == .nearest ? 0 : min(1, Double(at) - Double(low)))
    }
    return Array(shape) { index in
      let (rows, columns) = (place(0, index[2]), place(1, index[3]))
      func pixel(_ row: Int, _ column: Int) -> Double { x[[index[0], index[1], row, column]] }
      func line(_ row: Int) -> Double {
        (1 - columns.share) * pixel(row, columns.low) + columns.share * pixel(row, columns.high)
      }
      return (1 - rows.share) * line(rows.low) + rows.share * line(rows.high)
    }
  }

  private func attention(_ inputs: [Array], _ own: Graph.Attention, _ shape: [Int]) -> Array {
    let isPacked = inputs.count <= 2
    let (width, head, scale) = (shape[2], shape[2] / own.heads, own.scale)
    let keyHeads = own.keyHeads ?? own.heads
    let starts = [0, width, width + keyHeads * head]
    let keys = inputs[isPacked ? 0 : 1].shape[1]
    func element(_ stream: Int, _ b: Int, _ t: Int, _ i: Int) -> Double {
      isPacked ? inputs[0][[b, t, starts[stream] + i]] : inputs[stream][[b, t, i]]
    }
    let mask = inputs.count % 2 == 0 ? inputs.last : nil
    let data = Array.indices([shape[0], shape[1], own.heads]).flatMap { index -> [Double] in
      let (b, t, h) = (index[0], index[1], index[2])
      let shared = h / (own.heads / keyHeads) * head  // where the keys of the head begin
      let scores = (0..<keys).map { key in
        guard !own.causal || key <= keys - shape[1] + t else { return -Double.infinity }
        var score =
          (0..<head).reduce(0) { $0 + element(0, b, t, h * head + $1) * element(1, b, key, shared + $1) } * scale
        if let cap = own.softCap { score = cap * tanh(score / cap) }
        return score + (mask?[[b, h, t, key]] ?? 0)
      }
      let weights = Self.softmax(scores)
      return (0..<head).map { i in
        zip(weights, 0..<keys).reduce(0) { $0 + $1.0 * element(2, b, $1.1, shared + i) }
      }
    }
    return Array(shape: shape, data: data)
  }

  private func attention(_ inputs: [Array], _ own: Graph.RelativeAttention, _ shape: [Int]) -> Array {
    let (tokens, head) = (shape[1], shape[2] / own.heads)
    let (u, v) = (own.contentBias.map { constant($0).data }, own.positionBias.map { constant($0).data })
    let data = Array.indices([shape[0], shape[1], own.heads]).flatMap { index -> [Double] in
      let (b, t, h) = (index[0], index[1], index[2])
      let seen = inputs.count > 4 ? Int(inputs[4].data[b]) : tokens
      let scores = (0..<seen).map { key in
        (h * head..<(h + 1) * head).reduce(0.0) { sum, i in
          let q = inputs[0][[b, t, i]]
          let distance = inputs[3].data[(tokens - 1 - t + key) * shape[2] + i]
          return sum + (q + (u?[i] ?? 0)) * inputs[1][[b, key, i]] + (q + (v?[i] ?? 0)) * distance
        } * own.scale
      }
      let weights = Self.softmax(scores)
      return (h * head..<(h + 1) * head).map { i in
        zip(weights, 0..<seen).reduce(0) { $0 + $1.0 * inputs[2][[b, $1.1, i]] }
      }
    }
    return Array(shape: shape, data: data)
  }

  /// By the definition: every token of the map looks at those of its window, in the coordinates of the shifted map.
  private func attention(
    _ inputs: [Array], heads: Int, scale: Double, within windows: Graph.AttentionWindows, _ shape: [Int]
  ) -> Array {
    let (side, size, head) = (windows.side, windows.size, shape[2] / heads)
    let table = windows.biases.map { constant($0) }
    func shifted(_ token: Int) -> [Int] {
      [token / side, token % side].map { ($0 + side - windows.shift) % side }
    }
    func element(_ stream: Int, _ b: Int, _ t: Int, _ i: Int) -> Double {
      inputs.count == 1 ? inputs[0][[b, t, stream * shape[2] + i]] : inputs[stream][[b, t, i]]
    }
    let data = Array.indices([shape[0], shape[1], heads]).flatMap { index -> [Double] in
      let (b, h, own) = (index[0], index[2], shifted(index[1]))
      let seen = (0..<side * side).filter { zip(shifted($0), own).allSatisfy { $0 / size == $1 / size } }
      let scores = seen.map { key in
        let other = shifted(key)
        let offset = zip(own, other).map { $0 % size - $1 % size + size - 1 }
        let wraps = zip(own, other).contains { ($0 + windows.shift >= side) != ($1 + windows.shift >= side) }
        return (0..<head).reduce(0) {
          $0 + element(0, b, index[1], h * head + $1) * element(1, b, key, h * head + $1)
        } * scale + (table?[[offset[0] * (2 * size - 1) + offset[1], h]] ?? 0) - (wraps ? 100 : 0)
      }
      let weights = Self.softmax(scores)
      return (0..<head).map { i in
        zip(weights, seen).reduce(0) { $0 + $1.0 * element(2, b, $1.1, h * head + i) }
      }
    }
    return Array(shape: shape, data: data)
  }

  static func softmax(_ scores: [Double]) -> [Double] {
    let greatest = scores.max() ?? 0
    let exponentials = scores.map { exp($0 - greatest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
  }

  static func activate(_ activation: Graph.Activation, _ x: Double) -> Double {
    switch activation {
    case .relu: max(0, x)
    case .gelu: x * 0.5 * (1 + erf(x / 2.0.squareRoot()))
    case .silu: x / (1 + exp(-x))
    case .sigmoid: 1 / (1 + exp(-x))
    case .geluTanh: x * 0.5 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .quickGelu: x / (1 + exp(-1.702 * x))
    case .tanh: tanh(x)
    case .hardSigmoid: min(max(x / 6 + 0.5, 0), 1)
    case .hardSwish: x * min(max(x / 6 + 0.5, 0), 1)
    case .leakyRelu(let slope): x > 0 ? x : Double(slope) * x
    }
  }
}

extension ModelFile {
  /// The place in its group of each kept weight, one byte each.
  func indices(of constant: Graph.Constant, _ pattern: SparsityPattern) -> [UInt8] {
    stored.indices(ofRows: 0..<constant.shape[0], of: constant, pattern)
  }
}
