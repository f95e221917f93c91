import Foundation
import SwiftletFiles
import Synchronization
import TestSupport
import Testing

@testable import SwiftletRuntime

@Suite struct ContainerTests {
  /// A network of four layers whose constants are encoded when they are written; `encoding` hears which and when.
  static func stream(_ encoding: @escaping @Sendable (Int) -> Void = { _ in }) throws -> ModelBuilder {
    var b = try ModelBuilder.visionTransformer(.init(type: .int8, pattern: .init(keeping: 2, of: 4)))
    b.constants = b.constants.enumerated().map { index, ready in
      EncodedConstant(ready.constant) { () throws(ConstantError) in
        encoding(index)
        return ready
      }
    }
    return b
  }

  @Test func `a model written as a stream is the model written whole`() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "model.swiftlet")
    let b = try Self.stream()
    try ModelFile.write(b.graph, constants: b.constants, to: url)
    #expect(try Array(Data(contentsOf: url)) == ModelFileTests.sparseModel().bytes())
    #expect(try b.file().content.copy() == b.bytes())
  }

  /// Law: when a constant is asked for, all before it are on their way to the disk, and none is asked for twice.
  @Test func `constants are encoded one at a time, each when its turn comes`() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "model.swiftlet")
    // Where the file stood when each constant was asked for.
    let written = Mutex(0)
    let asked = Mutex<[Int]>([])
    let b = try Self.stream { index in
      let place = written.withLock { $0 }
      asked.withLock { $0.append(place) }
      #expect(asked.withLock { $0.count } == index + 1)
    }
    try ModelFile.draft(b.graph, constants: b.constants, path: url.path).write { descriptor, bytes in
      written.withLock { $0 += bytes.count }
      return AtomicFile.systemWrite(descriptor, bytes)
    }
    let places = asked.withLock { $0 }
    #expect(places.count == b.constants.count)
    let file = try ModelFile(contentsOf: url)
    for (constant, place) in zip(b.constants, places) {
      let start = try #require(file.stored.ranges[constant.constant.storedTensors[0].name]).lowerBound
      #expect((start - 63...start).contains(place), "\(constant.constant.name)")
    }
  }

  @Test func `a constant that fails leaves the old file and says why`() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "model.swiftlet")
    try Data("old".utf8).write(to: url)
    var b = try Self.stream()
    func refuses(_ expected: String) throws {
      let error = #expect(throws: ModelFileError.self) {
        try ModelFile.write(b.graph, constants: b.constants, to: url)
      }
      #expect(error?.description == "\(url.path) cannot be written: \(expected)")
      #expect(try Data(contentsOf: url) == Data("old".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["model.swiftlet"])
    }
    let last = b.constants.count - 1
    let constant = b.constants[last].constant
    b.constants[last] = EncodedConstant(constant) { () throws(ConstantError) in
      try EncodedConstant(name: constant.name, shape: constant.shape, floats: [.nan, 0, 0])
    }
    try refuses("\(constant.name) cannot be stored: a weight is infinite or not a number")
    b.constants[last] = EncodedConstant(constant) { () throws(ConstantError) in
      try EncodedConstant(name: constant.name, shape: [1], floats: [1])
    }
    let error = #expect(throws: ModelFileError.self) { try b.file() }
    #expect(error?.description.contains("was announced") == true)
  }

  @Test func `a tokenizer comes back byte for byte`() throws {
    let b = try Self.stream()
    for tokenizer in [Array("a b c\0".utf8), [], [UInt8](repeating: 7, count: 1000)] {
      let file = try ModelFile(b.graph, constants: b.constants, tokenizer: tokenizer)
      #expect(file.tokenizer == tokenizer)
      #expect(file.graph == b.graph)
    }
    #expect(try b.file().tokenizer == nil)
    var forgery = try Forgery(
      ModelFile(b.graph, constants: b.constants, tokenizer: [1, 2, 3, 4]).content.copy())
    forgery["swiftlet.tokenizer", "dtype"] = "F32"
    forgery["swiftlet.tokenizer", "shape"] = [1]
    let bytes = try forgery.bytes()
    let error = #expect(throws: ModelFileError.self) { try ModelFile(bytes: bytes) }
    #expect(error?.description.contains("the tokenizer is no row of bytes") == true)
  }

  /// A file of a graph and of something else that has a tensor of its own.
  static func twoPrograms() throws -> [UInt8] {
    let b = try stream()
    let other = try EncodedConstant(name: "other", shape: [2], floats: [1, 2])
    let draft = try ContainerDraft(
      programs: [.init(kind: "speech", json: Array("{\"a\":1}".utf8)), .init(kind: "graph", json: b.graph.json())],
      constants: b.constants + [other], tokenizer: nil, path: "test")
    return try draft.content().copy()
  }

  @Test func `a file may hold several programs, and a graph among them runs`() throws {
    let container = try ModelContainer(MappedFile(copying: Self.twoPrograms()), path: "test")
    #expect(container.programs.map(\.kind) == ["graph", "speech"])
    #expect(container.program("speech")?.json == Array("{\"a\":1}".utf8))
    #expect(container.program("language") == nil)
    let file = try ModelFile(container)
    let inputs = try Session(file).randomInputs(batch: 2)
    #expect(try Session(file).run(inputs) == Session(ModelFileTests.sparseModel().file()).run(inputs))
    let places = try container.places(of: [.init(name: "other", type: .float32, shape: [2])], for: "speech")
    #expect(try container.content.copy()[#require(places["other"])] == rawBytes(of: [Float(1), 2])[...])
  }

  static let damages: [(expected: String, damage: @Sendable (inout Forgery) -> Void)] = [
    ("the speech does not match its checksum", { $0.metadata["swiftlet.speech"] = "{}" }),
    ("the speech does not match its checksum", { $0.metadata["swiftlet.speech.crc32c"] = nil }),
    ("the graph does not match its checksum", { $0.metadata["swiftlet.graph.crc32c"] = "00000000" }),
    ("unknown key \"swiftlet.speech.crc32c\"", { $0.metadata["swiftlet.speech"] = nil }),
    ("unknown key \"swiftlet.Song\"", { $0.metadata["swiftlet.Song"] = "{}" }),
    ("unknown key \"swiftlet.\"", { $0.metadata["swiftlet."] = "{}" }),
    ("unknown key \"swiftlet.data\"", { $0.metadata["swiftlet.data"] = "{}" }),
    (
      "it holds no graph to run, but speech",
      {
        $0.metadata["swiftlet.graph"] = nil
        $0.metadata["swiftlet.graph.crc32c"] = nil
      }
    ),
    (
      "the graph does not know the tensor other",
      {
        $0.metadata["swiftlet.speech"] = nil
        $0.metadata["swiftlet.speech.crc32c"] = nil
      }
    ),
  ]

  @Test(arguments: damages.indices) func `a damaged file of several programs is refused`(index: Int) throws {
    var forgery = try Forgery(Self.twoPrograms())
    Self.damages[index].damage(&forgery)
    let bytes = try forgery.bytes()
    let error = #expect(throws: ModelFileError.self) { try ModelFile(bytes: bytes) }
    #expect(error?.description.contains(Self.damages[index].expected) == true, "\(String(describing: error))")
  }
}
