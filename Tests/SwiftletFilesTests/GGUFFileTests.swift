import SwiftletFiles
import TestSupport
import Testing

@Suite struct GGUFFileTests {
  /// A small sound file with a value of every kind and three tensors.
  static var sound: GGUFBuilder {
    var file = GGUFBuilder()
    file.set("general.architecture", "llama")
    file.set("llama.block_count", 2)
    file.set("llama.epsilon", float: Float(1e-5))
    file.set("flag", true)
    file.set("tokens", ["<s>", "é", ""])
    file.keys.append(("small", 1, [0xff]))
    file.keys.append(("wide", 10, GGUFBuilder.little(UInt64(1 << 40))))
    file.keys.append(("double", 12, GGUFBuilder.little((0.1).bitPattern)))
    file.keys.append(
      (
        "types", 9,
        GGUFBuilder.little(UInt32(5)) + GGUFBuilder.little(UInt64(2)) + GGUFBuilder.little(Int32(-1))
          + GGUFBuilder.little(Int32(6))
      ))
    file.keys.append(
      (
        "scores", 9,
        GGUFBuilder.little(UInt32(6)) + GGUFBuilder.little(UInt64(1))
          + GGUFBuilder.little(Float(0.5).bitPattern)
      ))
    file.keys.append(("flags", 9, GGUFBuilder.little(UInt32(7)) + GGUFBuilder.little(UInt64(2)) + [1, 0]))
    file.add("a.weight", shape: [2, 3], [1, 2, 3, 4, 5, 6])
    file.tensors.append(("q.weight", [32, 2], 8, (0..<68).map { UInt8($0) & 0x3f }))
    file.add("b.bias", shape: [1], [7])
    return file
  }

  static func read(_ builder: GGUFBuilder) throws(FileError) -> GGUFFile {
    try GGUFFile(MappedFile(copying: builder.bytes))
  }

  static func values(_ file: GGUFFile, _ tensor: GGUFFile.Tensor) -> [[Float]] {
    (0..<tensor.rowCount).map { row in
      [Float](unsafeUninitializedCapacity: tensor.rowLength) { buffer, count in
        file.decode(tensor, row: row, into: UnsafeMutableBufferPointer(rebasing: buffer[..<tensor.rowLength]))
        count = tensor.rowLength
      }
    }
  }

