private enum Aten {
  static let randint = Operator("aten::randint.low_generator")
  static let randperm = Operator("aten::randperm.generator")
  static let bernoulli = Operator("aten::bernoulli_.float")
  static let normal = Operator("aten::normal_")
  static let uniform = Operator("aten::uniform_")
  static let multinomial = Operator("aten::multinomial")
}

// Random tensors live on the device of their generator: nothing depends on a global stream.
extension Tensor {
  /// Normally distributed elements.
  public static func normal(
    _ shape: [Int], mean: Double = 0, standardDeviation: Double = 1, dataType: DataType = .float32,
    using generator: Generator, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let tensor = Tensor.empty(shape, dataType: dataType, device: generator.device, file: file, line: line)
    return tensor.normalInPlace(
      mean: mean, standardDeviation: standardDeviation, using: generator, file: file, line: line)
  }

  /// Elements uniform in `range`, without its upper end.
  public static func uniform(
    _ shape: [Int], in range: Range<Double> = 0..<1, dataType: DataType = .float32, using generator: Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let tensor = Tensor.empty(shape, dataType: dataType, device: generator.device, file: file, line: line)
    return tensor.uniformInPlace(in: range, using: generator, file: file, line: line)
  }

  /// Ones with `probability`, zeros otherwise.
  public static func bernoulli(
    _ shape: [Int], probability: Double, dataType: DataType = .float32, using generator: Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let tensor = Tensor.empty(shape, dataType: dataType, device: generator.device, file: file, line: line)
    return Aten.bernoulli.tensor([.tensor(tensor), .double(probability), .generator(generator)], file, line)
  }

  /// Whole numbers, uniform in `range`.
  public static func integers(
    _ shape: [Int], in range: Range<Int>, dataType: DataType = .int64, using generator: Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.randint.tensor(
      [
        .int(range.lowerBound), .int(range.upperBound), .ints(shape), .generator(generator), .type(dataType), nil,
        .device(generator.device),
      ], file, line)
  }

  /// The numbers from 0 to `count - 1` in random order, as int64.
  public static func permutation(
    _ count: Int, using generator: Generator, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.randperm.tensor(
      [.int(count), .generator(generator), .type(.int64), nil, .device(generator.device)], file, line)
  }

  /// Indices drawn in proportion to this tensor's rows of weights, `[…, count]`, as int64.
  public func multinomial(
    _ count: Int, replacing: Bool = false, using generator: Generator, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.multinomial.tensor([.tensor(self), .int(count), .bool(replacing), .generator(generator)], file, line)
  }

  /// Overwrites the elements with normally distributed numbers.
  @discardableResult
  public func normalInPlace(
    mean: Double = 0, standardDeviation: Double = 1, using generator: Generator, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    Aten.normal.tensor(
      [.tensor(self), .double(mean), .double(standardDeviation), .generator(generator)], file, line)
  }

  /// Overwrites the elements with numbers uniform in `range`.
  @discardableResult
  public func uniformInPlace(
    in range: Range<Double>, using generator: Generator, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.uniform.tensor(
      [.tensor(self), .double(range.lowerBound), .double(range.upperBound), .generator(generator)], file, line)
  }

  /// The elements, each kept with probability `1 - probability` and scaled by its inverse, or else 0.
  ///
  /// Source: Srivastava et al., "Dropout" (2014).
  /// - Precondition: `probability` is in `0..<1`.
  public func dropout(
    _ probability: Double, using generator: Generator, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    precondition(
      (0..<1).contains(probability), "dropout(\(probability)): expected 0 <= probability < 1", file: file, line: line)
    if probability == 0 { return self }
    let kept = Tensor.empty(shape, dataType: dataType, device: device, file: file, line: line)
    _ = Aten.bernoulli.tensor([.tensor(kept), .double(1 - probability), .generator(generator)], file, line)
    return self * kept.divInPlace(1 - probability, file: file, line: line)
  }
}
