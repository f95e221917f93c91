import Foundation
import SwiftletMedia
import TestSupport
import Testing

@Suite(
  .enabled(if: decoderIsThere, "FFmpeg is missing: sudo apt-get install ffmpeg"))
struct ImageDecoderTests {
  /// Lossless formats are exact. FFmpeg's inverse DCT rounds unlike libjpeg's by a level, which the colour matrix can make three.
  @Test(
    arguments: [
      ("420.jpg", 3), ("422.jpg", 3), ("444.jpg", 3), ("progressive.jpg", 3), ("restarts.jpg", 3), ("grey.jpg", 1),
      ("cmyk.jpg", 3), ("ycck.jpg", 4), ("orientation-6.jpg", 3), ("rgb.png", 0), ("rgba.png", 0), ("grey.png", 0),
      ("grey-alpha.png", 0), ("palette.png", 0), ("palette-2-bits.png", 0), ("1-bit.png", 0), ("16-bit.png", 0),
      ("16-bit-grey.png", 0), ("interlaced.png", 0), ("24-bit.bmp", 0), ("lossless.webp", 0), ("lossy.webp", 12),
    ])
  func `pictures equal what Pillow reads`(name: String, tolerance: Int) throws {
    let goldens = try formats.get()
    let image = try ImageDecoder.decode(goldens["file/\(name)"].bytes)
    let difference = try largestDifference(image, goldens.image("pixels/\(name)"))
    #expect(try #require(difference) <= tolerance)
  }

  @Test(arguments: 1...8)
  func `EXIF orientations are applied`(orientation: Int) throws {
    let goldens = try formats.get()
    let image = try ImageDecoder.decode(goldens["file/orientation-\(orientation).png"].bytes)
    #expect(try image == goldens.image("pixels/orientation-\(orientation).png"))
    let grey = try ImageDecoder.decode(goldens["file/orientation-\(orientation).png"].bytes, channels: 1)
    #expect(grey.pixels == image.converted(toChannels: 1).pixels)
  }

  /// 153 files as cameras, editors and the web leave them: orientation in every type, byte order and place, in EXIF and XMP; bytes between a JPEG's
  /// segments; channels that nobody names; GIF, TIFF and PNM. Oracle: Pillow's `exif_transpose` and `convert("RGB")`.
  @Test func `variants equal what Pillow reads, upright`() throws {
    let goldens = try variants.get()
    let names = goldens.arrays.keys.filter { $0.hasPrefix("file/") }.map { String($0.dropFirst(5)) }
    #expect(names.count == 153)
    for name in names {
      let image = try ImageDecoder.decode(goldens["file/\(name)"].bytes)
      let difference = try largestDifference(image, goldens.image("pixels/\(name)"))
      let isLossy = name.hasSuffix(".jpg") || name.hasSuffix(".mpo")
      let isConverted = name.contains("cmyk") || name.contains("ycbcr")
      #expect(try #require(difference, "\(name)") <= (isLossy ? 3 : isConverted ? 1 : 0), "\(name)")
    }
  }

