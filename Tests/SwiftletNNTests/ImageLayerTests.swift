import SwiftletTensor
import TensorTestSupport
import Testing

@testable import SwiftletNN

/// Oracle: by hand.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct ImageLayerTests {
  private let picture = Tensor((0..<16).map { Float($0) }, shape: [1, 1, 4, 4])

  private func numbers(_ layer: some Layer) -> [Float] { layer(picture).contiguous().scalars(as: Float.self) }

  @Test func `windows step by their size unless told`() {
    #expect(numbers(MaxPool2d(kernel: 2)) == [5, 7, 13, 15])
    #expect(numbers(MaxPool2d(kernel: 3, stride: 1)) == [10, 11, 14, 15])
    #expect(numbers(AvgPool2d(kernel: 2)) == [2.5, 4.5, 10.5, 12.5])
    #expect(numbers(AvgPool2d(kernel: 4, stride: 2, padding: 2)).first == 0.625)
    #expect(numbers(AdaptiveAvgPool2d()) == [7.5])
    #expect(numbers(AdaptiveAvgPool2d(2)) == [2.5, 4.5, 10.5, 12.5])
  }

  @Test func `sides grow by a factor`() {
    let large = Upsample(factor: 2)(picture)
    #expect(large.shape == [1, 1, 8, 8])
    #expect(Array(large.contiguous().scalars(as: Float.self).prefix(8)) == [0, 0, 1, 1, 2, 2, 3, 3])
    let smooth = Upsample(factor: 2, .bilinear())(picture).contiguous().scalars(as: Float.self)
    #expect(Array(smooth.prefix(4)) == [0, 0.25, 0.75, 1.25])
  }

  @Test func `a transposed convolution puts its kernel where an input is`() {
    let kernel = Tensor([1, 2, 3, 4] as [Float], shape: [1, 1, 2, 2])
    let layer = ConvTranspose2d(weight: kernel, bias: nil, stride: 2)
    let y = layer(picture)
    #expect(y.shape == [1, 1, 8, 8])
    #expect(
      Array(y.contiguous().scalars(as: Float.self).prefix(16)) == [0, 0, 1, 2, 2, 4, 3, 6, 0, 0, 3, 4, 6, 8, 9, 12])
    let random = ConvTranspose2d(
      inputs: 3, outputs: 5, kernel: 3, stride: 2, padding: 1, outputPadding: 1, using: Generator(seed: 1))
    #expect(random(.ones([2, 3, 4, 6])).shape == [2, 5, 8, 12])
    #expect(random.copy().namedParameters().map(\.path).sorted() == ["bias", "weight"])
  }

  @Test func `activations with and without a setting`() {
    let x = Tensor([-4, -1, 0, 1.5, 4] as [Float], shape: [5])
    #expect(LeakyReLU(slope: 0.5)(x).scalars(as: Float.self) == [-2, -0.5, 0, 1.5, 4])
    #expect(HardSigmoid()(x).scalars(as: Float.self) == [0, 1 / 3, 0.5, 0.75, 1])
    #expect(HardSwish()(x).scalars(as: Float.self) == [0, -1 / 3, 0, 1.125, 4])
  }
}
