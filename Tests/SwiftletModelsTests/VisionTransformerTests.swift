import SwiftletModels
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import Testing

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct VisionTransformerTests {
  let generator = Generator(seed: 31)
  var configuration = DeiTConfiguration()

  init() {
    configuration.imageSize = 12
    configuration.patchSize = 4
    configuration.width = 16
    configuration.depth = 3
    configuration.heads = 2
    configuration.classes = 5
  }

  func images(_ count: Int) -> Tensor { .normal([count, 3, 12, 12], using: generator) }

  @Test func `a sample's scores do not depend on its batch neighbours`() throws {
    let model = try VisionTransformer(configuration, using: generator)
    let batch = images(4)
    let all = model(batch)
    for sample in 0..<4 {
      let alone = model(batch.narrowed(along: 0, from: sample, count: 1))
      #expect(distance(all.narrowed(along: 0, from: sample, count: 1), alone) < 1e-5)
    }
  }

  @Test func `inference with a distillation head takes the mean of both heads`() throws {
    var configuration = configuration
    configuration.distillation = .head
    let model = try VisionTransformer(configuration, using: generator)
    let x = images(2)
    let (first, second) = model.scores(x)
    #expect(distance(model(x), (first + (try #require(second))) / 2) == 0)
    #expect(distance(first, try #require(second)) > 1e-4)
    #expect(model.features(x).shape == [2, configuration.tokens, 16])
  }

  @Test func `images of another shape are refused with both shapes`() throws {
    let model = try VisionTransformer(configuration, using: generator)
    #expect(
      throws: TensorError(
        operation: "VisionTransformer",
        message: "images have shape [2, 3, 16, 16], the configuration expects [batch] + [3, 12, 12]")
    ) { try withError { model(.zeros([2, 3, 16, 16])) } }
    #expect(throws: TensorError.self) { try withError { model(.zeros([12, 12])) } }
    #expect(model(.zeros([0, 3, 12, 12])).shape == [0, 5])
  }

  @Test func `nonsense makes no model`() {
    var configuration = configuration
    configuration.heads = 3
    #expect(throws: ConfigurationError.self) { try VisionTransformer(configuration, using: generator) }
  }

  @Test func `every linear layer is replaceable by its path`() throws {
    let model = try VisionTransformer(configuration, using: generator)
    let layers = model.linearLayers()
    #expect(layers.map(\.path).contains("blocks.2.mlp.fc2") && layers.count == 3 * 4 + 1)
    let x = images(2)
    let before = model(x)
    for (path, layer) in layers {
      try model.replaceLayer(at: path, with: Linear(weight: layer.weight * 0, bias: layer.bias))
    }
    #expect(distance(model(x), .zeros([2, 5])) == 0 && distance(before, .zeros([2, 5])) > 1e-4)
  }

  @Test func `a copy trains apart from its original`() throws {
    var configuration = configuration
    configuration.dropPath = 0.2
    let model = try VisionTransformer(configuration, using: generator)
    let teacher = model.copy()
    let x = images(2)
    #expect(distance(model(x), teacher(x)) == 0)
    model.train(using: generator)
    model(x).sum().backward()
    withNoGradient { for tensor in model.parameters() { if let g = tensor.gradient { tensor.addInPlace(g) } } }
    model.evaluate()
    #expect(distance(model(x), teacher(x)) > 1e-4)
    #expect(teacher.parameters().allSatisfy { $0.gradient == nil })
  }

  @Test func `weights start as DeiT's do`() throws {
    var configuration = DeiTConfiguration.tiny
    configuration.depth = 1
    let model = try VisionTransformer(configuration, using: Generator(seed: 3))
    for (path, layer) in model.linearLayers() {
      let deviation = layer.weight.detached().variance().sqrt().item()
      #expect(abs(deviation / 0.02 - 1) < 0.03, "\(path)")
      #expect(layer.bias?.detached().abs().max().item() == 0)
    }
    let again = try VisionTransformer(configuration, using: Generator(seed: 3))
    let other = try VisionTransformer(configuration, using: Generator(seed: 4))
    let token = try #require(model.classToken)
    #expect(distance(token, try #require(again.classToken)) == 0)
    #expect(distance(token, try #require(other.classToken)) > 0)
  }

  @Test func `positions on the same grid stay, and prefix tokens keep theirs on any`() {
    let positions = Tensor.normal([1, 1 + 9, 4], using: generator)
    let nine = PatchGrid(rows: 3, columns: 3)
    let same = PositionEmbedding.resampled(positions, prefixTokens: 1, from: nine, to: nine)
    #expect(distance(same, positions) == 0)
    let larger = PositionEmbedding.resampled(
      positions, prefixTokens: 1, from: nine, to: PatchGrid(rows: 5, columns: 4))
    #expect(larger.shape == [1, 21, 4])
    #expect(
      distance(larger.narrowed(along: 1, from: 0, count: 1), positions.narrowed(along: 1, from: 0, count: 1)) == 0)
  }

  /// Constant positions stay constant under any resampling whose weights sum to one.
  @Test(arguments: [false, true]) func `constant positions stay constant`(antialiased: Bool) {
    let larger = PositionEmbedding.resampled(
      .full([1, 10, 4], 0.7), prefixTokens: 1, from: PatchGrid(rows: 3, columns: 3), to: PatchGrid(rows: 7, columns: 7),
      antialiased: antialiased)
    #expect(distance(larger, .full([1, 50, 4], 0.7)) < 1e-6)
  }

  /// bfloat16 keeps 8 bits: three blocks stay within a few percent of scores near 0.1.
  @Test func `autocast to bfloat16 computes nearly the same scores`() throws {
    let model = try VisionTransformer(configuration, using: generator)
    let x = images(2)
    let exact = model(x)
    let fast = withNoGradient { withAutocast(.bfloat16) { model(x) } }
    #expect(fast.dataType == .bfloat16)
    let gap = distance(exact, fast.cast(to: .float32))
    #expect(gap > 0 && gap < 0.05 * exact.detached().abs().max().item())
  }

  @Test func `training drops whole branches and depends only on the generator's seed`() throws {
    var configuration = configuration
    configuration.dropPath = 0.5
    let model = try VisionTransformer(configuration, using: generator)
    let x = images(8)
    model.train(using: Generator(seed: 1))
    let first = model(x)
    let second = model(x)
    model.train(using: Generator(seed: 1))
    #expect(distance(first, model(x)) == 0)
    #expect(distance(first, second) > 0)
    model.evaluate()
    #expect(distance(model(x), model(x)) == 0)
  }
}
