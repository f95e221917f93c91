import SwiftletTensor

/// The greatest element of each window of `[batch, channels, height, width]`.
public final class MaxPool2d: Layer {
  public let kernel, stride, padding: Int

  /// - Parameter stride: the kernel's side where it is nil.
  public init(kernel: Int, stride: Int? = nil, padding: Int = 0) {
    (self.kernel, self.stride, self.padding) = (kernel, stride ?? kernel, padding)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.maxPool2d(size: [kernel, kernel], stride: [stride, stride], padding: [padding, padding])
  }

  public func shallowCopy() -> MaxPool2d { MaxPool2d(kernel: kernel, stride: stride, padding: padding) }
}

/// The mean of each window of `[batch, channels, height, width]`, padding counted as zeros.
public final class AvgPool2d: Layer {
  public let kernel, stride, padding: Int

  /// - Parameter stride: the kernel's side where it is nil.
  public init(kernel: Int, stride: Int? = nil, padding: Int = 0) {
    (self.kernel, self.stride, self.padding) = (kernel, stride ?? kernel, padding)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.averagePool2d(size: [kernel, kernel], stride: [stride, stride], padding: [padding, padding])
  }

  public func shallowCopy() -> AvgPool2d { AvgPool2d(kernel: kernel, stride: stride, padding: padding) }
}

/// Means over windows that make the result `size` a side: over the whole image where it is 1.
public final class AdaptiveAvgPool2d: Layer {
  public let size: Int

  public init(_ size: Int = 1) { self.size = size }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.averagePool2d(to: [size, size]) }

  public func shallowCopy() -> AdaptiveAvgPool2d { AdaptiveAvgPool2d(size) }
}
