import SwiftletFiles
import TestSupport
import Testing

@Suite struct Llama2CFileTests {
  static func header(_ numbers: [Int32]) -> [UInt8] { numbers.flatMap(GGUFBuilder.little) }

  /// Width 4, hidden 6, 2 layers, 2 heads on 1 of keys, 5 tokens, 3 positions; each float is its own place.
  static func model(isTied: Bool) -> [UInt8] {
    let perLayer = 4 + 16 + 8 + 8 + 16 + 4 + 24 + 24 + 24
    let count = 5 * 4 + 2 * perLayer + 4 + 3 * 2 + (isTied ? 0 : 5 * 4)
    return header([4, 6, 2, 2, 1, isTied ? 5 : -5, 3])
      + (0..<count).flatMap { GGUFBuilder.little(Float($0).bitPattern) }
  }

  private func row(_ file: Llama2CFile, _ part: Llama2CFile.Part, _ layer: Int, _ row: Int, _ length: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: length) { buffer, count in
      file.read(part, layer: layer, row: row, into: UnsafeMutableBufferPointer(rebasing: buffer[..<length]))
      count = length
    }
  }

  /// Hand: the places that run.c's `memory_map_weights` gives.
  @Test func `each part lies where the program looks for it`() throws {
    let file = try Llama2CFile(MappedFile(copying: Self.model(isTied: false)))
    #expect(file.sizes.headSize == 2 && file.sizes.keyValueWidth == 2 && !file.sizes.isTied)
    #expect(row(file, .embedding, 0, 4, 4) == [16, 17, 18, 19])
    #expect(row(file, .attentionNorm, 1, 0, 4) == [24, 25, 26, 27])
    #expect(row(file, .query, 0, 1, 4) == [32, 33, 34, 35])
    #expect(row(file, .key, 1, 0, 4) == [68, 69, 70, 71])
    #expect(row(file, .value, 0, 0, 4) == [76, 77, 78, 79])
    #expect(row(file, .attentionOutput, 0, 0, 4) == [92, 93, 94, 95])
    #expect(row(file, .forwardNorm, 0, 0, 4) == [124, 125, 126, 127])
    #expect(row(file, .gate, 0, 0, 4) == [132, 133, 134, 135])
    #expect(row(file, .down, 0, 0, 6) == [180, 181, 182, 183, 184, 185])
    #expect(row(file, .up, 1, 5, 4) == [272, 273, 274, 275])
    #expect(row(file, .norm, 0, 0, 4) == [276, 277, 278, 279])
    #expect(row(file, .output, 0, 0, 4) == [286, 287, 288, 289])
    #expect(try Llama2CFile(MappedFile(copying: Self.model(isTied: true))).sizes.isTied)
  }

  @Test func `a file whose length is not that of its sizes is refused`() {
    let sound = Self.model(isTied: true)
    for (bytes, part) in [
      (Array(sound.dropLast()), "bytes follow from its sizes"), (sound + [0], "bytes follow from its sizes"),
      (Array(sound.prefix(20)), "seven sizes"), (Self.header([4, 6, 2, 2, 1, 5, 0]) + [0], "seven sizes"),
      (Self.header([4, 6, 2, 3, 1, 5, 3]) + [0], "seven sizes"), (Self.header([4, 6, 2, -2, 1, 5, 3]) + [0], "seven"),
      (Self.header([8, 6, 2, 4, 3, 5, 3]) + [0], "seven sizes"),
      (Self.header([.max - 1, .max, .max, 1, 1, .max, .max]) + [0], "seven sizes"),
      (Self.header([0x616b_3432, 2, 4, 6, 2, 2, 1, 5, 3]), "in layout 2, layout 0 is read"),
      ([], "seven sizes"),
    ] {
      let error = #expect(throws: FileError.self) { try Llama2CFile(MappedFile(copying: bytes)) }
      #expect(error?.description.contains(part) ?? false, "\(String(describing: error))")
    }
  }
}
