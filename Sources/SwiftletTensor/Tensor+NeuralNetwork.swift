private enum Aten {
  static let conv1d = Operator("aten::conv1d")
  static let conv2d = Operator("aten::conv2d")
  static let convTranspose2d = Operator("aten::conv_transpose2d.input")
  static let maxPool2d = Operator("aten::max_pool2d")
  static let avgPool2d = Operator("aten::avg_pool2d")
  static let adaptiveAvgPool2d = Operator("aten::adaptive_avg_pool2d")
  static let layerNorm = Operator("aten::layer_norm")
  static let rmsNorm = Operator("aten::rms_norm")
  static let batchNorm = Operator("aten::batch_norm")
  static let embedding = Operator("aten::embedding")
  static let attention = Operator("aten::scaled_dot_product_attention")
  static let crossEntropy = Operator("aten::cross_entropy_loss")
  static let mse = Operator("aten::mse_loss")
  static let klDivergence = Operator("aten::kl_div")
  static let binaryCrossEntropy = Operator("aten::binary_cross_entropy_with_logits")
  static let nearest = Operator("aten::upsample_nearest2d.vec")
  static let bilinear = Operator("aten::upsample_bilinear2d.vec")
  static let bicubic = Operator("aten::upsample_bicubic2d.vec")
  static let bilinearAntialias = Operator("aten::_upsample_bilinear2d_aa.vec")
  static let bicubicAntialias = Operator("aten::_upsample_bicubic2d_aa.vec")
}

/// How the losses of a batch become one.
public enum LossReduction: Int, Hashable, Sendable {
  case none = 0
  case mean = 1
  case sum = 2
}

/// How pixels between pixels are computed.
public enum Interpolation: Hashable, Sendable {
  case nearest
  case bilinear(antialiased: Bool = false, alignedCorners: Bool = false)
  case bicubic(antialiased: Bool = false, alignedCorners: Bool = false)
}

extension Tensor {
  /// A convolution along the last axis.
  ///
  /// Shapes: `x` is `[batch, channels, frames]`, `weight` `[outputs, channels / groups, kernel]`.
  public func conv1d(
    weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.conv1d.tensor(
      [
        .tensor(self), .tensor(weight), .optional(bias), .ints([stride]), .ints([padding]), .ints([dilation]),
        .int(groups),
      ], file, line)
  }

  /// A two-dimensional convolution.
  ///
  /// Shapes: `x` is `[batch, channels, height, width]`, `weight` `[outputs, channels / groups, height, width]`; `stride`,
  /// `padding` and `dilation` are vertical and horizontal.
  public func conv2d(
    weight: Tensor, bias: Tensor? = nil, stride: [Int] = [1, 1], padding: [Int] = [0, 0], dilation: [Int] = [1, 1],
    groups: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.conv2d.tensor(
      [
        .tensor(self), .tensor(weight), .optional(bias), .ints(stride), .ints(padding), .ints(dilation), .int(groups),
      ], file, line)
  }

  /// The gradient of a convolution with respect to its input, as a layer that enlarges.
  ///
  /// Shapes: `weight` is `[channels, outputs / groups, height, width]`.
  public func transposedConv2d(
    weight: Tensor, bias: Tensor? = nil, stride: [Int] = [1, 1], padding: [Int] = [0, 0],
    outputPadding: [Int] = [0, 0], groups: Int = 1, dilation: [Int] = [1, 1], file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.convTranspose2d.tensor(
      [
        .tensor(self), .tensor(weight), .optional(bias), .ints(stride), .ints(padding), .ints(outputPadding),
        .int(groups), .ints(dilation),
      ], file, line)
  }

  /// The largest element of each window of `[batch, channels, height, width]`.
  public func maxPool2d(
    size: [Int], stride: [Int]? = nil, padding: [Int] = [0, 0], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.maxPool2d.tensor([.tensor(self), .ints(size), .ints(stride ?? size), .ints(padding)], file, line)
  }

  /// The mean of each window of `[batch, channels, height, width]`.
  public func averagePool2d(
    size: [Int], stride: [Int]? = nil, padding: [Int] = [0, 0], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.avgPool2d.tensor([.tensor(self), .ints(size), .ints(stride ?? size), .ints(padding)], file, line)
  }

  /// Means of windows chosen so that the result is `size`, vertical and horizontal.
  public func averagePool2d(to size: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.adaptiveAvgPool2d.tensor([.tensor(self), .ints(size)], file, line)
  }

  /// `(x - mean) / sqrt(variance + epsilon) * weight + bias` over the last axes, which have `shape`.
  ///
  /// Source: Ba et al., "Layer Normalization" (2016).
  public func layerNorm(
    shape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.layerNorm.tensor(
      [.tensor(self), .ints(shape), .optional(weight), .optional(bias), .double(epsilon)], file, line)
  }

