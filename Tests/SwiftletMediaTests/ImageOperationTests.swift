import SwiftletMedia
import TestSupport
import Testing

@Suite struct ImageOperationTests {
  /// Oracle: Pillow. Fixed-point sums equal its own; its weights come from the same formula in double precision.
  @Test(arguments: Resampling.allCases, [(16, 12), (37, 50), (80, 29), (7, 61), (1, 1)])
  func `resizing equals Pillow's`(resampling: Resampling, size: (Int, Int)) throws {
    let goldens = try operations.get()
    let resized = try goldens.image("input").resized(width: size.0, height: size.1, resampling)
    #expect(try resized == goldens.image("resize/\(resampling.rawValue)/\(size.0)x\(size.1)"))
  }

  @Test(arguments: Resampling.allCases)
  func `resizing a part equals Pillow's`(resampling: Resampling) throws {
    let goldens = try operations.get()
    let resized = try goldens.image("input").resized(
      from: Box(x: 3.5, y: 2.25, width: 27.25, height: 24.75), width: 20, height: 24, resampling)
    #expect(try resized == goldens.image("resize box/\(resampling.rawValue)/20x24"))
  }

  /// Oracle: Pillow's resize and crop with torchvision's rounding, and our two steps one after the other.
  @Test(arguments: Resampling.allCases)
  func `resizing and cropping in one equals both`(resampling: Resampling) throws {
    let goldens = try GoldenBytes("windows")
    for name in goldens.arrays.keys where name.hasPrefix("\(resampling.rawValue)/") {
      let parts = name.split(separator: "/").map(String.init)
      let (side, crop) = (try #require(Int(parts[2])), try #require(Int(parts[3])))
      let input = try goldens.image("input/\(parts[1])")
      let output = input.resizedAndCentreCropped(shorterSide: side, width: crop, height: crop, resampling)
      #expect(try output == goldens.image(name), "\(name)")
    }
    for (index, size) in [(7, 5), (5, 7), (31, 64), (64, 31), (1, 90), (48, 48)].enumerated() {
      let image = randomImage(width: size.0, height: size.1, channels: index % 2 == 0 ? 3 : 1, seed: UInt64(index))
      for (side, width, height) in [(8, 8, 8), (12, 7, 10), (5, 9, 9), (48, 31, 17), (30, 30, 2)] {
        let both = image.resized(shorterSide: side, resampling).centreCropped(width: width, height: height)
        #expect(
          image.resizedAndCentreCropped(shorterSide: side, width: width, height: height, resampling) == both,
          "\(size) to \(side), \(width) x \(height)")
      }
    }
  }

