import CSwiftletKernels

extension StepCompiler {
  /// Where the images of an operand lie whose channels are innermost.
  ///
  /// - Precondition: it is `[batch, channels, height, width]`, in the order `channelsLast`.
  func pictures(of operand: ResolvedGraph.Operand) -> swl_pictures {
    let strides = strides(of: operand)
    return swl_pictures(image: strides[0], row: strides[2], column: strides[3])
  }
}
