import SwiftletRuntime
import SwiftletTensor

extension Trace {
  /// Takes batch norm with frozen statistics into the linear layer or convolution in front of it:
  /// `W' = factor * W`, `b' = factor * b + offset`, for each output channel.
  mutating func foldBatchNorm() throws {
    for index in operations.indices.reversed() where operations[index].name.contains("batch_norm") {
      let norm = operations[index]
      guard case .tensor(let input) = norm.arguments.first, let output = norm.results.first,
        let source = operations.firstIndex(where: { $0.results == [input] }), isReadOnce(input),
        let roles = Self.weightRoles[operations[source].name.baseName],
        // The norm's channels are the second axis; a linear layer's outputs are the last.
        roles.isConvolution || self[input].shape.count == 2
      else { continue }
      let affine = try ChannelAffine(
        batchNorm: Call(operation: norm, trace: self, place: tensors[output.index].path ?? norm.name))
      guard fold(affine, into: source, roles) else { continue }
      operations[source].results = [output]
      // In place of the norm, so that everything still reads what stands before it.
      operations[index] = operations[source]
      operations.remove(at: source)
    }
  }

  /// The arguments that hold weight and bias, and the weight's axis of output channels.
  private struct WeightRoles {
    let weight, bias: String
    let channelAxis: Int
    var isConvolution = false
  }

  private static let weightRoles: [String: WeightRoles] = [
    "aten::conv1d": WeightRoles(weight: "weight", bias: "bias", channelAxis: 0, isConvolution: true),
    "aten::conv2d": WeightRoles(weight: "weight", bias: "bias", channelAxis: 0, isConvolution: true),
    "aten::conv_transpose2d": WeightRoles(weight: "weight", bias: "bias", channelAxis: 1, isConvolution: true),
    "aten::linear": WeightRoles(weight: "weight", bias: "bias", channelAxis: 0),
    "aten::addmm": WeightRoles(weight: "mat2", bias: "self", channelAxis: 1),
  ]

  private mutating func fold(_ affine: ChannelAffine, into index: Int, _ roles: WeightRoles) -> Bool {
    guard case .tensor(let weight) = operations[index].arguments[roles.weight], self[weight].isConstant,
      self[weight].value.shape[roles.channelAxis] == affine.factors.count
    else { return false }
    var bias: TensorID?
    if case .tensor(let id) = operations[index].arguments[roles.bias] {
      guard self[id].isConstant, self[id].value.shape == [affine.factors.count] else { return false }
      bias = id
    }

    let count = affine.factors.count
    let factors = Tensor(affine.factors, shape: [count])
    var channels = Array(repeating: 1, count: self[weight].value.shape.count)
    channels[roles.channelAxis] = count
    let folded = self[weight].value.cast(to: .float64) * factors.reshaped(channels)
    var offsets = Tensor(affine.offsets, shape: [count])
    if let bias { offsets = offsets + factors * self[bias].value.cast(to: .float64) }

    let weightPath = self[weight].path
    operations[index].arguments[roles.weight] = .tensor(append(constant: folded, path: weightPath))
    operations[index].arguments[roles.bias] = .tensor(
      append(constant: offsets, path: weightPath.map { "\($0.parentPath).bias" }))
    return true
  }

  private mutating func append(constant value: Tensor, path: String?) -> TensorID {
    append(
      TensorInfo(
        origin: .constant(path: path), shape: value.shape.map { .fixed($0) }, dataType: .float32,
        value: value.cast(to: .float32), path: path, dependsOnInput: false))
  }

  private func isReadOnce(_ id: TensorID) -> Bool {
    !outputs.contains(id) && operations.reduce(0) { $0 + $1.arguments.tensorIDs.count(where: { $0 == id }) } == 1
  }
}

extension String {
  /// A schema name without its overload: `aten::add` of `aten::add.Tensor`.
  var baseName: String { firstIndex(of: ".").map { String(self[..<$0]) } ?? self }
}