  @Test func `tone operations equal Pillow's`() throws {
    let goldens = try operations.get()
    let input = try goldens.image("input")
    #expect(try input.inverted() == goldens.image("invert"))
    for bits in [1, 3, 7, 8] { #expect(try input.posterized(bits: bits) == goldens.image("posterize/\(bits)")) }
    #expect(input.posterized(bits: 0).pixels.allSatisfy { $0 == 0 })
    for threshold in [0, 100, 256] {
      #expect(try input.solarized(threshold: threshold) == goldens.image("solarize/\(threshold)"))
    }
    #expect(try input.autocontrasted() == goldens.image("autocontrast"))
    #expect(try input.equalized() == goldens.image("equalize"))
  }

  @Test(arguments: [0.1, 0.6, 1.0, 1.9])
  func `enhancements equal Pillow's to a level`(factor: Double) throws {
    let goldens = try operations.get()
    let input = try goldens.image("input")
    let strength = Float(factor)
    func difference(_ image: Image, _ name: String) throws -> Int {
      try #require(largestDifference(image, goldens.image("\(name)/\(factor)")))
    }
    #expect(try difference(input.brightness(strength), "brightness") <= 1)
    #expect(try difference(input.contrast(strength), "contrast") <= 1)
    #expect(try difference(input.saturation(strength), "saturation") <= 1)
    #expect(try difference(input.sharpness(strength), "sharpness") <= 1)
  }

  @Test(arguments: [-0.5, -0.21, 0.0, 0.1, 0.37, 0.5])
  func `hues turn as Pillow's and torchvision's do`(turns: Double) throws {
    let goldens = try GoldenBytes("hue")
    #expect(try goldens.image("input").hueTurned(by: turns) == goldens.image("\(turns)"))
    let grey = randomImage(width: 3, height: 2, channels: 1, seed: 3)
    #expect(grey.hueTurned(by: turns) == grey)
  }

  @Test(arguments: Resampling.allCases)
  func `turns and affine maps equal Pillow's to a level`(resampling: Resampling) throws {
    let goldens = try operations.get()
    let input = try goldens.image("input")
    let turned = input.transformed(
      by: .rotation(degrees: 17, width: input.width, height: input.height), resampling, fill: [10, 20, 30])
    #expect(try #require(largestDifference(turned, goldens.image("rotate/\(resampling.rawValue)"))) <= 1)
    let moved = input.transformed(
      by: AffineMap(a: 1.1, b: 0.2, c: -3.3, d: -0.15, e: 0.9, f: 2.2), resampling, fill: [10, 20, 30])
    #expect(try #require(largestDifference(moved, goldens.image("affine/\(resampling.rawValue)"))) <= 1)
  }

  @Test func `a constant picture survives every operation that keeps tones`() {
    let image = Image(width: 9, height: 6, colour: [40, 90, 200])
    for resampling in Resampling.allCases {
      #expect(image.resized(width: 31, height: 2, resampling) == Image(width: 31, height: 2, colour: [40, 90, 200]))
      #expect(image.transformed(by: AffineMap(), resampling, fill: [0, 0, 0]) == image)
    }
    #expect(image.autocontrasted() == image)
    #expect(image.equalized() == image)
    #expect(image.sharpness(1.7) == image)
  }

  @Test func `crops take what they say and fill what is outside`() {
    let image = randomImage(width: 7, height: 5, seed: 11)
    let part = image.cropped(x: 2, y: 1, width: 3, height: 3)
    for y in 0..<3 { for x in 0..<3 { #expect(part[x, y, 1] == image[x + 2, y + 1, 1]) } }
    let wide = image.cropped(x: -2, y: -1, width: 11, height: 8, fill: 9)
    for y in 0..<8 {
      for x in 0..<11 {
        let inside = (0..<7).contains(x - 2) && (0..<5).contains(y - 1)
        #expect(wide[x, y, 2] == (inside ? image[x - 2, y - 1, 2] : 9))
      }
    }
    #expect(image.cropped(x: 20, y: 20, width: 2, height: 2, fill: 3) == Image(width: 2, height: 2, colour: [3, 3, 3]))
    #expect(image.centreCropped(width: 7, height: 5) == image)
    #expect(image.centreCropped(width: 3, height: 3) == part)
  }

  @Test(arguments: [1, 3]) func `flipping twice changes nothing`(channels: Int) {
    let image = randomImage(width: 7, height: 5, channels: channels, seed: 12)
    let flipped = image.flippedHorizontally()
    #expect(flipped[0, 3, 0] == image[6, 3, 0])
    #expect(flipped.flippedHorizontally() == image)
  }

  @Test func `a letterbox keeps proportions and maps back`() {
    let image = Image(width: 40, height: 10, colour: [200, 10, 10])
    let (boxed, placement) = image.letterboxed(width: 32, height: 32)
    #expect((placement.scale, placement.x, placement.y) == (0.8, 0, 12))
    #expect((boxed[0, 11, 0], boxed[0, 12, 0], boxed[31, 19, 0], boxed[31, 20, 0]) == (114, 200, 200, 114))
  }

  @Test func `the shorter side becomes the size asked for`() {
    let image = randomImage(width: 30, height: 50, seed: 1)
    let resized = image.resized(shorterSide: 16)
    #expect((resized.width, resized.height) == (16, 26))
  }
}
