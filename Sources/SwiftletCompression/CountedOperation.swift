import SwiftletTensor

/// The multiply-adds of one operation of a recorded forward pass, counted from the shapes that really met.
public struct CountedOperation: Sendable {
  public let operatorName: String
  /// The weight that the operation used, if it has one.
  public let weight: TensorIdentity?
  public let multiplyAdds: Int
}

extension RecordedOperation {
  /// What this operation costs, or nil where the literature counts nothing (additions, softmax, activations).
  ///
  /// A layer norm counts once per element, as in ELSA's accounting.
  /// - Parameter skippingZeros: whether weights that are zero cost nothing, so that a pruned layer counts what is left.
  public func counted(skippingZeros: Bool = false) -> CountedOperation? {
    let tensors = arguments.map(\.asTensor)
    guard let result = results.first?.asTensor, let first = tensors.first ?? nil else { return nil }
    let second = tensors.count > 1 ? tensors[1] : nil
    func weights(_ weight: Tensor) -> Int {
      skippingZeros ? Int(weight.notEqual(to: 0).sum().item()) : weight.count
    }

    switch operatorName.split(separator: ".").first {
    case "aten::linear":
      guard let weight = second else { return nil }
      let inputs = weight.shape[weight.rank - 1]
      return .init(
        operatorName: operatorName, weight: weight.identity, multiplyAdds: first.count / inputs * weights(weight))
    case "aten::conv2d", "aten::convolution":
      guard let weight = second else { return nil }
      let outputs = weight.shape[0]
      return .init(
        operatorName: operatorName, weight: weight.identity, multiplyAdds: result.count / outputs * weights(weight))
    case "aten::layer_norm":
      return .init(
        operatorName: operatorName, weight: tensors.count > 2 ? tensors[2]?.identity : nil, multiplyAdds: first.count)
    case "aten::scaled_dot_product_attention":
      guard tensors.count > 2, let keys = second, let values = tensors[2] else { return nil }
      let (keyCount, keyWidth) = (keys.shape[keys.rank - 2], keys.shape[keys.rank - 1])
      let valueWidth = values.shape[values.rank - 1]
      return .init(
        operatorName: operatorName, weight: nil,
        multiplyAdds: first.count / keyWidth * keyCount * (keyWidth + valueWidth))
    case "aten::matmul", "aten::bmm", "aten::mm":
      guard second != nil else { return nil }
      return .init(operatorName: operatorName, weight: nil, multiplyAdds: result.count * first.shape[first.rank - 1])
    default:
      return nil
    }
  }
}
