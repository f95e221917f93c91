import Foundation
import SwiftletFiles
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCheckpoint

/// Files made to harm. Each must be refused with one clear error: no crash, no code run, no large allocation.
@Suite(torch) struct HostileFileTests {
  // MARK: Pickles

  private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
  private static func text(_ text: String) -> [UInt8] { [0x8c, UInt8(text.utf8.count)] + Array(text.utf8) }
  private static func integer(_ value: Int) -> [UInt8] { [0x8a, 8] + little(value) }
  private static func tuple(_ values: [Int]) -> [UInt8] { [0x28] + values.flatMap(integer) + [0x74] }
  private static func global(_ name: String) -> [UInt8] {
    let parts = name.split(separator: ".")
    return [0x63] + Array("\(parts.dropLast().joined(separator: "."))\n\(parts.last ?? "")\n".utf8)
  }

  /// A dictionary of one tensor over storage 0.
  private static func tensor(
    offset: Int = 0, shape: [Int], strides: [Int], type: String = "FloatStorage", count: Int = 4
  ) -> [UInt8] {
    [0x80, 2, 0x7d] + text("x") + global("torch._utils._rebuild_tensor_v2") + [0x28, 0x28] + text("storage")
      + global("torch." + type) + text("0") + text("cpu") + integer(count) + [0x74, 0x51] + integer(offset)
      + tuple(shape) + tuple(strides) + [0x74, 0x52, 0x73, 0x2e]
  }

  private func cause(_ file: @autoclosure () throws -> MappedFile, _ part: String) throws -> CheckpointError.Cause? {
    let file = try file()
    do throws(CheckpointError) { try readEverything(file) } catch {
      #expect(error.message.contains(part), "\(error)")
      return error.cause
    }
    Issue.record("a hostile file was read")
    return nil
  }

  @Test func `deep nesting is refused`() throws {
    let deep = [UInt8](repeating: 0x5d, count: 300_000) + [UInt8](repeating: 0x61, count: 299_999) + [0x2e]
    #expect(try cause(torchFile([0x80, 2] + deep), "nest more than 100 deep") == .damaged)
    let marks = [UInt8](repeating: 0x28, count: 300_000) + [UInt8](repeating: 0x74, count: 300_000) + [0x2e]
    #expect(try cause(torchFile([0x80, 2] + marks), "nest more than 100 deep") == .damaged)
  }

  @Test func `a value that contains itself is refused`() throws {
    #expect(try cause(torchFile([0x80, 2, 0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e]), "nest more than 100 deep") == .damaged)
  }

  /// Each of 30 tuples holds the one before twice: 2^30 values from 100 bytes.
  @Test func `a memo bomb is refused`() throws {
    let bomb: [UInt8] = [0x80, 2, 0x29] + (0..<30).flatMap { _ in [0x32, 0x86] } + [0x2e]
    #expect(try cause(torchFile(bomb), "unfolds to more than") == .damaged)
  }

