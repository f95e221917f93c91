import Foundation
import SwiftletMedia
import TestSupport
import Testing

@Suite(
  .enabled(if: decoderIsThere, "FFmpeg is missing: sudo apt-get install ffmpeg"))
struct ImageEncoderTests {
  @Test(arguments: [(1, 1), (1, 17), (37, 29), (64, 64)], [1, 3])
  func `PNG gives back every pixel`(size: (Int, Int), channels: Int) throws {
    let image = randomImage(width: size.0, height: size.1, channels: channels, seed: 5)
    #expect(try ImageDecoder.decode(ImageEncoder.png(image), channels: channels) == image)
  }

  @Test(arguments: [(1, 1), (17, 3), (37, 29)])
  func `JPEG comes closer with quality, and grey stays grey`(width: Int, height: Int) throws {
    let image = try operations.get().image("input").resized(width: width, height: height)
    func error(_ quality: Int) throws -> Int {
      let back = try ImageDecoder.decode(ImageEncoder.jpeg(image, quality: quality))
      return zip(back.pixels, image.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    }
    #expect(try error(98) <= error(10))
    #expect(try Double(error(98)) / Double(image.pixels.count) < 2)
    let grey = image.converted(toChannels: 1)
    let back = try ImageDecoder.decode(ImageEncoder.jpeg(grey, quality: 95))
    #expect(back == back.converted(toChannels: 1).converted(toChannels: 3))
  }

  /// Oracle: libjpeg's file of the same picture at the same quality. Coefficients that lie between two steps are rounded either way, so the files are
  /// as large and as close to the picture, not the same.
  @Test func `JPEG at a quality is as large and as close as libjpeg's`() throws {
    let image = try operations.get().image("input")
    let (ours, theirs) = (try ImageEncoder.jpeg(image, quality: 95), try formats.get()["file/444.jpg"].bytes)
    func error(_ file: [UInt8]) throws -> Double {
      let sum = zip(try ImageDecoder.decode(file).pixels, image.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      return Double(sum) / Double(image.pixels.count)
    }
    #expect(try error(ours) <= 1.05 * error(theirs))
    #expect(abs(ours.count - theirs.count) < theirs.count / 50)
  }

  @Test func `files are written by extension`() throws {
    let folder = try TemporaryFolder()
    let image = randomImage(width: 8, height: 5, seed: 3)
    try image.write(to: folder.url.appending(path: "a.png"))
    #expect(try Image(contentsOf: folder.url.appending(path: "a.png")) == image)
    #expect(throws: MediaError.self) { try image.write(to: folder.url.appending(path: "a.tiff")) }
    #expect(throws: MediaError.self) { try image.write(to: folder.url.appending(path: "none/a.png")) }
    try Data("no picture".utf8).write(to: folder.url.appending(path: "b.png"))
    let path = folder.url.appending(path: "b.png").path
    #expect(throws: MediaError.notAnImage("\(path): the file is no JPEG, PNG, BMP, WebP, GIF, TIFF or PNM image")) {
      try Image(contentsOf: folder.url.appending(path: "b.png"))
    }
  }
}
