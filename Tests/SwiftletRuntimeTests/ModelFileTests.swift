import Foundation
import SwiftletBenchmarkKit
import SwiftletFiles
import TestSupport
import Testing

@testable import SwiftletRuntime

@Suite struct ModelFileTests {
  static func sparseModel() throws -> ModelBuilder {
    try ModelBuilder.visionTransformer(.init(type: .int8, pattern: .init(keeping: 2, of: 4)))
  }

  @Test func `a model survives the file`() throws {
    let directory = try TemporaryFolder()
    let url = directory.url.appending(path: "model.swiftlet")
    let b = try Self.sparseModel()
    try ModelFile.write(b.graph, constants: b.constants, to: url)
    let file = try ModelFile(contentsOf: url)
    #expect(file.graph == b.graph)
    #expect(try Data(contentsOf: url) == Data(b.bytes()))
    for constant in b.constants {
      for (tensor, bytes) in zip(constant.constant.storedTensors, try constant.bytes) {
        #expect(Array(file.stored.tensor(tensor.name)) == bytes)
        #expect(Int(bitPattern: file.stored.tensor(tensor.name).baseAddress) % 64 == 0)
      }
    }
    // Writing again replaces it and leaves nothing beside it.
    try file.write(to: url)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["model.swiftlet"])
  }

  /// Oracle: the safetensors format's own rules: contiguous, in order, no holes.
  @Test func `the container is what other programs expect`() throws {
    let forgery = try Forgery(Self.sparseModel().bytes())
    let ranges = forgery.header.keys.filter { $0 != "__metadata__" }.map { forgery.range(of: $0) }
      .sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
    #expect(ranges.first?.lowerBound == 0)
    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    #expect(ranges.last?.upperBound == forgery.data.count)
    #expect(forgery["head.weight", "dtype"] as? String == "I8")
    #expect(forgery["head.weight", "shape"] as? [Int] == [3, 8])
  }

  static let damages: [(what: String, expected: String, damage: @Sendable (inout Forgery) -> Void)] = [
    ("a weight's bit", "the weights do not match their checksum", { $0.data[5] ^= 4 }),
    ("the graph's text", "the graph does not match its checksum", { $0.metadata["swiftlet.graph"]? += " " }),
    ("no graph", "without a graph", { $0.metadata["swiftlet.graph"] = nil }),
    ("another format", "without a graph", { $0.metadata["format"] = "pt" }),
    ("unknown metadata", "unknown key \"more\"", { $0.metadata["more"] = "1" }),
    ("no checksum", "do not match their checksum", { $0.metadata["swiftlet.data.crc32c"] = nil }),
    (
      "a missing tensor", "leave a gap",
      {
        $0.header["head.scales"] = nil
        $0.header["head.weight.scales"] = nil
      }
    ),
    (
      "an extra tensor", "does not know the tensor extra",
      {
        $0["extra", "dtype"] = "U8"
        $0["extra", "shape"] = [0]
        $0["extra", "data_offsets"] = [0, 0]
      }
    ),
    ("a type", "has shape [3, 8] of F32, which takes 96 bytes, in 24", { $0["head.weight", "dtype"] = "F32" }),
    ("a shape", "is I8 [8, 3]", { $0["head.weight", "shape"] = [8, 3] }),
    ("overlap", "overlap", { $0["head.weight", "data_offsets"] = [0, 24] }),
    ("backwards", "has data_offsets [24, 0]", { $0["head.weight", "data_offsets"] = [24, 0] }),
    ("negative", "that are not counts", { $0["head.weight", "data_offsets"] = [-24, 0] }),
    (
      "out of the file", "which takes 24 bytes, in 9223372036854775807",
      { $0["head.weight", "data_offsets"] = [0, Int.max] }
    ),
    ("an unknown field", "unknown field 'more'", { $0["head.weight", "more"] = 1 }),
    (
      "too many bytes", "64 bytes follow its last tensor",
      {
        $0.data += [UInt8](repeating: 0, count: 64)
        $0.sign()
      }
    ),
    (
      "too few bytes", "that follow the header",
      {
        $0.data.removeLast(4)
        $0.sign()
      }
    ),
    (
      "an index", "an index of",
      {
        let r = $0.range(of: "head.weight.indices")
        $0.data[r.lowerBound] = 0
        $0.sign()
      }
    ),
    (
      "a scale of zero", "a scale of",
      {
        let r = $0.range(of: "head.weight.scales")
        for i in r { $0.data[i] = 0 }
        $0.sign()
      }
    ),
    (
      "a scale of NaN", "a scale of",
      {
        let r = $0.range(of: "head.weight.scales")
        for i in r { $0.data[i] = 0xFF }
        $0.sign()
      }
    ),
    (
      "a weight of -128", "is -128",
      {
        let r = $0.range(of: "head.weight")
        $0.data[r.lowerBound] = 0x80
        $0.sign()
      }
    ),
    (
      "the version", "has version 7",
      {
        $0.metadata["swiftlet.graph"] = $0.metadata["swiftlet.graph"]?.replacing("\"version\":2", with: "\"version\":7")
        $0.sign()
      }
    ),
  ]

  @Test(arguments: damages.indices) func `a damaged file is refused with its reason`(index: Int) throws {
    let (what, expected, damage) = Self.damages[index]
    var forgery = try Forgery(Self.sparseModel().bytes())
    damage(&forgery)
    let bytes = try forgery.bytes()
    let error = #expect(throws: ModelFileError.self, "\(what)") { try ModelFile(bytes: bytes) }
    #expect(error?.description.contains(expected) == true, "\(what): \(String(describing: error))")
    #expect(error?.description.contains("\n") == false)
  }

  @Test func `an unaltered forgery is accepted`() throws {
    var forgery = try Forgery(Self.sparseModel().bytes())
    forgery.sign()
    #expect(try ModelFile(bytes: forgery.bytes()).graph == Self.sparseModel().graph)
  }

  @Test func `what is no model file is refused with its reason`() throws {
    let bytes = try Self.sparseModel().bytes()
    func refuses(_ bytes: [UInt8], _ expected: String) {
      let error = #expect(throws: ModelFileError.self) { try ModelFile(bytes: bytes) }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    refuses([], "too few for a header")
    refuses([1, 2, 3], "too few for a header")
    refuses([UInt8](repeating: 0xFF, count: 100), "does not start with a safetensors header")
    refuses(Array("PK\u{3}\u{4} a zip file, not a model".utf8), "does not start with a safetensors header")
    refuses(rawBytes(of: [UInt64.max]) + Array("{}".utf8), "more than any file has")
    refuses(rawBytes(of: [UInt64(1 << 20)]) + Array("{}".utf8), "the header's 1048576 bytes should follow byte 8, 2 do")
    refuses(Array(bytes[..<200]), "should follow byte 8, 192 do")
    refuses(Array(bytes.dropLast()), "do not match their checksum")
    refuses(
      rawBytes(of: [UInt64(57)]) + Array(("{" + String(repeating: " ", count: 55) + "}").utf8),
      "which 64 does not divide")
    refuses(rawBytes(of: [UInt64(56)]) + Array(("{" + String(repeating: " ", count: 54) + "}").utf8), "without a graph")
    refuses(
      rawBytes(of: [UInt64(56)]) + Array(("{" + String(repeating: "[", count: 55)).utf8), "its JSON is wrong at byte")
  }

  /// A parser that recurses without a limit would overflow its stack.
  @Test func `JSON nested without end is refused`() throws {
    let nest = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
    #expect(throws: GraphError.self) { try Graph(json: nest) }
    var header = Array("{\"a\":".utf8) + nest
    header += [UInt8](repeating: UInt8(ascii: " "), count: -(header.count + 8) & 63)
    #expect(throws: ModelFileError.self) { try ModelFile(bytes: rawBytes(of: [UInt64(header.count)]) + header) }
  }

  @Test func `paths that hold no model are refused with their reason`() throws {
    let directory = try TemporaryFolder()
    #expect(throws: ModelFileError.missing(path: "/nowhere/model.swiftlet")) {
      try ModelFile(contentsOf: URL(filePath: "/nowhere/model.swiftlet"))
    }
    let isDirectory = #expect(throws: ModelFileError.self) { try ModelFile(contentsOf: directory.url) }
    #expect(isDirectory?.description.contains("not a regular file") == true)
    let empty = directory.url.appending(path: "empty")
    try Data().write(to: empty)
    let isEmpty = #expect(throws: ModelFileError.self) { try ModelFile(contentsOf: empty) }
    #expect(isEmpty?.description.contains("it is empty") == true)
  }

  @Test func `a failed write leaves the old file and says why`() throws {
    let b = try ModelBuilder.visionTransformer()
    let error = #expect(throws: ModelFileError.self) {
      try ModelFile.write(b.graph, constants: b.constants, to: URL(filePath: "/nowhere/model.swiftlet"))
    }
    #expect(error?.description == "/nowhere/model.swiftlet: it cannot be written: no such file or directory")

    // The graph is not valid: nothing is written.
    let directory = try TemporaryFolder()
    let url = directory.url.appending(path: "model.swiftlet")
    try ModelFile.write(b.graph, constants: b.constants, to: url)
    let old = try Data(contentsOf: url)
    var broken = b.graph
    broken.outputs = []
    #expect(throws: ModelFileError.self) { try ModelFile.write(broken, constants: b.constants, to: url) }
    #expect(throws: ModelFileError.self) { try ModelFile.write(b.graph, constants: [], to: url) }
    #expect(try Data(contentsOf: url) == old)
  }

  /// /dev/full takes no bytes: a full disk.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "there is no /dev/full"))
  func `a full disk is reported and leaves no draft`() throws {
    let directory = try TemporaryFolder()
    let url = directory.url.appending(path: "model.swiftlet")
    try Data("old".utf8).write(to: url)
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    var calls = 0
    let error = #expect(throws: ModelFileError.self) {
      let b = try ModelBuilder.visionTransformer()
      try ModelFile.draft(b.graph, constants: b.constants, path: url.path).write { descriptor, bytes in
        calls += 1
        return AtomicFile.systemWrite(calls == 1 ? descriptor : full, bytes)
      }
    }
    #expect(
      error?.description.contains("it cannot be written: no space left on device") == true,
      "\(String(describing: error))")
    #expect(try Data(contentsOf: url) == Data("old".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["model.swiftlet"])
  }

  /// A file either is refused or runs; a crash would end the test process. The seed is in the message.
  @Test(arguments: 0..<8) func `altered files never crash`(seed: UInt64) throws {
    var random = Random(seed: 100 + seed)
    let weights: [ModelBuilder.Weights] = [.init(), .init(type: .int8, pattern: .init(keeping: 2, of: 4))]
    let weight = weights[Int(seed) % 2]
    let original =
      try (seed < 4 ? ModelBuilder.visionTransformer(weight) : ModelBuilder.windowedTransformer(weight)).bytes()
    for round in 0..<60 {
      var bytes = original
      switch round % 5 {
      case 0:  // Flip bits anywhere.
        for _ in 0..<random.int(1...4) { bytes[random.int(0...bytes.count - 1)] ^= 1 << UInt8(random.int(0...7)) }
      case 1: bytes.removeLast(random.int(1...bytes.count))
      case 2:  // Flip bits in the header only.
        for _ in 0..<random.int(1...3) {
          bytes[random.int(0...min(4000, bytes.count - 1))] ^= 1 << UInt8(random.int(0...7))
        }
      case 3:  // Alter weights, with a checksum that matches.
        var forgery = try Forgery(bytes)
        for _ in 0..<random.int(1...20) {
          forgery.data[random.int(0...forgery.data.count - 1)] = UInt8(random.int(0...255))
        }
        forgery.sign()
        bytes = try forgery.bytes()
      default:  // Alter the graph, with a checksum that matches.
        var forgery = try Forgery(bytes)
        var text = Array((forgery.metadata["swiftlet.graph"] ?? "").utf8)
        let digits = text.indices.filter { (0x30...0x39).contains(text[$0]) }
        for _ in 0..<random.int(1...3) {
          text[digits[random.int(0...digits.count - 1)]] = UInt8(random.int(0x30...0x39))
        }
        forgery.metadata["swiftlet.graph"] = String(decoding: text, as: UTF8.self)
        forgery.sign()
        bytes = try forgery.bytes()
      }
      do {
        let file = try ModelFile(bytes: bytes)
        let session = try Session(file, threads: 1)
        // A forged graph may ask for more memory than a test should take.
        guard try session.arenaByteCount(batch: 1) < 1 << 24 else { continue }
        _ = try session.run(try session.randomInputs(batch: 1))
        _ = try ModelSummary(file)
      } catch is ModelFileError {
      } catch is SessionError {
      } catch {
        Issue.record("seed \(seed), round \(round): \(error) is neither a file's nor a session's error")
      }
    }
  }
}