  @Test func `huge counts are refused before anything is allocated`() throws {
    for code in [0x54, 0x58, 0x42] as [UInt8] {
      #expect(
        try cause(torchFile([0x80, 2, code] + Self.little(UInt32.max)), "4294967295 bytes should follow") == .truncated)
    }
    for code in [0x8d, 0x8e, 0x96] as [UInt8] {
      #expect(try cause(torchFile([0x80, 4, code] + Self.little(UInt64.max)), "more than any file has") == .damaged)
      #expect(try cause(torchFile([0x80, 4, code] + Self.little(Int64.max)), "bytes should follow") == .truncated)
    }
    #expect(
      try cause(torchFile([0x80, 2, 0x8b] + Self.little(Int32(-1)) + [0x2e]), "-1 bytes should follow") == .truncated)
  }

  @Test func `a machine out of order is refused`() throws {
    for pickle in [
      [0x2e], [0x30, 0x2e], [0x61], [0x74], [0x75], [0x86], [0x28, 0x71, 0], [0x4e, 0x28, 0x30], [0x71, 0], [0x32],
      [0x62],
      [0x52], [0x93], [0x51],
    ] as [[UInt8]] {
      #expect(try cause(torchFile([0x80, 2] + pickle + [0x2e]), "empty stack") == .damaged, "\(pickle)")
    }
    #expect(try cause(torchFile([0x80, 2, 0x68, 9, 0x2e]), "recalls value 9") == .damaged)
    #expect(try cause(torchFile([0x80, 2, 0xff]), "no instruction") == .damaged)
    #expect(try cause(torchFile([0x80, 9, 0x2e]), "protocol 9") == .unsupported)
    #expect(try cause(torchFile([0x80, 2, 0x4e]), "should follow byte") == .truncated)
    #expect(try cause(torchFile([0x80, 2, 0x4e, 0x4e, 0x61, 0x2e]), "something other than a list") == .damaged)
    #expect(try cause(torchFile([0x80, 2, 0x7d, 0x28, 0x4e, 0x75, 0x2e]), "key without a value") == .damaged)
    #expect(try cause(torchFile([0x80, 2, 0x8c, 1, 0xff, 0x2e]), "not UTF-8") == .damaged)
    #expect(try cause(torchFile([0x80, 2, 0x4e, 0x51, 0x2e]), "other than a storage") == .damaged)
  }

  @Test func `a call stays a record`() throws {
    let pickle = [0x80, 2] + Self.global("os.system") + Self.text("touch /tmp/owned") + [0x85, 0x52, 0x2e]
    let file = try torchFile(pickle)
    guard case .object("os.system", let arguments, nil) = try Checkpoint.open(file).value() else {
      Issue.record("os.system stays an object")
      return
    }
    #expect(arguments.first?.asString == "touch /tmp/owned")
    #expect(try Checkpoint.read(file).state.isEmpty)
  }

  @Test func `tensors outside their storage are refused`() throws {
    let storage = ["0": [UInt8](repeating: 0, count: 16)]
    #expect(throws: Never.self) {
      try readEverything(try torchFile(Self.tensor(shape: [2, 2], strides: [2, 1]), storages: storage))
    }
    for pickle in [
      Self.tensor(shape: [5], strides: [1]), Self.tensor(offset: 1, shape: [4], strides: [1]),
      Self.tensor(offset: -1, shape: [1], strides: [1]), Self.tensor(offset: .max, shape: [1], strides: [1]),
      Self.tensor(shape: [2], strides: [-1]), Self.tensor(shape: [-1], strides: [1]),
      Self.tensor(shape: [2], strides: [.max]), Self.tensor(shape: [.max, .max], strides: [0, 0]),
      Self.tensor(shape: [3, 3], strides: [.max / 2, .max / 2]), Self.tensor(shape: [.max, 1], strides: [1, 1]),
      Self.tensor(shape: [4], strides: [1], type: "DoubleStorage"),
    ] {
      #expect(try cause(torchFile(pickle, storages: storage), "does not fit storage 0") == .damaged)
    }
    #expect(
      try cause(torchFile(Self.tensor(shape: [1 << 40], strides: [0]), storages: storage), "repeats the 4 elements")
        == .damaged)
    #expect(try cause(torchFile(Self.tensor(shape: [1], strides: [1])), "storage 0 is missing") == .damaged)
    #expect(
      try cause(
        torchFile(Self.tensor(shape: [1], strides: [1], type: "ComplexFloatStorage"), storages: storage),
        "ComplexFloatStorage")
        == .unsupported)
    let axes = [Int](repeating: 1, count: 70)
    #expect(try cause(torchFile(Self.tensor(shape: axes, strides: axes), storages: storage), "70 axes") == .damaged)
  }

  // MARK: Zip files

  @Test func `zip files that lie are refused`() throws {
    let sound = try golden("state.pt")
    func changed(_ change: (inout [UInt8]) throws -> Void) rethrows -> MappedFile {
      var bytes = sound
      try change(&bytes)
      return MappedFile(copying: bytes)
    }
    let directory = try #require(sound.firstRange(of: [0x50, 0x4b, 0x01, 0x02])).lowerBound
    let end = sound.count - 22
    try #require(Array(sound[end..<end + 4]) == [0x50, 0x4b, 0x05, 0x06])
    #expect(try cause(changed { $0[directory + 10] = 8 }, "is compressed") == .unsupported)
    #expect(try cause(changed { $0[directory + 8] |= 1 }, "is encrypted") == .unsupported)
    #expect(try cause(changed { $0[directory + 16] ^= 1 }, "checksum") == .damaged)
    #expect(try cause(changed { $0[directory] = 0 }, "wrong signature") == .damaged)
    #expect(try cause(changed { $0[directory + 42] = 1 }, "wrong signature") == .damaged)
    #expect(
      try cause(changed { $0.replaceSubrange(end + 16..<end + 20, with: [0, 0, 0, 0x7f]) }, "outside the file")
        == .damaged)
    #expect(
      try cause(
        changed { $0.replaceSubrange(end + 8..<end + 12, with: [0xfe, 0xff, 0xfe, 0xff]) }, "announces 65534 members")
        == .damaged)
    let wide = { (bytes: inout [UInt8]) in
      bytes.replaceSubrange(end + 8..<end + 12, with: [0xff, 0xff, 0xff, 0xff])
      bytes[end - 20] = 0
    }
    #expect(try cause(changed(wide), "zip64 locator is missing") == .damaged)
    #expect(try cause(changed { $0.removeLast(30) }, "zip directory is missing") == .truncated)
  }

  // MARK: safetensors

  private func safetensors(_ header: String, _ byteCount: Int, length: UInt64? = nil) -> MappedFile {
    MappedFile(
      copying: Self.little(length ?? UInt64(header.utf8.count)) + Array(header.utf8)
        + [UInt8](repeating: 1, count: byteCount))
  }

  private static func entry(_ from: Int, _ to: Int, _ shape: String = "[1]", _ type: String = "F32") -> String {
    "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(from),\(to)]}"
  }

  private struct Lie {
    let header: String
    let byteCount: Int
    let part: String
    let cause: CheckpointError.Cause
    init(_ header: String, _ byteCount: Int, _ part: String, _ cause: CheckpointError.Cause = .damaged) {
      (self.header, self.byteCount, self.part, self.cause) = (header, byteCount, part, cause)
    }
  }

  private static let lies: [Lie] = [
    Lie("{\"a\":\(entry(0, 4)),\"b\":\(entry(0, 4))}", 4, "overlap"),
    Lie("{\"a\":\(entry(0, 4)),\"b\":\(entry(2, 6))}", 6, "overlap"),
    Lie("{\"a\":\(entry(0, 4)),\"b\":\(entry(8, 12))}", 12, "leave a gap"),
    Lie("{\"a\":\(entry(4, 8))}", 8, "leave a gap"),
    Lie("{\"a\":\(entry(0, 4))}", 8, "follow its last"),
    Lie("{\"a\":\(entry(0, 8, "[2]"))}", 4, "ends at byte 8 of 4", .truncated),
    Lie("{\"a\":\(entry(4, 0))}", 4, "data_offsets [4, 0]"),
    Lie("{\"a\":\(entry(-4, 0))}", 4, "not counts"),
    Lie("{\"a\":\(entry(0, 4, "[-1]"))}", 4, "not counts"),
    Lie("{\"a\":\(entry(0, 4, "[1.5]"))}", 4, "not counts"),
    Lie("{\"a\":\(entry(0, 4, "[2]"))}", 4, "takes 8 bytes"),
    Lie("{\"a\":\(entry(0, 4, "[4611686018427387904,4]"))}", 4, "impossible shape"),
    Lie("{\"a\":\(entry(0, 4, "[1]", "F8_E4M3"))}", 4, "F8_E4M3", .unsupported),
    Lie("{\"a\":\(entry(0, 4)),\"a\":\(entry(0, 4))}", 4, "appears twice"),
    // é, and e with an accent behind it: other bytes, and equal as `String`.
    Lie("{\"\u{e9}\":\(entry(0, 4)),\"e\u{301}\":\(entry(4, 8))}", 8, "appears twice"),
    Lie("{\"\\u00e9\":\(entry(0, 4)),\"e\\u0301\":\(entry(4, 8))}", 8, "appears twice"),
    Lie("{\"__metadata__\":{\"\u{e9}\":\"1\",\"e\u{301}\":\"2\"}}", 0, "appears twice"),
    Lie("{\"a\":\(entry(0, 4))} x", 4, "follows its end"),
    Lie("{\"a\":\(entry(0, 4))", 4, "closing brace"),
    Lie("{\"a\":3}", 0, "not an object"),
    Lie("{\"a\":{\"dtype\":\"F32\"}}", 0, "no list"),
    Lie("{\"a\":{}}", 0, "no dtype"),
    Lie("{\"__metadata__\":{\"x\":1}}", 0, "is not text"),
    Lie("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4, "unknown field"),
    Lie("{\"a\\ud800\":3}", 0, "surrogate"),
    Lie("{\"a\\x\":3}", 0, "escape"),
    Lie("{" + String(repeating: "\"a\":{", count: 20), 0, "too deeply"),
    Lie("{\"\u{1}\":1}", 0, "control"),
  ]

  @Test func `sound headers are read`() {
    let header = "{\"a\":\(Self.entry(0, 4)),\"b\":\(Self.entry(4, 8))}  "
    #expect(throws: Never.self) { try readEverything(safetensors(header, 8)) }
  }

  @Test func `headers that lie are refused`() throws {
    for lie in Self.lies {
      #expect(try cause(safetensors(lie.header, lie.byteCount), lie.part) == lie.cause, "\(lie.header)")
    }
    #expect(try cause(safetensors("{}", 0, length: .max), "more than any file") == .damaged)
    #expect(try cause(safetensors("{}", 0, length: 200_000_000), "larger than the format's") == .damaged)
    #expect(try cause(safetensors("{}", 0, length: 99_999), "99999 bytes should follow") == .truncated)
  }

  @Test func `an index whose tensors look alike is refused`() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      Array("{\"weight_map\":{\"\u{e9}\":\"x\",\"e\u{301}\":\"x\"}}".utf8), to: "model.safetensors.index.json")
    let error = #expect(throws: CheckpointError.self) { try StoredTensors(in: CheckpointFiles(at: folder.url)) }
    #expect(
      error?.cause == .damaged && error?.message.contains("appears twice") ?? false, "\(String(describing: error))")
  }

  // MARK: Chance

  static let files = ["state.pt", "state-legacy.pt", "state-protocol4.pt", "state.safetensors", "training.pt"]

  /// A prefix of a sound file is never read as a whole one.
  @Test(arguments: ["state.pt", "state-legacy.pt", "state.safetensors"])
  func `a file that ends early at any byte is refused`(name: String) throws {
    let sound = try golden(name)
    for count in 0..<sound.count {
      let file = MappedFile(copying: Array(sound[..<count]))
      #expect(throws: CheckpointError.self, "\(count) of \(sound.count) bytes") { try readEverything(file) }
    }
  }

  @Test(arguments: files) func `a file with wrong bytes is read or refused`(name: String) throws {
    let sound = try golden(name)
    var random = SplitMix64(seed: 20_251)
    for _ in 0..<1500 {
      var bytes = sound
      for _ in 0...Int(random.next() % 4) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      do throws(CheckpointError) { try readEverything(MappedFile(copying: bytes)) } catch {
        #expect(!error.message.isEmpty)
      }
    }
  }

  /// The checksum guards a pickle in a zip file, so chance rarely reaches the machine that way.
  @Test func `a pickle with wrong bytes is read or refused`() throws {
    let sound = try golden("training.pt")
    let archive = try ZipArchive(MappedFile(copying: sound))
    let pickle = try archive.read(try #require(archive["training/data.pkl"]))
    var random = SplitMix64(seed: 7)
    for _ in 0..<3000 {
      var bytes = pickle
      for _ in 0...Int(random.next() % 4) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      bytes.withUnsafeBytes { raw in
        var machine = PickleMachine(ByteCursor(raw, 0..<raw.count))
        do throws(CheckpointError) { _ = try machine.run() } catch { #expect(!error.message.isEmpty) }
      }
    }
  }
}
