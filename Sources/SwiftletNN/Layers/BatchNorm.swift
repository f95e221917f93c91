import SwiftletTensor

/// Normalises every channel over the batch and all positions, such as frames or pixels: with the batch's own statistics
/// while training, with running averages of them in inference.
///
/// `running ← (1 - momentum) running + momentum batch`, the variance unbiased, as PyTorch does.
/// Shapes: `x` is `[batch, channels, …]`, and so is the result.
/// Source: Ioffe and Szegedy, "Batch Normalization" (2015), algorithms 1 and 2.
public final class BatchNorm: Layer, ModeDependent {
  @Parameter public var weight: Tensor
  @Parameter public var bias: Tensor
  @Buffer public var runningMean: Tensor
  @Buffer public var runningVar: Tensor
  @Buffer public var numBatchesTracked: Tensor
  public let momentum, epsilon: Double
  public var mode = Mode.inference

  public init(
    weight: Tensor, bias: Tensor, runningMean: Tensor, runningVar: Tensor, numBatchesTracked: Tensor,
    momentum: Double, epsilon: Double
  ) {
    (self.momentum, self.epsilon) = (momentum, epsilon)
    self.weight = weight
    self.bias = bias
    self.runningMean = runningMean
    self.runningVar = runningVar
    self.numBatchesTracked = numBatchesTracked
  }

  public convenience init(channels: Int, momentum: Double = 0.1, epsilon: Double = 1e-5) {
    self.init(
      weight: .parameterOfOnes([channels]), bias: .parameterOfZeros([channels]), runningMean: .zeros([channels]),
      runningVar: .ones([channels]), numBatchesTracked: .zeros([], dataType: .int64), momentum: momentum,
      epsilon: epsilon)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    var isTraining = false
    if case .training = mode {
      isTraining = true
      if x.count == x.shape.dropFirst().first {
        reportFailure("BatchNorm", "training needs more than one value per channel, the input has shape \(x.shape)")
      }
      _ = withNoGradient { numBatchesTracked.addInPlace(1) }
    }
    return x.batchNorm(
      weight: weight, bias: bias, runningMean: runningMean, runningVariance: runningVar, training: isTraining,
      momentum: momentum, epsilon: epsilon)
  }

  public func shallowCopy() -> BatchNorm {
    BatchNorm(
      weight: weight, bias: bias, runningMean: runningMean, runningVar: runningVar,
      numBatchesTracked: numBatchesTracked, momentum: momentum, epsilon: epsilon)
  }
}
