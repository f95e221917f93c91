import Foundation
import SwiftletTensor

/// The distribution that a parameter starts from.
public enum Initialization: Hashable, Sendable {
  /// `N(0, standardDeviation²)`.
  case normal(standardDeviation: Double)
  /// `N(0, standardDeviation²)` without what lies outside -2...2, as DeiT starts its weights.
  case truncatedNormal(standardDeviation: Double)
  /// Uniform in `-bound...bound`.
  case uniform(bound: Double)
  /// Uniform with variance `2 / (fanIn + fanOut)`. Source: Glorot and Bengio (2010), equation 16.
  case xavierUniform
  /// Normal with variance `2 / fanIn`, for ReLU networks. Source: He et al. (2015), equation 10.
  case kaimingNormal
  /// Uniform with variance `1 / (3 fanIn)`, PyTorch's start of linear and convolution weights.
  case fanInUniform

  /// A float32 parameter of `shape`, `[outputs, inputs, …]`, that learns, on the CPU.
  public func parameter(_ shape: [Int], using generator: Generator) -> Tensor {
    let tensor = values(shape, using: generator).to(device: .cpu)
    tensor.requiresGradient = true
    return tensor
  }

  /// PyTorch's start of a convolution: weights `[outputs, inputs / groups, kernel…]` and bias uniform in ±1/√fanIn.
  ///
  /// - Precondition: `groups` divides `inputs` and `outputs`.
  static func convolution(
    inputs: Int, outputs: Int, kernel: [Int], groups: Int, bias: Bool, using generator: Generator
  ) -> (weight: Tensor, bias: Tensor?) {
    precondition(
      inputs.isMultiple(of: groups) && outputs.isMultiple(of: groups),
      "Conv\(kernel.count)d: \(groups) groups must divide \(inputs) inputs and \(outputs) outputs")
    let fanIn = Double(kernel.reduce(inputs / groups, *))
    let weight = Self.fanInUniform.parameter([outputs, inputs / groups] + kernel, using: generator)
    return (weight, bias ? Self.uniform(bound: (1 / fanIn).squareRoot()).parameter([outputs], using: generator) : nil)
  }

  private func values(_ shape: [Int], using generator: Generator) -> Tensor {
    let receptiveField = shape.dropFirst(2).reduce(1, *)
    let fanOut = Double((shape.first ?? 1) * receptiveField)
    let fanIn = Double((shape.dropFirst().first ?? 1) * receptiveField)
    switch self {
    case .normal(let deviation): return .normal(shape, using: generator) * deviation
    case .truncatedNormal(let deviation): return Self.truncatedNormal(shape, deviation, using: generator)
    case .uniform(let bound): return Self.uniform(shape, bound, using: generator)
    case .xavierUniform: return Self.uniform(shape, (6 / (fanIn + fanOut)).squareRoot(), using: generator)
    case .kaimingNormal: return .normal(shape, using: generator) * (2 / fanIn).squareRoot()
    case .fanInUniform: return Self.uniform(shape, (1 / fanIn).squareRoot(), using: generator)
    }
  }

  private static func uniform(_ shape: [Int], _ bound: Double, using generator: Generator) -> Tensor {
    .uniform(shape, in: -bound..<bound, using: generator)
  }

  private static let inverseErrorFunction = Operator("aten::erfinv")

  /// By the inverse of the cumulative distribution: `√2 σ erf⁻¹(u)`, u uniform between the bounds' images.
  private static func truncatedNormal(_ shape: [Int], _ deviation: Double, using generator: Generator) -> Tensor {
    let bound = erf(2 / (deviation * 2.squareRoot()))
    return (inverseErrorFunction(.tensor(uniform(shape, bound, using: generator))) * (deviation * 2.squareRoot()))
      .clamp(min: -2, max: 2)
  }
}

extension Tensor {
  /// A parameter of zeros that learns, such as a bias.
  public static func parameterOfZeros(_ shape: [Int]) -> Tensor { learning(.zeros(shape)) }

  /// A parameter of ones that learns, such as a norm's scale.
  public static func parameterOfOnes(_ shape: [Int]) -> Tensor { learning(.ones(shape)) }

  private static func learning(_ tensor: Tensor) -> Tensor {
    tensor.requiresGradient = true
    return tensor
  }
}
