import Foundation
import SwiftletCheckpoint
import SwiftletModels
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import TestSupport
import Testing

/// Every phrase of docs/phrase-book.md, compiled and run.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct PhraseBookTests {
  @Test func `tensors`() {
    let generator = Generator(seed: 7)
    let x = Tensor.normal([2, 3, 32, 32], using: generator)
    #expect(x.permuted([0, 2, 3, 1]).reshaped([2, -1]).shape == [2, 3072])
    #expect(x.mean(along: [2, 3]).shape == [2, 3])
    let (batch, channels, height, width) = x.shape4
    #expect([batch, channels, height, width] == x.shape)
    #expect(abs(Double(x.scalars(as: Float.self).reduce(0, +)) - x.sum().item()) < 0.01)
    func inverseErrorFunction(_ x: Tensor) -> Tensor { Operator("aten::erfinv")(.tensor(x)) }
    #expect(distance(inverseErrorFunction((x * 0.3).erf()), x * 0.3) < 1e-4)
  }

  @Test func `modules`() throws {
    let generator = Generator(seed: 7)
    let module = Phrase(fc: Linear(inputs: 3, outputs: 8, bias: false, using: generator))
    #expect(module.namedParameters().map(\.path) == ["scale", "fc.weight"])
    #expect(module.namedBuffers().map(\.path) == ["seen"])
    #expect(module.copy()(.ones([2, 3])).shape == [2, 8])
  }

  @Test func `models`() throws {
    let generator = Generator(seed: 7)
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "deit.pth")
    var configuration = DeiTConfiguration.tiny
    (configuration.imageSize, configuration.depth, configuration.classes) = (32, 1, 4)
    func save() throws {
      var model = try VisionTransformer(.small, using: generator)
      #expect(model.parameterCount == 22_050_664)
      model = try VisionTransformer(configuration, using: generator)
      try Checkpoint.write(model.stateDictionary(), to: url)
    }
    try save()
    let x = Tensor.normal([2, 3, 32, 32], using: generator)
    let y = Tensor([0, 3] as [Int64])

    var model = try VisionTransformer(configuration, using: Generator(seed: 8))
    let random = model(x)
    model = try VisionTransformer(configuration, weightsAt: url)
    #expect(distance(model(x), random) > 1e-4)
    #expect(model.stateDictionary().names == model.namedParameters().map(\.path))
    #expect(try model.layer(at: "blocks.0.attn") is Attention)
    let layer = Linear(inputs: 192, outputs: 768, using: generator)
    try model.replaceLayer(at: "blocks.0.mlp.fc1", with: layer)
    let teacher = model.copy()
    teacher.freeze()
    model.train(using: generator)
    let loss = model(x).crossEntropy(y, labelSmoothing: 0.1)
    loss.backward()
    model.evaluate()
    #expect(layer.weight.gradient != nil && teacher.parameters().allSatisfy { $0.gradient == nil })
    #expect(withNoGradient { model(x) }.requiresGradient == false)
    #expect(withAutocast(.bfloat16) { model(x) }.dataType == .bfloat16)
    if Torch.cudaDeviceCount > 0 {
      model.move(to: try Device(parsing: "cuda"))
    }
  }

  /// The page's right column against this file.
  @Test func `the page shows nothing that is not run here`() throws {
    let file = URL(filePath: #filePath)
    let package = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(contentsOf: package.appending(path: "docs/phrase-book.md"), encoding: .utf8)
    let source = try String(contentsOf: file, encoding: .utf8)
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
    #expect(rows.count > 20)
    for row in rows {
      let cells = row.split(separator: "|")
      let phrases = try #require(cells.last).split(separator: "`").filter { $0.contains { $0.isLetter } }
      #expect(!phrases.isEmpty)
      for phrase in phrases { #expect(source.contains(phrase), "\(phrase)") }
    }
  }
}

private final class Phrase: Layer {
  @Child var fc: any Layer
  @Parameter var scale: Tensor = .parameterOfOnes([8])
  @Buffer var seen: Tensor = .zeros([8])

  init(fc: any Layer) { self.fc = fc }

  private init(sharing other: Phrase) {
    fc = other.fc
    scale = other.scale
    seen = other.seen
  }

  func callAsFunction(_ x: Tensor) -> Tensor { fc(x) * scale }

  func shallowCopy() -> Phrase { Phrase(sharing: self) }
}
