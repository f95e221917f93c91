import SwiftletTensor
import Testing

let torch: ConditionTrait = .enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup")

/// Calls every operation once on small numbers that can be checked by hand: an operator whose name or arguments do not
/// fit libtorch's schema stops here.
@Suite(torch) struct EveryOperatorTests {
  let x = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])

  func floats(_ tensor: Tensor) -> [Float] { tensor.scalars(as: Float.self) }

  @Test func `tensors are made in every way`() {
    let generator = Generator(seed: 1)
    #expect(floats(Tensor.zeros([2])) == [0, 0])
    #expect(floats(Tensor.ones([2])) == [1, 1])
    #expect(floats(Tensor.full([2], 1.5)) == [1.5, 1.5])
    #expect(Tensor.full([2], 2, dataType: .float32).dataType == .float32)
    #expect(Tensor.empty([2, 0]).shape == [2, 0])
    #expect(Tensor.range(to: 3).scalars(as: Int.self) == [0, 1, 2])
    #expect(floats(Tensor.spaced(from: 0, through: 1, count: 3)) == [0, 0.5, 1])
    #expect(floats(Tensor.eye(2)) == [1, 0, 0, 1])
    #expect(floats(x.zerosLike()) == [Float](repeating: 0, count: 6))
    #expect(floats(x.onesLike()) == [Float](repeating: 1, count: 6))
    #expect(Tensor(3.5 as Double).item() == 3.5)
    #expect(Tensor.normal([3, 2], using: generator).shape == [3, 2])
    #expect(Tensor.uniform([100], in: 2..<3, using: generator).scalars(as: Float.self).allSatisfy { 2 <= $0 && $0 < 3 })
    #expect(Set(Tensor.bernoulli([100], probability: 0.5, using: generator).scalars(as: Float.self)) == [0, 1])
    #expect(Tensor.integers([50], in: 3..<5, using: generator).scalars(as: Int.self).allSatisfy { 3...4 ~= $0 })
    #expect(Tensor.permutation(9, using: generator).scalars(as: Int.self).sorted() == Array(0..<9))
    #expect(
      Tensor([0, 1, 0] as [Float]).multinomial(2, replacing: true, using: generator).scalars(as: Int.self) == [1, 1])
  }

  @Test func `elements keep their type`() {
    #expect(Tensor([true, false]).dataType == .bool)
    #expect(Tensor([true, false]).scalars(as: Bool.self) == [true, false])
    #expect(Tensor([1, 2] as [UInt8]).scalars(as: UInt8.self) == [1, 2])
    #expect(Tensor([-1, 2] as [Int8]).scalars(as: Int8.self) == [-1, 2])
    #expect(Tensor([-1, 2] as [Int16]).scalars(as: Int16.self) == [-1, 2])
    #expect(Tensor([-1, 2] as [Int32]).scalars(as: Int32.self) == [-1, 2])
    #expect(Tensor([-1, 2] as [Int64]).scalars(as: Int64.self) == [-1, 2])
    #expect(Tensor([0.5, 2] as [Double]).dataType == .float64)
    #expect(Tensor([1.5, 2] as [Float]).cast(to: .bfloat16).scalars(as: Float.self) == [1.5, 2])
    #expect((Tensor([1, 2] as [Int64]) * 2).dataType == .int64)
    #expect((Tensor([1, 2] as [Int64]) / 2).dataType == .float32)
    for type in DataType.allCases { #expect(Tensor.zeros([3], dataType: type).byteCount == 3 * type.byteCount) }
  }

  @Test func arithmetic() {
    let row = Tensor([10, 20, 30] as [Float])
    #expect(floats(x + row) == [11, 22, 33, 14, 25, 36])
    #expect(floats(x + 0.5) == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5])
    #expect(floats(1 + x) == [2, 3, 4, 5, 6, 7])
    #expect(floats(row - x) == [9, 18, 27, 6, 15, 24])
    #expect(floats(x - 1) == [0, 1, 2, 3, 4, 5])
    #expect(floats(1 - x) == [0, -1, -2, -3, -4, -5])
    #expect(floats(x * row) == [10, 40, 90, 40, 100, 180])
    #expect(floats(x * 2) == [2, 4, 6, 8, 10, 12])
    #expect(floats(0.5 * x) == [0.5, 1, 1.5, 2, 2.5, 3])
    #expect(floats(row / x) == [10, 10, 10, 2.5, 4, 5])
    #expect(floats(x / 2) == [0.5, 1, 1.5, 2, 2.5, 3])
    #expect(floats(6 / Tensor([2, 4] as [Float])) == [3, 1.5])
    #expect(floats(-row) == [-10, -20, -30])
    let odd = Tensor([-3, 3] as [Float])
    #expect(floats(odd.floorDivided(by: 2)) == [-2, 1])
    #expect(floats(odd.floorDivided(by: Tensor([2, 2] as [Float]))) == [-2, 1])
    #expect(floats(odd.remainder(dividingBy: 2)) == [1, 1])
    #expect(floats(odd.remainder(dividingBy: Tensor([2, -2] as [Float]))) == [1, -1])
    #expect(floats(odd.pow(2)) == [9, 9])
    #expect(floats(row.pow(Tensor([0, 1, 2] as [Float]))) == [1, 20, 900])
    #expect(floats(odd.maximum(Tensor([0, 0] as [Float]))) == [0, 3])
    #expect(floats(odd.minimum(Tensor([0, 0] as [Float]))) == [-3, 0])
    #expect(floats(odd.lerp(to: Tensor([1, 1] as [Float]), weight: 0.5)) == [-1, 2])
  }

  @Test func comparison() {
    let a = Tensor([1, 2, 3] as [Float])
    let b = Tensor([2, 2, 2] as [Float])
    func flags(_ tensor: Tensor) -> [Bool] { tensor.scalars(as: Bool.self) }
    #expect(flags(a.equal(to: b)) == [false, true, false] && flags(a.equal(to: 2)) == [false, true, false])
    #expect(flags(a.notEqual(to: b)) == [true, false, true] && flags(a.notEqual(to: 2)) == [true, false, true])
    #expect(flags(a.less(than: b)) == [true, false, false] && flags(a.less(than: 2)) == [true, false, false])
    #expect(flags(a.lessOrEqual(to: b)) == [true, true, false] && flags(a.lessOrEqual(to: 2)) == [true, true, false])
    #expect(flags(a.greater(than: b)) == [false, false, true] && flags(a.greater(than: 2)) == [false, false, true])
    #expect(flags(a.greaterOrEqual(to: b)) == [false, true, true])
    #expect(flags(a.greaterOrEqual(to: 2)) == [false, true, true])
    let yes = a.less(than: 3)
    let no = a.less(than: 2)
    #expect(flags(yes.logicalAnd(no)) == [true, false, false])
    #expect(flags(yes.logicalOr(no)) == [true, true, false])
    #expect(flags(yes.logicalNot()) == [false, false, true])
    #expect(flags(Tensor([Float.nan, 1, .infinity]).isNaN()) == [true, false, false])
    #expect(flags(Tensor([Float.nan, 1, .infinity]).isFinite()) == [false, true, false])
    #expect(yes.any() && !yes.all())
    #expect(a.isEqual(to: a.clone()) && !a.isEqual(to: b) && !a.isEqual(to: x))
    #expect(a.isClose(to: a + 1e-7) && !a.isClose(to: b))
  }

  @Test func elementwise() {
    let a = Tensor([0, 1, 4] as [Float])
    func close(_ tensor: Tensor, _ expected: [Float]) -> Bool {
      tensor.isClose(to: Tensor(expected), relative: 1e-6, absolute: 1e-6)
    }
    #expect(close(a.exp(), [1, 2.7182818, 54.59815]))
    #expect(close(a.log(), [-.infinity, 0, 1.3862944]))
    #expect(close(a.log1p(), [0, 0.6931472, 1.609438]))
    #expect(close(a.sqrt(), [0, 1, 2]))
    #expect(close(a.rsqrt(), [.infinity, 1, 0.5]))
    #expect(close((-a).abs(), [0, 1, 4]))
    #expect(close((-a).sign(), [0, -1, -1]))
    #expect(close(a.sin(), [0, 0.84147098, -0.7568025]))
    #expect(close(a.cos(), [1, 0.5403023, -0.6536436]))
    #expect(close(a.erf(), [0, 0.8427008, 1]))
    #expect(close(Tensor([0.5, 1.5, -1.2] as [Float]).rounded(), [0, 2, -1]))
    #expect(close(Tensor([0.5, -1.2] as [Float]).floor(), [0, -2]))
    #expect(close(Tensor([0.5, -1.2] as [Float]).ceil(), [1, -1]))
    #expect(close(a.clamp(min: 0.5, max: 2), [0.5, 1, 2]))
    #expect(close(a.clamp(max: Tensor([1, 0, 9] as [Float])), [0, 0, 4]))
    #expect(close(a.softplus(), [0.6931472, 1.3132617, 4.01815]))
    #expect(close(a.relu(), [0, 1, 4]))
    #expect(close((-a).leakyRelu(), [0, -0.01, -0.04]))
    #expect(close(a.silu(), [0, 0.7310586, 3.928055]))
    #expect(close(a.sigmoid(), [0.5, 0.7310586, 0.9820138]))
    #expect(close(a.tanh(), [0, 0.7615942, 0.9993293]))
    #expect(close(a.gelu(), [0, 0.8413447, 3.9998733]))
    #expect(close(a.gelu(approximatingWithTanh: true), [0, 0.841192, 3.9999297]))
    #expect(close(a.hardSwish(), [0, 0.6666667, 4]))
    #expect(close(Tensor([0, 0] as [Float]).softmax(along: 0), [0.5, 0.5]))
    #expect(close(Tensor([0, 0] as [Float]).logSoftmax(along: -1), [-0.6931472, -0.6931472]))
  }

  @Test func shapes() {
    #expect(x.transposed(0, 1).shape == [3, 2] && floats(x.transposed(0, 1)) == [1, 4, 2, 5, 3, 6])
    #expect(x.permuted([1, 0]).strides == [1, 3])
    #expect(x.reshaped([3, -1]).shape == [3, 2] && x.view([6]).shape == [6] && x.flattened().shape == [6])
    #expect(x.unsqueezed(0).shape == [1, 2, 3] && x.unsqueezed(0).squeezed(0).shape == [2, 3])
    #expect(x.unsqueezed(0).expanded([4, -1, -1]).shape == [4, 2, 3])
    #expect(floats(Tensor.concatenated([x, x], along: 1)) == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    #expect(Tensor.stacked([x, x]).shape == [2, 2, 3])
    #expect(x.split(size: 2, along: 1).map(\.shape) == [[2, 2], [2, 1]])
    #expect(x.split(sizes: [1, 2], along: 1).map(\.shape) == [[2, 1], [2, 2]])
    #expect(x.chunk(2).map(floats) == [[1, 2, 3], [4, 5, 6]])
    #expect(x.unbind(along: 1).map(floats) == [[1, 4], [2, 5], [3, 6]])
    #expect(floats(x.flipped(along: [1])) == [3, 2, 1, 6, 5, 4])
    #expect(floats(x.rolled(by: [1], along: [1])) == [3, 1, 2, 6, 4, 5])
    #expect(x.repeated([2, 1]).shape == [4, 3])
    #expect(floats(x.padded([1, 0], mode: .constant(9))) == [9, 1, 2, 3, 9, 4, 5, 6])
    #expect(floats(x.padded([1, 0], mode: .reflect)) == [2, 1, 2, 3, 5, 4, 5, 6])
    #expect(floats(x.padded([1, 0], mode: .replicate)) == [1, 1, 2, 3, 4, 4, 5, 6])
    #expect(x.shape2 == (2, 3) && x.rank == 2 && x.count == 6 && x.byteCount == 24)
    #expect(x.isContiguous && !x.transposed(0, 1).isContiguous && x.transposed(0, 1).contiguous().isContiguous)
    #expect("\(x)" == "float32[2, 3] on cpu: 1.0, 2.0, 3.0, 4.0, 5.0, 6.0")
  }

  @Test func indexing() {
    #expect(floats(x.select(along: 1, at: -1)) == [3, 6])
    #expect(floats(x.narrowed(along: 1, from: 1, count: 2)) == [2, 3, 5, 6])
    #expect(floats(x.slice(along: 1, from: 0, to: nil, by: 2)) == [1, 3, 4, 6])
    let indices = Tensor([2, 0] as [Int64], shape: [2, 1])
    #expect(floats(x.gather(along: 1, indices)) == [3, 4])
    #expect(floats(x.scatter(along: 1, indices, Tensor([7, 8] as [Float], shape: [2, 1]))) == [1, 2, 7, 8, 5, 6])
    #expect(floats(x.scatter(along: 1, indices, 0)) == [1, 2, 0, 0, 5, 6])
    #expect(floats(x.indexSelect(along: 1, Tensor([2, 2] as [Int64]))) == [3, 3, 6, 6])
    let top = x.topK(2, along: 1)
    #expect(floats(top.values) == [3, 2, 6, 5] && top.indices.scalars(as: Int.self) == [2, 1, 2, 1])
    let sorted = x.sort(along: 1, descending: true)
    #expect(floats(sorted.values) == [3, 2, 1, 6, 5, 4] && sorted.indices.scalars(as: Int.self) == [2, 1, 0, 2, 1, 0])
    #expect(x.argsort(along: 0, descending: true).scalars(as: Int.self) == [1, 1, 1, 0, 0, 0])
    let big = x.greater(than: 3)
    #expect(floats(Tensor.where(big, x, x.zerosLike())) == [0, 0, 0, 4, 5, 6])
    #expect(floats(x.maskedFill(big, -1)) == [1, 2, 3, -1, -1, -1])
    #expect(floats(x.maskedSelect(big)) == [4, 5, 6])
    #expect(big.nonZeroPositions().scalars(as: Int.self) == [1, 0, 1, 1, 1, 2])
    #expect(Tensor([2, 0] as [Int64]).oneHot(classes: 3).scalars(as: Int.self) == [0, 0, 1, 1, 0, 0])
    #expect(floats(x.lowerTriangle()) == [1, 0, 0, 4, 5, 0])
  }

  @Test func reductions() {
    #expect(x.sum().item() == 21 && floats(x.sum(along: [0])) == [5, 7, 9])
    #expect(x.mean().item() == 3.5 && x.mean(along: [1], keepingAxes: true).shape == [2, 1])
    #expect(x.variance().item() == 3.5 && floats(x.variance(along: [0], correction: 0)) == [2.25, 2.25, 2.25])
    #expect(Tensor([3, 4] as [Float]).norm().item() == 5 && Tensor([3, 4] as [Float]).norm(order: 1).item() == 7)
    #expect(x.max().item() == 6 && x.min().item() == 1)
    #expect(floats(x.max(along: 0).values) == [4, 5, 6] && x.max(along: 1).indices.scalars(as: Int.self) == [2, 2])
    #expect(floats(x.min(along: 0).values) == [1, 2, 3] && x.min(along: 1).indices.scalars(as: Int.self) == [0, 0])
    #expect(x.max(along: [0, 1]).item() == 6 && x.min(along: [0, 1]).item() == 1)
    #expect(x.argmax().item() == 5 && x.argmax(along: 1).scalars(as: Int.self) == [2, 2])
    #expect(x.argmin().item() == 0 && x.argmin(along: 0).scalars(as: Int.self) == [0, 0, 0])
    #expect(floats(x.cumulativeSum(along: 1)) == [1, 3, 6, 4, 9, 15])
    #expect(abs(Tensor([0, 0] as [Float]).logSumExp(along: [0]).item() - 0.6931472) < 1e-6)
  }

  @Test func `linear algebra`() {
    let square = Tensor([2, 0, 0, 3] as [Float], shape: [2, 2])
    #expect(floats(square.matmul(x)) == [2, 4, 6, 12, 15, 18])
    #expect(
      floats(x.linear(weight: Tensor([1, 1, 1] as [Float], shape: [1, 3]), bias: Tensor([1] as [Float]))) == [7, 16])
    #expect(floats(Tensor.einsum("ij,kj->ik", x, x)) == [14, 32, 32, 77])
    #expect(floats(square.singularValues().s) == [3, 2])
    #expect(square.matmul(square).cholesky().isClose(to: square))
  }

  @Test func `neural network operations`() {
    let image = Tensor([1, 2, 3, 4] as [Float], shape: [1, 1, 2, 2])
    let kernel = Tensor([1, 1, 1, 1] as [Float], shape: [1, 1, 2, 2])
    #expect(image.conv2d(weight: kernel, bias: Tensor([1] as [Float])).item() == 11)
    #expect(
      floats(
        Tensor([1, 2, 4] as [Float], shape: [1, 1, 3]).conv1d(weight: Tensor([1, -1] as [Float], shape: [1, 1, 2])))
        == [-1, -2])
    #expect(image.transposedConv2d(weight: kernel, stride: [2, 2]).sum().item() == 40)
    #expect(image.maxPool2d(size: [2, 2]).item() == 4)
    #expect(image.averagePool2d(size: [2, 2]).item() == 2.5 && image.averagePool2d(to: [1, 1]).item() == 2.5)
    #expect(
      x.layerNorm(shape: [3], epsilon: 0).isClose(to: Tensor([-1.2247449, 0, 1.2247449] as [Float]), relative: 1e-5))
    let (mean, variance) = (Tensor.zeros([3]), Tensor.ones([3]))
    let normalised = x.batchNorm(runningMean: mean, runningVariance: variance, training: true, epsilon: 0)
    #expect(normalised.isClose(to: Tensor([-1, -1, -1, 1, 1, 1] as [Float], shape: [2, 3]), relative: 1e-6))
    #expect(mean.isClose(to: Tensor([0.25, 0.35, 0.45] as [Float])))
    #expect(floats(Tensor([1, 0] as [Int64]).embedding(weight: x)) == [4, 5, 6, 1, 2, 3])
    for method in [
      Interpolation.nearest, .bilinear(), .bilinear(antialiased: true), .bicubic(), .bicubic(antialiased: true),
    ] {
      let resized = image.interpolate(to: [4, 4], method)
      #expect(resized.shape == [1, 1, 4, 4] && abs(resized.mean().item() - 2.5) < 1e-5)
    }
    let scores = Tensor([0, 0] as [Float], shape: [1, 2])
    let label = Tensor([1] as [Int64])
    #expect(abs(scores.crossEntropy(label).item() - 0.6931472) < 1e-6)
    #expect(
      abs(scores.crossEntropy(Tensor([0.5, 0.5] as [Float], shape: [1, 2]), labelSmoothing: 0.1).item() - 0.6931472)
        < 1e-6)
    #expect(x.meanSquaredError(x.zerosLike(), reduction: .sum).item() == 91)
    #expect(
      abs(
        scores.logSoftmax(along: 1).klDivergence(Tensor([1, 0] as [Float], shape: [1, 2]), reduction: .sum).item()
          - 0.6931472) < 1e-6)
    #expect(abs(scores.binaryCrossEntropy(Tensor([1, 0] as [Float], shape: [1, 2])).item() - 0.6931472) < 1e-6)
    let one = Tensor([1, 1] as [Float], shape: [1, 1, 2])
    #expect(floats(scaledDotProductAttention(query: one, key: one, value: one)) == [1, 1])
    #expect(
      floats(
        scaledDotProductAttention(query: one, key: one, value: one, mask: Tensor([true], shape: [1, 1]), scale: 1)) == [
          1, 1,
        ])
  }

  @Test func `in-place operations change the tensor itself`() {
    let generator = Generator(seed: 2)
    let a = Tensor([1, 2] as [Float])
    let b = Tensor([3, 5] as [Float])
    #expect(floats(a.addInPlace(b, scale: 2)) == [7, 12] && floats(a) == [7, 12])
    #expect(floats(a.addInPlace(1)) == [8, 13])
    #expect(floats(a.mulInPlace(b)) == [24, 65] && floats(a.mulInPlace(2)) == [48, 130])
    #expect(floats(a.divInPlace(b)) == [16, 26] && floats(a.divInPlace(2)) == [8, 13])
    #expect(floats(a.lerpInPlace(to: b, weight: 0.5)) == [5.5, 9])
    #expect(floats(a.addcmulInPlace(b, b, scale: 2)) == [23.5, 59])
    #expect(floats(a.addcdivInPlace(b, b, scale: 0.5)) == [24, 59.5])
    #expect(floats(a.clampInPlace(max: 30)) == [24, 30])
    #expect(floats(a.maskedFillInPlace(a.less(than: 25), 0)) == [0, 30])
    #expect(floats(a.copyInPlace(from: b)) == [3, 5])
    #expect(floats(a.fillInPlace(2)) == [2, 2] && floats(a.zeroInPlace()) == [0, 0])
    a.normalInPlace(mean: 100, standardDeviation: 0.001, using: generator)
    #expect(floats(a).allSatisfy { 99 < $0 && $0 < 101 })
    a.uniformInPlace(in: 4..<5, using: generator)
    #expect(floats(a).allSatisfy { 4 <= $0 && $0 < 5 })
  }

  @Test func `operations on lists change each tensor`() {
    let (a, b) = (Tensor([1, 2] as [Float]), Tensor([4] as [Float]))
    let list = [a, b]
    let other = [Tensor([1, 1] as [Float]), Tensor([2] as [Float])]
    list.addInPlace(other, scale: 2)
    #expect(list.map(floats) == [[3, 4], [8]])
    list.mulInPlace(0.5)
    list.mulInPlace(Tensor(2 as Float))
    #expect(list.map(floats) == [[3, 4], [8]])
    list.lerpInPlace(to: other, weight: 0.5)
    #expect(list.map(floats) == [[2, 2.5], [5]])
    list.addcmulInPlace(other, other)
    #expect(list.map(floats) == [[3, 3.5], [9]])
    list.addcdivInPlace(other, other, scale: -1)
    #expect(list.map(floats) == [[2, 2.5], [8]])
    #expect(floats([Tensor([3, 4] as [Float]), Tensor([2] as [Float])].norms()) == [5, 2])
    #expect([Tensor([9] as [Float])].sqrt().map(floats) == [[3]])
    list.copyInPlace(from: other)
    #expect(list.map(floats) == [[1, 1], [2]])
    list.zeroInPlace()
    #expect(list.map(floats) == [[0, 0], [0]])
    #expect([Tensor]().norms().shape == [0])
  }

  /// Oracle: the first step of Adam moves by the learning rate against the gradient's sign; AdamW decays first.
  @Test func `fused optimisers take a step`() {
    let weight = Tensor([1, -1] as [Float])
    let gradient = Tensor([0.5, -2] as [Float])
    fusedAdamW(
      parameters: [weight], gradients: [gradient], firstMoments: [Tensor.zeros([2])],
      secondMoments: [Tensor.zeros([2])],
      steps: [Tensor(1 as Float)], learningRate: 0.1, beta1: 0.9, beta2: 0.999, weightDecay: 0.1, epsilon: 1e-12)
    #expect(weight.isClose(to: Tensor([0.89, -0.89] as [Float]), relative: 1e-5))
    let momentum = Tensor.zeros([2])
    fusedSGD(
      parameters: [weight], gradients: [gradient], momenta: [momentum], weightDecay: 0, momentum: 0.9,
      learningRate: 0.1,
      isFirstStep: true)
    #expect(weight.isClose(to: Tensor([0.84, -0.69] as [Float]), relative: 1e-5) && momentum.isEqual(to: gradient))
  }
}
