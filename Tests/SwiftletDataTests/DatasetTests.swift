import Foundation
import SwiftletFiles
import SwiftletMedia
import TestSupport
import Testing

@testable import SwiftletData

@Suite struct DatasetTests {
  static let decoderIsThere = ImageDecoder.isAvailable

  // MARK: Folders and zips

  @Test(.enabled(if: decoderIsThere, "FFmpeg is missing"))
  func `a zip archive and the folder it unpacks to are the same data set`() throws {
    let folder = try TemporaryFolder()
    try folder.write(PictureArchive.bytes, to: "data.zip")
    let zip = try ZipArchive(MappedFile(copying: PictureArchive.bytes))
    for member in zip.members { try folder.write(zip.read(member), to: "unpacked/\(member.name)") }
    for (split, names) in [("train", ["cat", "dog"]), ("test", ["cat", "dog"])] {
      let packed = try ImageDatasets.open(folder.url.appending(path: "data.zip").path, split: split)
      let unpacked = try ImageDatasets.open(folder.url.appending(path: "unpacked").path, split: split)
      #expect(packed.classes == names && unpacked.classes == names)
      #expect(packed.labels == (split == "train" ? [0, 0, 1] : [0, 1]) && unpacked.labels == packed.labels)
      for i in 0..<packed.count { #expect(try packed.image(at: i) == unpacked.image(at: i)) }
    }
    let path = folder.url.appending(path: "data.zip").path
    #expect(throws: DataError(.layout, "\(path) holds test, train; say which one to read")) {
      try ImageDatasets.open(path)
    }
    #expect(throws: DataError(.layout, "\(path) has no folder val; it has test, train")) {
      try ImageDatasets.open(path, split: "val")
    }
  }

  @Test func `layouts are recognised`() throws {
    func classify(_ paths: [String], split: String? = nil) throws -> [String] {
      let layout = try ImageFolder.layout(of: paths.map { FileName($0) }, split: split, path: "data")
      return layout.samples.map { "\(layout.classes[$0.label]) \(paths[$0.file])" }
    }
    #expect(try classify(["a/x.png", "b/10.jpg", "b/2.jpg"]) == ["a a/x.png", "b b/10.jpg", "b b/2.jpg"])
    #expect(try classify(["train/a/1.jpg", "train/b/1.jpg"]) == ["a train/a/1.jpg", "b train/b/1.jpg"])
    #expect(try classify(["top/test/a/2.jpg", "top/train/a/1.jpg"], split: "test") == ["a top/test/a/2.jpg"])
    #expect(try classify(["top/a/1.jpg", "top/b/1.jpg"]) == ["a top/a/1.jpg", "b top/b/1.jpg"])
    #expect(throws: DataError(.layout, "data: 1.jpg lies in no class folder; expected <class>/<name>.jpg")) {
      try classify(["1.jpg"])
    }
    #expect(throws: DataError(.layout, "data has no folder test; it has none")) {
      try classify(["1.jpg"], split: "test")
    }
  }

  @Test func `what is no picture that is read is counted and named`() {
    let names: [FileName] = [
      "b/2.jpg", "a/x.PNG", "a/.hidden.jpg", "__MACOSX/a/x.png", "readme.txt", ".git/a.png", "png", "c/1.heic",
      "c/2.HEIC",
      "c/3.tif", "c/4.TIFF", "c/5.gif", "c/6.jfif", "c/7.webp", "c/8.pgm",
    ]
    let selection = PictureSelection(of: names)
    #expect(
      selection.pictures.map { names[$0] } == [
        "a/x.PNG", "b/2.jpg", "c/3.tif", "c/4.TIFF", "c/5.gif", "c/6.jfif", "c/7.webp", "c/8.pgm",
      ])
    #expect(
      selection.leftOut
        == "4 files are no pictures of a kind that is read, and left out: 2 .heic, 1 .txt, 1 without extension")
    #expect(PictureSelection(of: ["a.jpg", ".x"]).leftOut == nil)
  }

  @Test func `a data set says what was left out, through every wrapper`() throws {
    let folder = try TemporaryFolder()
    for name in ["cat/1.jpg", "cat/2.heic", "dog/3.gif"] { try folder.write([1], to: name) }
    let data = try ImageFolder(contentsOf: folder.url)
    let sentence = "\(folder.url.path): 1 file is no picture of a kind that is read, and left out: 1 .heic"
    #expect(data.count == 2 && data.warnings == [sentence])
    #expect(Subset(data, [0]).warnings == [sentence])
    try folder.write([1], to: "bird/1.heic")
    #expect(
      throws: DataError(.layout, "\(folder.url.path): the class folder bird holds no pictures; fill or remove it")
    ) { try ImageFolder(contentsOf: folder.url) }
  }

  @Test func `class folders that are numbers are ordered by value, others by bytes`() throws {
    func classes(_ names: [String]) throws -> [String] {
      try ImageFolder.layout(of: names.map { FileName("\($0)/1.jpg") }, split: nil, path: "data").classes.map(
        \.description)
    }
    #expect(try classes((0..<12).map(String.init).shuffled()) == (0..<12).map(String.init))
    #expect(
      try classes(["010", "9", "1", "01", "99999999999999999999"]) == ["01", "1", "9", "010", "99999999999999999999"])
    #expect(try classes(["10", "9", "a"]) == ["10", "9", "a"])
    let folder = try TemporaryFolder()
    for name in 0..<11 { try folder.write([1], to: "\(name)/1.jpg") }
    let warnings = try ImageFolder(contentsOf: folder.url).warnings
    #expect(warnings.count == 1 && warnings[0].contains("ordered by value, 0 to 10"))
  }

  @Test func `names in other bytes are other classes`() throws {
    let names: [FileName] = [
      "caf\u{E9}/1.jpg", "cafe\u{301}/1.jpg", FileName(bytes: [0x63, 0xE9, 0x2F, 0x31]),
      FileName(bytes: [0x63, 0xE8, 0x2F, 0x31]),
    ]
    let layout = try ImageFolder.layout(of: names, split: nil, path: "data")
    #expect(layout.classes.map(\.description) == ["cafe\u{301}", "caf\u{E9}", "c\\xE8", "c\\xE9"])
    #expect(layout.samples.map(\.label) == [0, 1, 2, 3] && layout.samples.map(\.file) == [1, 0, 3, 2])
    let folder = try TemporaryFolder()
    for name in ["caf\u{E9}/1.jpg", "cafe\u{301}/1.jpg"] { try folder.write([1], to: name) }
    let data = try ImageFolder(contentsOf: folder.url)
    #expect(
      data.labels == [0, 1] && data.warnings.count == 1 && data.warnings[0].contains("two class folders look alike"))
  }

  @Test(.enabled(if: decoderIsThere, "FFmpeg is missing"))
  func `archives with names in other encodings, or that begin with a dot, are read`() throws {
    let folder = try TemporaryFolder()
    func replacing(_ text: [UInt8], by other: [UInt8]) throws {
      var bytes = PictureArchive.bytes
      var start = bytes.startIndex
      while let range = bytes[start...].firstRange(of: text) {
        bytes.replaceSubrange(range, with: other)
        start = range.upperBound
      }
      try folder.write(bytes, to: "data.zip")
    }
    let url = folder.url.appending(path: "data.zip")
    try replacing(Array("train/cat".utf8), by: Array("./tra/cat".utf8))
    #expect(
      try ImageFiles(at: url).names == [
        "test/cat/9.png", "test/dog/9.png", "tra/cat/1.png", "tra/cat/2.png", "train/dog/1.png",
      ])
    try replacing(Array("/cat/".utf8), by: [0x2F, 0x63, 0xE9, 0x74, 0x2F])
    let data = try ImageFolder(contentsOf: url, split: "train")
    #expect(data.classes == ["c\\xE9t", "dog"] && data.labels == [0, 0, 1])
    #expect(try data.image(at: 1).width == 3)
  }

  @Test func `linked class folders are read`() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "store/cats/1.jpg")
    try folder.write([1], to: "data/dog/1.jpg")
    try FileManager.default.createSymbolicLink(
      at: folder.url.appending(path: "data/cat"), withDestinationURL: folder.url.appending(path: "store/cats"))
    let data = try ImageFolder(contentsOf: folder.url.appending(path: "data"))
    #expect(data.classes == ["cat", "dog"] && data.labels == [0, 1])
  }

  @Test func `labels follow the names that a network knows`() throws {
    let images = (0..<3).map { Image(width: 1, height: 1, colour: [UInt8($0)]) }
    let data = InMemoryDataset(images: images, labels: [0, 1, 2], classes: ["0", "2", "10"])
    let relabelled = try data.labelled(by: ["0", "10", "2"], of: "net")
    #expect(relabelled.labels == [0, 2, 1] && relabelled.classes == ["0", "10", "2"])
    #expect(try relabelled.image(at: 1) == images[1])
    #expect(try data.labelled(by: [], of: "net").labels == [0, 1, 2])
    let error = #expect(throws: DataError.self) { try data.labelled(by: ["0", "2", "11"], of: "net") }
    #expect(error?.description.contains("net knows 3 classes (0, 2, 11…)") == true)
    #expect(throws: DataError.self) { try data.labelled(by: ["0", "2"], of: "net") }
  }

  @Test(.enabled(if: decoderIsThere, "FFmpeg is missing"))
  func `pictures are listed without classes too`() throws {
    let folder = try TemporaryFolder()
    try folder.write(PictureArchive.bytes, to: "data.zip")
    let files = try ImageFiles(at: folder.url.appending(path: "data.zip"))
    #expect(
      files.names == ["test/cat/9.png", "test/dog/9.png", "train/cat/1.png", "train/cat/2.png", "train/dog/1.png"])
    #expect(try files.image(at: 3) == Image(width: 3, height: 2, colour: [9, 9, 9]))
    try ImageEncoder.png(files.image(at: 3)).withUnsafeBytes { try folder.write(Array($0), to: "one.png") }
    let one = try ImageFiles(at: folder.url.appending(path: "one.png"))
    #expect(try one.names == ["one.png"] && one.image(at: 0) == files.image(at: 3))
    try folder.write([1], to: "text/notes.txt")
    #expect(
      throws: DataError(
        .layout,
        "\(folder.url.path)/text holds no pictures (jpg, png, bmp, webp, gif, tif or ppm); 1 file is no picture of a kind that is read, and left out: 1 .txt"
      )
    ) {
      try ImageFiles(at: folder.url.appending(path: "text"))
    }
  }

  @Test func `a class folder without pictures is an error`() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "cat/1.jpg")
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "dog"), withIntermediateDirectories: true)
    #expect(throws: DataError(.layout, "\(folder.url.path): the class folder dog holds no pictures; fill or remove it"))
    {
      try ImageFolder(contentsOf: folder.url)
    }
  }

  @Test func `what is missing or no data set says so`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: DataError(.missing, "/nowhere does not exist")) { try ImageDatasets.open("/nowhere") }
    try folder.write([], to: "empty.zip")
    try folder.write(Array("no zip at all, but long enough to look".utf8), to: "text.zip")
    try folder.write([1, 2], to: "movie.mkv")
    let path = folder.url.path
    #expect(throws: DataError(.layout, "\(path)/empty.zip is empty")) {
      try ImageDatasets.open("\(path)/empty.zip")
    }
    #expect(throws: DataError(.unreadable, "\(path)/text.zip is no zip archive, or is cut off")) {
      try ImageDatasets.open("\(path)/text.zip")
    }
    #expect(throws: DataError.self) { try ImageDatasets.open("\(path)/movie.mkv") }
  }

  @Test func `a cut off or damaged archive is an error that names it`() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "a.zip")
    for count in stride(from: 1, to: PictureArchive.bytes.count, by: 13) {
      try folder.write(Array(PictureArchive.bytes.prefix(count)), to: "a.zip")
      let error = #expect(throws: DataError.self) { try ImageFiles(at: url) }
      #expect(error?.description.hasPrefix(url.path) == true && error?.kind == .unreadable)
    }
    var damaged = PictureArchive.bytes
    let entries = damaged.indices.filter { damaged[$0...].starts(with: [0x50, 0x4B, 1, 2]) }
    damaged[entries[1] + 16] ^= 1
    damaged[entries[2] + 8] |= 1
    try folder.write(damaged, to: "a.zip")
    let files = try ImageFiles(at: url)
    #expect(
      throws: DataError(.unreadable, "\(url.path) is damaged: the checksum of its member train/cat/1.png is wrong")
    ) { try files.image(at: 2) }
    #expect(
      throws: DataError(
        .unreadable, "\(url.path): its member train/cat/2.png is encrypted; repack it without a password")
    ) { try files.image(at: 3) }
    #expect(throws: DataError(.missing, "\(folder.url.path)/b.bin cannot be opened: No such file or directory")) {
      try CIFAR10(files: [folder.url.appending(path: "b.bin")])
    }
    #expect(throws: DataError(.unreadable, "\(folder.url.path) is not a regular file")) {
      try CIFAR10(files: [folder.url])
    }
  }

  @Test func `a picture that cannot be decoded is named`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("text".utf8), to: "cat/1.jpg")
    let dataset = try ImageFolder(contentsOf: folder.url)
    #expect(
      throws: MediaError.notAnImage(
        "\(folder.url.path)/cat/1.jpg: the file is no JPEG, PNG, BMP, WebP, GIF, TIFF or PNM image")
    ) { try dataset.image(at: 0) }
  }

  @Test(.enabled(if: decoderIsThere, "FFmpeg is missing"))
  func `every picture that cannot be read is told of at once`() throws {
    let folder = try TemporaryFolder()
    let sound = try ImageEncoder.png(Image(width: 2, height: 2, colour: [1, 2, 3]))
    let bad = ["cat/03.png", "cat/08.png", "dog/01.png"]
    for folderName in ["cat", "dog"] {
      for number in 0..<10 { try folder.write(sound, to: "\(folderName)/0\(number).png") }
    }
    for name in bad { try folder.write(Array("text".utf8), to: name) }
    let data = try ImageFolder(contentsOf: folder.url)
    let expected =
      "3 of 20 pictures cannot be read:"
      + bad.map { "\n  \(folder.url.path)/\($0): the file is no JPEG, PNG, BMP, WebP, GIF, TIFF or PNM image" }.joined()
    func description(_ body: () throws -> Void) -> String? {
      let error = #expect(throws: UnreadablePictures.self) { try body() }
      return error?.description
    }
    #expect(description { _ = try InMemoryDataset(data) } == expected)
    let pipeline = ImagePipeline([], normalization: .half)
    for workers in [0, 2] {
      let loader = DataLoader(data, batchSize: 3, order: .shuffled, pipeline: pipeline, workers: workers)
      #expect(
        description {
          let batches = loader.epoch()
          while try batches.nextHostBatch() != nil {}
        } == expected)
    }
    for number in 0..<10 { try folder.write(Array("text".utf8), to: "cat/0\(number).png") }
    let many = try #require(description { _ = try InMemoryDataset(data) })
    #expect(many.hasPrefix("11 of 20 pictures") && many.hasSuffix("\n  and 1 more") && many.contains("cat/09.png"))
    #expect(!many.contains("dog/01.png"))
    let one = Subset(data, [11, 12])
    #expect(description { _ = try InMemoryDataset(one) }?.hasPrefix("\(folder.url.path)/dog/01.png: the file") == true)
  }

  // MARK: CIFAR-10 and MNIST

  @Test func `CIFAR-10's planes become pixels`() throws {
    let folder = try TemporaryFolder()
    func record(_ label: UInt8) -> [UInt8] {
      [label] + (0..<3).flatMap { plane in (0..<1024).map { UInt8(truncatingIfNeeded: $0 + 80 * plane + Int(label)) } }
    }
    for i in 1...5 { try folder.write(record(UInt8(i)) + record(9), to: "data_batch_\(i).bin") }
    try folder.write(record(4), to: "test_batch.bin")
    let training = try ImageDatasets.open(folder.url.path)
    let test = try ImageDatasets.open(folder.url.path, split: "test")
    #expect(training.labels == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9] && test.labels == [4])
    let image = try training.image(at: 4)
    for channel in 0..<3 {
      #expect(image[5, 7, channel] == UInt8(truncatingIfNeeded: 7 * 32 + 5 + 80 * channel + 3))
    }
    try folder.write(Array(record(1).dropLast()), to: "short.bin")
    try folder.write(record(10), to: "label.bin")
    for name in ["short.bin", "label.bin"] {
      #expect(throws: DataError.self) { try ImageDatasets.open(folder.url.appending(path: name).path) }
    }
  }

  @Test func `MNIST's files are read and checked`() throws {
    let folder = try TemporaryFolder()
    let pixels = (0..<2 * 3 * 4).map { UInt8($0) }
    let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4] + pixels
    try folder.write(images, to: "t10k-images-idx3-ubyte")
    try folder.write([0, 0, 8, 1, 0, 0, 0, 2, 1, 0], to: "t10k-labels-idx1-ubyte")
    let data = try ImageDatasets.open(folder.url.path)
    #expect(data.classes == ["0", "1"] && data.labels == [1, 0])
    #expect(try data.image(at: 1) == Image(width: 4, height: 3, channels: 1, pixels: Array(12..<24)))
    #expect(
      throws: DataError(.missing, "\(folder.url.path) has no train-images-idx3-ubyte, nor train-images-idx3-ubyte.gz")
    ) {
      try ImageDatasets.open(folder.url.path, split: "train")
    }
    try folder.write(Array(images.dropLast()), to: "t10k-images-idx3-ubyte")
    #expect(throws: DataError.self) { try ImageDatasets.open(folder.url.path) }
    try folder.write([0, 0, 8, 1, 0, 0, 0, 3, 1, 0, 0], to: "t10k-labels-idx1-ubyte")
    try folder.write(images, to: "t10k-images-idx3-ubyte")
    #expect(throws: DataError.self) { try ImageDatasets.open(folder.url.path) }
  }

  // MARK: Drawn shapes

  @Test func `shapes depend on seed and index alone and differ`() {
    let shapes = ProceduralShapes(count: 40, seed: 5)
    #expect(shapes.classes.count == 10 && shapes.label(at: 13) == 3)
    #expect(shapes.image(at: 13) == ProceduralShapes(count: 1000, seed: 5).image(at: 13))
    #expect(Set((0..<40).map { shapes.image(at: $0) }).count == 40)
    #expect(shapes.image(at: 13) != ProceduralShapes(count: 40, seed: 6).image(at: 13))
  }

  /// Hand: points well inside and well outside of each outline.
  @Test func `outlines hold what they should`() {
    let inside: [Outline: [Point]] = [
      .circle: [Point(0, 0), Point(0.5, 0.5)], .ring: [Point(0.72, 0), Point(0, -0.7)], .crescent: [Point(-0.7, 0)],
      .semicircle: [Point(0, 0)], .triangle: [Point(0, 0), Point(0.8, 0)], .square: [Point(0.4, 0.4), Point(0.9, 0)],
      .star: [Point(0.8, 0), Point(0, 0)], .cross: [Point(0.8, 0), Point(0, -0.8)],
      .arrow: [Point(-0.8, 0), Point(0.8, 0)],
      .stripes: [Point(0, 0), Point(0.6, 0.6)],
    ]
    let outside: [Outline: [Point]] = [
      .circle: [Point(0.8, 0.8)], .ring: [Point(0, 0)], .crescent: [Point(0.4, 0)], .semicircle: [Point(0, 0.7)],
      .triangle: [Point(-0.8, 0)], .square: [Point(0.8, 0.8)], .star: [Point(-0.7, 0)], .cross: [Point(0.7, 0.7)],
      .arrow: [Point(-0.8, 0.6)], .stripes: [Point(0, 0.3)],
    ]
    for outline in Outline.allCases {
      for point in inside[outline] ?? [] { #expect(outline.distance(to: point) < 0, "\(outline) \(point)") }
      for point in outside[outline] ?? [] { #expect(outline.distance(to: point) > 0, "\(outline) \(point)") }
      #expect(outline.distance(to: Point(1.2, 1.2)) > 0)
    }
  }

  // MARK: Real data

  static let cifar = SharedData.directory?.appending(path: "vision/cifar10-train.zip")

  @Test(.enabled(if: cifar != nil && decoderIsThere, "the shared data or FFmpeg is missing"))
  func `CIFAR-10 opens as 50,000 pictures of ten classes`() throws {
    let data = try ImageFolder(contentsOf: try #require(Self.cifar))
    #expect(data.count == 50_000 && data.classes == CIFAR10.classNames)
    for i in stride(from: 0, to: 50_000, by: 997) {
      let (image, label) = try data.sample(i)
      #expect((image.width, image.height, image.channels, label) == (32, 32, 3, i / 5000))
    }
  }

  @Test(.enabled(if: SharedData.directory != nil, "the shared data is missing"))
  func `MNIST's test set opens gzipped`() throws {
    let vision = try #require(SharedData.directory).appending(path: "vision")
    let data = try MNIST(contentsOf: vision, split: "test")
    #expect(data.count == 10_000 && data.classes.count == 10)
    #expect(data.labels.prefix(10) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])  // the well-known beginning
  }
}