  /// `x / sqrt(mean(x²) + epsilon) * weight` over the last axes, which have `shape`.
  ///
  /// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019), equation 4.
  public func rmsNorm(
    shape: [Int], weight: Tensor? = nil, epsilon: Double = 1e-6, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.rmsNorm.tensor([.tensor(self), .ints(shape), .optional(weight), .double(epsilon)], file, line)
  }

  /// Normalises each channel of `[batch, channels, …]`, with the batch's statistics in training (which also move the
  /// running ones by `momentum`), with the running ones otherwise.
  ///
  /// Source: Ioffe and Szegedy, "Batch Normalization" (2015).
  public func batchNorm(
    weight: Tensor? = nil, bias: Tensor? = nil, runningMean: Tensor?, runningVariance: Tensor?, training: Bool,
    momentum: Double = 0.1, epsilon: Double = 1e-5, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.batchNorm.tensor(
      [
        .tensor(self), .optional(weight), .optional(bias), .optional(runningMean), .optional(runningVariance),
        .bool(training), .double(momentum), .double(epsilon), true,
      ], file, line)
  }

  /// The rows of `weight`, `[entries, width]`, that these int64 indices name.
  public func embedding(weight: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.embedding.tensor([.tensor(weight), .tensor(self)], file, line)
  }

  /// Resizes `[batch, channels, height, width]` to `size`, vertical and horizontal.
  public func interpolate(
    to size: [Int], _ method: Interpolation = .bilinear(), file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let (operation, corners): (Operator, Bool?) =
      switch method {
      case .nearest: (Aten.nearest, nil)
      case .bilinear(let antialiased, let corners): (antialiased ? Aten.bilinearAntialias : Aten.bilinear, corners)
      case .bicubic(let antialiased, let corners): (antialiased ? Aten.bicubicAntialias : Aten.bicubic, corners)
      }
    let arguments: [Value] = [.tensor(self), .ints(size)] + (corners.map { [.bool($0)] } ?? []) + [nil]
    return operation.tensor(arguments, file, line)
  }

  /// The cross entropy of these scores, `[batch, classes, …]`, with class numbers (int64) or probabilities.
  public func crossEntropy(
    _ target: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean, ignoring ignored: Int = -100,
    labelSmoothing: Double = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.crossEntropy.tensor(
      [
        .tensor(self), .tensor(target), .optional(weight), .int(reduction.rawValue), .int(ignored),
        .double(labelSmoothing),
      ], file, line)
  }

  /// The squared differences.
  public func meanSquaredError(
    _ target: Tensor, reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.mse.tensor([.tensor(self), .tensor(target), .int(reduction.rawValue)], file, line)
  }

  /// `target * (log(target) - self)`, where this tensor holds logarithms and `target` probabilities or logarithms.
  public func klDivergence(
    _ target: Tensor, targetIsLogarithm: Bool = false, reduction: LossReduction = .mean, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.klDivergence.tensor(
      [.tensor(self), .tensor(target), .int(reduction.rawValue), .bool(targetIsLogarithm)], file, line)
  }

  /// The cross entropy of `sigmoid(self)` with probabilities.
  public func binaryCrossEntropy(
    _ target: Tensor, weight: Tensor? = nil, positiveWeight: Tensor? = nil, reduction: LossReduction = .mean,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.binaryCrossEntropy.tensor(
      [.tensor(self), .tensor(target), .optional(weight), .optional(positiveWeight), .int(reduction.rawValue)],
      file, line)
  }
}

/// `softmax(query * key^T * scale + mask) * value`; `scale` is `1 / sqrt(width)` when nil.
///
/// Shapes: `query` is `[…, queries, width]`, `key` and `value` `[…, keys, width]`; a mask broadcasts to
/// `[…, queries, keys]` and is added, or, if bool, lets attention happen where it is true.
///
/// - Parameter grouped: keys and values may have fewer heads, in the axis before the last two, each for as many
///   neighbouring heads of queries.
///
/// Source: Vaswani et al., "Attention Is All You Need" (2017), section 3.2.1.
public func scaledDotProductAttention(
  query: Tensor, key: Tensor, value: Tensor, mask: Tensor? = nil, causal: Bool = false, scale: Double? = nil,
  grouped: Bool = false,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  Aten.attention.tensor(
    [
      .tensor(query), .tensor(key), .tensor(value), .optional(mask), .double(0), .bool(causal), .optional(scale),
      .bool(grouped),
    ],
    file, line)
}