  @Test(arguments: [2, 3] as [UInt32]) func `a sound file gives its values and its tensors`(version: UInt32) throws {
    var builder = Self.sound
    builder.version = version
    let file = try Self.read(builder)
    #expect(file.version == Int(version))
    #expect(try file.text("general.architecture") == "llama")
    #expect(
      try file.integer("llama.block_count") == 2 && file.integer("small") == -1 && file.integer("wide") == 1 << 40)
    #expect(try file.number("llama.epsilon") == Double(Float(1e-5)) && file.number("double") == 0.1)
    #expect(try file.number("llama.block_count") == 2)
    #expect(try file.flag("flag") == true && file.texts("tokens") == ["<s>", "é", ""])
    #expect(try file.integers("types") == [-1, 6] && file.numbers("scores") == [0.5])
    #expect(file.metadata["flags"] == .flags([true, false]))
    #expect(try file.text("missing") == nil)
    #expect(file.tensors.map(\.name) == ["a.weight", "q.weight", "b.bias"])
    #expect(file.tensors.map(\.shape) == [[2, 3], [2, 32], [1]])
    #expect(file.tensors.map(\.type) == [.float32, .q8Symmetric, .float32])
    #expect(Self.values(file, file.tensors[0]) == [[1, 2, 3], [4, 5, 6]])
    #expect(Self.values(file, file.tensors[2]) == [[7]])
  }

  @Test func `tensors lie where another alignment puts them`() throws {
    var builder = Self.sound
    builder.alignment = 256
    builder.set("general.alignment", 256)
    let file = try Self.read(builder)
    #expect(file.tensors.allSatisfy { $0.place.lowerBound.isMultiple(of: 256) })
    #expect(Self.values(file, file.tensors[0]) == [[1, 2, 3], [4, 5, 6]])
  }

  @Test func `a value of another type is refused when it is asked for`() throws {
    let file = try Self.read(Self.sound)
    let error = #expect(throws: FileError.self) { try file.integer("tokens") }
    #expect(error?.description == "is damaged: its tokens is a list of texts, expected an integer")
    #expect(throws: FileError.self) { try file.text("flag") }
    #expect(throws: FileError.self) { try file.numbers("types") }
  }

  // MARK: Forged

  private struct Lie: Sendable {
    let part: String
    let change: @Sendable (inout GGUFBuilder) -> Void
    init(_ part: String, _ change: @escaping @Sendable (inout GGUFBuilder) -> Void) {
      (self.part, self.change) = (part, change)
    }
  }

  private static func list(_ type: UInt32, _ count: UInt64, _ rest: [UInt8] = []) -> [UInt8] {
    GGUFBuilder.little(type) + GGUFBuilder.little(count) + rest
  }

  private static let lies: [Lie] = [
    Lie("does not begin with GGUF") { $0.magic = Array("GGML".utf8) },
    Lie("version 1, versions 2 and 3 are read") { $0.version = 1 },
    Lie("version 4, versions") { $0.version = 4 },
    Lie("is a big-endian GGUF file") { $0.version = 3 << 24 },
    Lie("announces 18446744073709551615 tensors, more than its") { $0.tensorCount = .max },
    Lie("announces 1000 tensors, more than") { $0.tensorCount = 1000 },
    Lie("announces 9223372036854775808 keys, more than") { $0.keyCount = 1 << 63 },
    Lie("a key holds a control character: \"x\\ny\"") { $0.set("x\ny", false) },
    Lie("a tensor's name holds a control character") { $0.add("\u{7f}", shape: [1], [1]) },
    Lie("has the key flag twice") { $0.set("flag", false) },
    Lie("announces 18446744073709551615 bytes of the text of x") {
      $0.keys.append(("x", 8, [UInt8](repeating: 255, count: 8)))
    },
    Lie("the text of x at byte") { $0.keys.append(("x", 8, GGUFBuilder.little(UInt64(1)) + [0xff])) },
    Lie("its x is of type 13, which there is not") { $0.keys.append(("x", 13, [])) },
    Lie("its x is 2, a flag is 0 or 1") { $0.keys.append(("x", 7, [2])) },
    Lie("has 9223372036854775808 under x, which is too large") {
      $0.keys.append(("x", 10, GGUFBuilder.little(UInt64(1) << 63)))
    },
    Lie("announces 4611686018427387904 elements of x") { $0.keys.append(("x", 9, list(4, 1 << 62))) },
    Lie("announces 100000 elements of x") { $0.keys.append(("x", 9, list(8, 100_000))) },
    Lie("its x is of type 99") { $0.keys.append(("x", 9, list(99, 1))) },
    Lie("holds lists in a list under x") { $0.keys.append(("x", 9, list(9, 1, list(4, 0)))) },
    Lie("its general.alignment is 0") { $0.set("general.alignment", 0) },
    Lie("its general.alignment is 48") { $0.set("general.alignment", 48) },
    Lie("its general.alignment is text") { $0.set("general.alignment", "32") },
    Lie("its general.alignment is 2147483648") { $0.set("general.alignment", 1 << 31) },
    Lie("has the tensor b.bias twice") { $0.add("b.bias", shape: [1], [1]) },
    Lie("its tensor b.bias has 0 axes") { $0.tensors[2].extents = [] },
    Lie("its tensor b.bias has 5 axes") { $0.tensors[2].extents = [1, 1, 1, 1, 1] },
    Lie("its tensor b.bias has the impossible shape [0]") { $0.tensors[2].extents = [0] },
    Lie("impossible shape [4294967296, 4294967296]") { $0.tensors[2].extents = [1 << 32, 1 << 32] },
    Lie("impossible shape [18446744073709551615]") { $0.tensors[2].extents = [.max] },
    Lie("b.bias takes 4000 bytes at byte") { $0.tensors[2].extents = [1000] },
    Lie("elements of type 77, which there is not") { $0.tensors[2].type = 77 },
    Lie("elements of type Q2_K, which is not read: F32, F16") { $0.tensors[2].type = 10 },
    Lie("rows of 48 elements of type Q8_0, which come in blocks of 32") { $0.tensors[1].extents = [48, 1] },
    Lie("lies at byte 33, which 32 does not divide") { $0.offsets = [0, 33, 128] },
    Lie("at byte 9223372036854775776") { $0.offsets = [0, 32, UInt64(Int.max - 31)] },
    Lie("lies at byte 18446744073709551584") { $0.offsets = [0, 32, .max - 31] },
    Lie("its tensors a.weight and q.weight overlap") { $0.offsets = [0, 0, 128] },
  ]

  @Test func `each lie of a header is one sentence`() {
    for lie in Self.lies {
      var builder = Self.sound
      lie.change(&builder)
      do {
        _ = try Self.read(builder)
        Issue.record("read although: \(lie.part)")
      } catch {
        #expect(error.description.contains(lie.part) && !error.description.contains("\n"), "\(error)")
      }
    }
  }

  @Test func `a file that ends early at any byte is refused`() throws {
    let sound = Self.sound.bytes
    for count in 0..<sound.count {
      #expect(throws: FileError.self, "\(count) of \(sound.count) bytes") {
        try GGUFFile(MappedFile(copying: sound[..<count]))
      }
    }
  }

  /// Whatever the bytes, the file is read or refused; what is read lies within it and decodes.
  @Test(arguments: 0..<4) func `a file with wrong bytes is read or refused`(seed: UInt64) throws {
    let sound = Self.sound.bytes
    var random = SplitMix64(seed: seed)
    for round in 0..<1500 {
      var bytes = sound
      for _ in 0...random.next() % 4 {
        let place = Int(random.next() % UInt64(bytes.count))
        // Extremes lie about sizes more often than chance does.
        bytes[place] = [0, 1, 0x7f, 0x80, 0xff, UInt8(truncatingIfNeeded: random.next())][Int(random.next() % 6)]
      }
      if random.next() % 8 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
      do throws(FileError) {
        let file = try GGUFFile(MappedFile(copying: bytes))
        for tensor in file.tensors { _ = Self.values(file, tensor) }
      } catch {
        #expect(!error.description.contains("\n"), "seed \(seed), round \(round): \(error)")
      }
    }
  }
}