  @Test(arguments: ["rgb raw.tif", "rgb tiff_lzw.tif", "bits raw.tif", "colour.ppm", "bits.pbm", "xmp element.webp"])
  func `a variant cut off anywhere is an error`(name: String) throws {
    let file = try variants.get()["file/\(name)"].bytes
    for count in 0..<file.count {
      #expect(throws: MediaError.self, "\(name) cut to \(count) of \(file.count) bytes") {
        try ImageDecoder.decode(Array(file.prefix(count)))
      }
    }
  }

  @Test func `grey comes from colour as in Pillow`() throws {
    let goldens = try formats.get()
    let file = try goldens["file/444.jpg"].bytes
    let difference = try largestDifference(ImageDecoder.decode(file, channels: 1), goldens.image("grey of 444.jpg"))
    #expect(try #require(difference) <= 2)
    let grey = try ImageDecoder.decode(goldens["file/grey.png"].bytes, channels: 1)
    #expect(try grey.converted(toChannels: 3) == goldens.image("pixels/grey.png"))
  }

  @Test(arguments: [
    "420.jpg", "progressive.jpg", "restarts.jpg", "grey.jpg", "cmyk.jpg", "rgb.png", "palette.png", "interlaced.png",
    "24-bit.bmp", "lossless.webp", "lossy.webp",
  ])
  func `a file cut off anywhere is an error`(name: String) throws {
    let file = try formats.get()["file/\(name)"].bytes
    for count in Set(stride(from: 0, to: file.count, by: 7)).union(file.count - 12..<file.count) {
      #expect(throws: MediaError.self, "\(name) cut to \(count) of \(file.count) bytes") {
        try ImageDecoder.decode(Array(file.prefix(count)))
      }
    }
    #expect(throws: Never.self) { try ImageDecoder.decode(file) }
  }

  /// JPEG has no checksum, so damage may decode; it must neither crash nor change the size.
  @Test(arguments: [
    "420.jpg", "progressive.jpg", "rgb.png", "palette.png", "24-bit.bmp", "lossless.webp", "lossy.webp",
  ])
  func `damaged bytes neither crash nor spoil the next picture`(name: String) throws {
    let goldens = try formats.get()
    let file = try goldens["file/\(name)"].bytes
    let whole = try ImageDecoder.decode(file)
    var state: UInt64 = 99
    for _ in 0..<150 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var damaged = file
      damaged[Int(state >> 33) % file.count] ^= UInt8(1 + (state >> 20) % 255)
      _ = try? ImageDecoder.decode(damaged)
    }
    #expect(try ImageDecoder.decode(file) == whole)
  }

  @Test func `a PNG with one changed byte of pixel data is an error`() throws {
    let file = try formats.get()["file/rgb.png"].bytes
    let data = try #require(file.firstRange(of: Array("IDAT".utf8))).upperBound
    for offset in stride(from: data, to: file.count - 20, by: 101) {
      var damaged = file
      damaged[offset] ^= 0x10
      #expect(throws: MediaError.self) { try ImageDecoder.decode(damaged) }
    }
  }

  @Test func `comments, profiles and bytes behind the end do not matter`() throws {
    let goldens = try formats.get()
    let file = try goldens["file/420.jpg"].bytes
    let junk: [UInt8] = [0xFF, 0xE2, 0x00, 0x06, 0xFF, 0xD8, 0xFF, 0xD9, 0xFF, 0xFE, 0x00, 0x04, 0x41, 0x42]
    #expect(try ImageDecoder.decode(file[..<2] + junk + file[2...] + [1, 2, 3]) == ImageDecoder.decode(file))
  }

  /// Where a JPEG's frame header begins, behind its marker and length.
  private func frameHeader(_ file: [UInt8]) throws -> Int {
    try #require(file.firstRange(of: [0xFF, 0xC0] as [UInt8])).upperBound + 2
  }

  @Test func `giant and empty sizes are refused by the header alone`() throws {
    let goldens = try formats.get()
    var png = try goldens["file/rgb.png"].bytes
    png.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
    func tooLarge(_ size: String) -> MediaError {
      .tooLarge("the \(size) pixels; the limits are 65535 on a side and 178 million in all: make it smaller")
    }
    #expect(throws: tooLarge("PNG is 60000 x 60000")) { try ImageDecoder.decode(png) }
    png.replaceSubrange(16..<24, with: [0, 0, 0x40, 0, 0, 0, 0x40, 0])
    #expect(throws: tooLarge("PNG is 16384 x 16384")) { try ImageDecoder.decode(png) }
    png.replaceSubrange(16..<24, with: [0, 1, 0, 0, 0, 0, 0, 1])
    #expect(throws: tooLarge("PNG is 65536 x 1")) { try ImageDecoder.decode(png) }
    png.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
    png.replaceSubrange(16..<20, with: [0, 0, 0, 0])
    #expect(throws: MediaError.corrupt("the PNG says it is 0 x 60000 pixels")) { try ImageDecoder.decode(png) }
    var jpeg = try goldens["file/444.jpg"].bytes
    let header = try frameHeader(jpeg)
    jpeg.replaceSubrange(header + 1..<header + 5, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: tooLarge("JPEG is 65535 x 65535")) { try ImageDecoder.decode(jpeg) }
  }

  @Test func `what is not read says so`() throws {
    let goldens = try formats.get()
    #expect(throws: MediaError.notAnImage("the file is empty")) { try ImageDecoder.decode([]) }
    #expect(throws: MediaError.notAnImage("the file is no JPEG, PNG, BMP, WebP, GIF, TIFF or PNM image")) {
      try ImageDecoder.decode(Array("a text, no picture".utf8))
    }
    var arithmetic = try goldens["file/444.jpg"].bytes
    let header = try frameHeader(arithmetic)
    arithmetic[header - 3] = 0xC9
    #expect(
      throws: MediaError.unsupported(
        "the JPEG is lossless, hierarchical or arithmetic-coded; baseline and progressive are read")
    ) { try ImageDecoder.decode(arithmetic) }
    var deep = try goldens["file/444.jpg"].bytes
    deep[header] = 12
    #expect(throws: MediaError.unsupported("the JPEG has 12-bit samples; 8-bit ones are read")) {
      try ImageDecoder.decode(deep)
    }
    // FFmpeg would read these wrong without a word: the compression and a tag of tiles, patched into a sound TIFF.
    let tiff = try variants.get()["file/rgb raw.tif"].bytes
    let entry = try #require(tiff.firstRange(of: [0x03, 0x01, 3, 0] as [UInt8])).lowerBound
    var jpegTIFF = tiff
    jpegTIFF[entry + 8] = 7
    #expect(throws: MediaError.unsupported("the TIFF is compressed as JPEG; save it as JPEG or PNG")) {
      try ImageDecoder.decode(jpegTIFF)
    }
    var tiled = tiff
    tiled.replaceSubrange(entry..<entry + 2, with: [0x42, 0x01])
    #expect(throws: MediaError.unsupported("the TIFF is cut into tiles; save it in strips, or as PNG")) {
      try ImageDecoder.decode(tiled)
    }
  }

  /// 109 bytes that grew to 3.3 GB when the crop came after the resizing.
  @Test
  func `a line of pixels is resized and cropped without what is cut off`() throws {
    let line = Image(width: 1, height: 16384, colour: [9, 90, 200])
    let read = try ImageDecoder.decode(ImageEncoder.png(line))
    #expect(read == line)
    for resampling in Resampling.allCases {
      let input = read.resizedAndCentreCropped(shorterSide: 256, width: 224, height: 224, resampling)
      #expect(input == Image(width: 224, height: 224, colour: [9, 90, 200]))
    }
  }

  @Test func `a missing file is named`() {
    #expect(
      throws: MediaError.file("/nowhere/cat.jpg cannot be read; check that it is there and may be read")
    ) { try Image(contentsOf: URL(filePath: "/nowhere/cat.jpg")) }
  }

  @Test func `threads do not disturb each other`() async throws {
    let goldens = try formats.get()
    let names = ["420.jpg", "rgb.png", "progressive.jpg", "lossless.webp"]
    let files = try names.map { try goldens["file/\($0)"].bytes }
    let alone = try files.map { try ImageDecoder.decode($0) }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for i in 0..<64 {
        group.addTask { try ImageDecoder.decode(files[i % 4]) == alone[i % 4] }
      }
      for try await same in group { #expect(same) }
    }
  }

  @Test(.enabled(if: SharedData.directory != nil, "the shared data is not beside this checkout"))
  func `all of 250 real photographs decode`() throws {
    let data = try #require(SharedData.directory)
    let file = try Data(contentsOf: data.appending(path: "vision/imagenet-samples-250.zip"))
    // Stored members: each JPEG begins behind a local header and ends where the decoder says.
    var starts: [Int] = []
    var offset = 0
    while offset < file.count - 30, file[offset..<offset + 4].elementsEqual([0x50, 0x4B, 3, 4]) {
      let size = (0..<4).reduce(0) { $0 | Int(file[offset + 18 + $1]) << (8 * $1) }
      let name = Int(file[offset + 26]) | Int(file[offset + 27]) << 8
      let extra = Int(file[offset + 28]) | Int(file[offset + 29]) << 8
      starts.append(offset + 30 + name + extra)
      offset += 30 + name + extra + size
    }
    #expect(starts.count == 250)
    for start in starts.prefix(40) {
      let image = try ImageDecoder.decode([UInt8](file[start..<min(file.count, start + 200_000)]))
      #expect(min(image.width, image.height) == 256)
    }
  }
}
