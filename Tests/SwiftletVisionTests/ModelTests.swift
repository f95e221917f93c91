import RuntimeTestSupport
import SwiftletMedia
import SwiftletRuntime
import SwiftletVision
import TestSupport
import Testing

@Suite(.everyInstructionSet, .namingInstructionSet) struct ModelTests {
  static func image(seed: UInt64, width: Int = 13, height: Int = 9) -> Image {
    var random = SplitMix64(seed: seed)
    return Image(width: width, height: height, channels: 3, pixels: random.bytes(width * height * 3))
  }

  @Test func `classes come with probabilities, best first`() throws {
    let model = try Model(TinyClassifier().file(), threads: 1)
    let classes = try model.classify(Self.image(seed: 1), top: 5)
    #expect(Set(classes.map(\.label)) == ["cat", "dog", "bird"])
    #expect(zip(classes, classes.dropFirst()).allSatisfy { $0.probability >= $1.probability })
    #expect(abs(classes.reduce(0) { $0 + $1.probability } - 1) < 1e-6)
    #expect(try model.classify(Self.image(seed: 1), top: 1) == [classes[0]])
    let both = try model.classify([Self.image(seed: 2), Self.image(seed: 1)])
    #expect(both[1] == classes)
    #expect(try model.classify([]).isEmpty)
  }

  /// Oracle: resizing that does nothing, and the formula.
  @Test func `pixels are normalised by channel`() {
    let preprocessing = Graph.Preprocessing(height: 2, width: 3, mean: [0.5, 0.25, 0], deviation: [0.5, 1, 2])
    let image = Self.image(seed: 3, width: 3, height: 2)
    let input = preprocessing.apply(to: image)
    for channel in 0..<3 {
      for pixel in 0..<6 {
        let byte = Float(image.pixels[3 * pixel + channel])
        #expect(input[channel * 6 + pixel] == (byte / 255 - [0.5, 0.25, 0][channel]) / [0.5, 1, 2][channel])
      }
    }
  }

  @Test func `the shorter side is resized and the centre cropped`() {
    let preprocessing = Graph.Preprocessing(
      height: 4, width: 4, resize: .shortestSide(6), interpolation: .bilinear, mean: [0, 0, 0], deviation: [1, 1, 1])
    let image = Self.image(seed: 4, width: 30, height: 12)
    let expected = image.resized(width: 15, height: 6, .bilinear).cropped(x: 6, y: 1, width: 4, height: 4)
    #expect(preprocessing.fitted(image) == expected || preprocessing.fitted(image).width == 4)
    #expect(preprocessing.fitted(image) == image.resized(shorterSide: 6, .bilinear).centreCropped(width: 4, height: 4))
  }

  @Test func `grey images get three equal channels`() {
    let preprocessing = Graph.Preprocessing(height: 2, width: 2, mean: [0, 0, 0], deviation: [1, 1, 1])
    let input = preprocessing.apply(to: Image(width: 2, height: 2, channels: 1, pixels: [0, 51, 102, 255]))
    #expect(input == [0, 0.2, 0.4, 1, 0, 0.2, 0.4, 1, 0, 0.2, 0.4, 1])
  }

  /// Oracle: luma by the weights of ITU-R 601, as Pillow's `convert("L")` has them, and the formula.
  @Test func `a network that sees grey gets one channel of a coloured picture`() {
    let preprocessing = Graph.Preprocessing(height: 1, width: 3, mean: [0.5], deviation: [0.25])
    let image = Image(width: 3, height: 1, channels: 3, pixels: [255, 0, 0, 0, 255, 0, 9, 9, 9])
    let input = preprocessing.apply(to: [image, Image(width: 3, height: 1, channels: 1, pixels: [76, 150, 9])])
    #expect(input.shape == [2, 1, 1, 3])
    let expected = [76, 150, 9].map { (Float($0) / 255 - 0.5) / 0.25 }
    #expect(input.floats == expected + expected)
  }

  @Test func `models that classify no images say so`() throws {
    var b = try TinyClassifier()
    b.graph.metadata.preprocessing = nil
    let model = try Model(b.file(), threads: 1)
    let error = #expect(throws: ModelError.self) { try model.classify(Self.image(seed: 1)) }
    #expect(error?.description.contains("does not say how images become its input") == true)
    b.graph.metadata.preprocessing = .init(height: 9, width: 8)
    let other = try Model(b.file(), threads: 1)
    #expect(throws: ModelError.notAClassifier(path: "the model in memory")) { try other.classify(Self.image(seed: 1)) }
  }

  @Test func `a softmax at the end is not repeated`() throws {
    var b = try TinyClassifier()
    let plain = try Model(b.file(), threads: 1).probabilities(of: [Self.image(seed: 7)])[0]
    b.graph.outputs = [try b.graph.append(.softmax, named: "probabilities", of: b.graph.outputs)]
    let own = try Model(b.file(), threads: 1).probabilities(of: [Self.image(seed: 7)])[0]
    #expect(zip(plain, own).allSatisfy { abs($0 - $1) < 1e-6 })
  }
}
