import Foundation
import SwiftletFiles
import SwiftletMedia
import TestSupport
import Testing

@testable import SwiftletData

@Suite struct AugmentationTests {
  /// Oracle: timm's operations on Pillow pictures (tools/goldens/images.py). Turns and shifts interpolate in double precision, within a level or two.
  @Test(arguments: RandAugment.Operation.allCases, [2, 6, 9])
  func `RandAugment's operations equal timm's`(operation: RandAugment.Operation, magnitude: Int) throws {
    let goldens = try GoldenBytes("rand-augment")
    func image(_ name: String) throws -> Image {
      Image(width: 32, height: 32, channels: 3, pixels: try goldens[name].bytes)
    }
    for sign in [1, -1] {
      let result = try RandAugment().apply(
        operation, to: image("input"), strength: Double(magnitude) / 10, sign: Double(sign))
      let wanted = try image("\(operation)/\(magnitude)/\(sign)")
      let difference = zip(result.pixels, wanted.pixels).map { abs(Int($0) - Int($1)) }.max()
      #expect(try #require(difference) <= 1, "sign \(sign)")
    }
  }

  @Test func `timm's notation is understood`() throws {
    #expect(try RandAugment(parsing: "rand-m9-mstd0.5-inc1") == RandAugment())
    let other = try RandAugment(parsing: "rand-n3-m7-p0.8-inc1")
    #expect(other == RandAugment(layers: 3, magnitude: 7, deviation: 0, probability: 0.8))
    #expect(throws: DataError(.request, "rand-m11-inc1: m11 is not understood; m0...10, mstd, p0...1, n and inc1 are"))
    {
      try RandAugment(parsing: "rand-m11-inc1")
    }
    #expect(throws: DataError.self) { try RandAugment(parsing: "augmix-m3") }
    #expect(throws: DataError.self) { try RandAugment(parsing: "rand-m9-x3-inc1") }
  }

  let steps: [ImageTransform] = [
    .randomCrop(size: 16, padding: 3), .horizontalFlip(), .randAugment(RandAugment()),
    .colourJitter(ColourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4)),
    .colourJitter(ColourJitter(brightness: 0.4, hue: 0.5)), .colourJitter(ColourJitter(hue: 0.1)),
    .randomResizedCrop(RandomResizedCrop(size: 16)),
  ]

  @Test(arguments: 0..<5) func `a step depends on its stream alone`(step: Int) {
    let image = ProceduralShapes(count: 10, seed: 1, side: 16).image(at: 7)
    func run(_ seed: UInt64) -> Image {
      var random = RandomStream(seed: seed)
      return steps[step].applied(to: image, using: &random)
    }
    #expect(run(3) == run(3))
    #expect(Set((0..<20).map { run($0) }).count > 1)
    #expect((0..<20).allSatisfy { run($0).width == 16 && run($0).height == 16 })
  }

  @Test func `a shifted crop is a window of the padded picture`() {
    let image = ProceduralShapes(count: 1, seed: 1, side: 16).image(at: 0)
    let windows = Set(
      (0...6).flatMap { y in (0...6).map { x in image.cropped(x: x - 3, y: y - 3, width: 16, height: 16) } })
    var seen = Set<Image>()
    for seed in 0..<400 as Range<UInt64> {
      var random = RandomStream(seed: seed)
      seen.insert(ImageTransform.randomCrop(size: 16, padding: 3).applied(to: image, using: &random))
    }
    #expect(seen == windows)
  }

  @Test func `random resized crops keep their ranges and lie inside`() {
    let crop = RandomResizedCrop(size: 8, area: 0.2...0.5)
    for seed in 0..<200 as Range<UInt64> {
      var random = RandomStream(seed: seed)
      let box = crop.box(width: 100, height: 80, using: &random)
      #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 100 && box.y + box.height <= 80)
      #expect((0.19...0.51).contains(box.width * box.height / 8000))
      #expect((0.73...1.37).contains(box.width / box.height))
    }
    var random = RandomStream(seed: 0)
    let strip = crop.box(width: 300, height: 3, using: &random)  // no attempt can fit: the middle
    #expect(strip == Box(x: 148, y: 0, width: 4, height: 3))
  }

  @Test func `erasing replaces one rectangle by noise`() {
    var erased = 0
    for seed in 0..<100 as Range<UInt64> {
      var planes = [Float](repeating: 7, count: 3 * 16 * 12)
      var random = RandomStream(seed: seed)
      planes.withUnsafeMutableBufferPointer {
        RandomErasing(probability: 0.5).apply(to: $0, channels: 3, height: 16, width: 12, using: &random)
      }
      let changed = Set(planes.indices.filter { planes[$0] != 7 }.map { $0 % 192 })
      guard !changed.isEmpty else { continue }
      erased += 1
      let rows = Set(changed.map { $0 / 12 })
      let columns = Set(changed.map { $0 % 12 })
      #expect(changed.count == rows.count * columns.count && changed.count <= 192 / 2)
    }
    #expect((30...70).contains(erased))
  }

  func batch(count: Int) -> HostImageBatch {
    HostImageBatch(
      images: (0..<count).flatMap { [Float](repeating: Float($0), count: 3 * 8 * 8) }, count: count, channels: 3,
      height: 8, width: 8, labels: (0..<count).map { Int64($0 % 10) }, indices: Array(0..<count), targets: nil)
  }

  @Test(arguments: [(0.8, 0.0), (0.0, 1.0), (0.8, 1.0)], [1, 2, 7])
  func `mixed targets sum to one and follow the pixels`(alphas: (Double, Double), count: Int) throws {
    for seed in 0..<30 as Range<UInt64> {
      var mixed = batch(count: count)
      var random = RandomStream(seed: seed)
      BatchMixing(mixup: alphas.0, cutmix: alphas.1, labelSmoothing: 0.1).apply(to: &mixed, classes: 10, using: &random)
      let targets = try #require(mixed.targets)
      for i in 0..<count {
        #expect(abs(targets[i * 10..<i * 10 + 10].reduce(0, +) - 1) < 1e-5)
        // The pixels of picture i are its number: their mean is the mix of both numbers by the target's shares.
        let partner = count - 1 - i
        guard partner != i else { continue }
        let share = (targets[i * 10 + i] - 0.01) / 0.9
        let mean = mixed.images[i * 192..<i * 192 + 192].reduce(0, +) / 192
        #expect(abs(mean - (share * Float(i) + (1 - share) * Float(partner))) < 1e-3)
      }
    }
  }

  @Test func `smoothing alone leaves pictures and spreads a tenth`() throws {
    var plain = batch(count: 3)
    var random = RandomStream(seed: 0)
    BatchMixing(mixup: 0, cutmix: 0, labelSmoothing: 0.1).apply(to: &plain, classes: 10, using: &random)
    #expect(plain.images == batch(count: 3).images)
    let row = try #require(plain.targets)[0..<10]
    #expect(abs(row[0] - 0.91) < 1e-6 && row.dropFirst().allSatisfy { abs($0 - 0.01) < 1e-6 })
  }
}
