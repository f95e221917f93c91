import Foundation
import SwiftletFiles
import TestSupport
import Testing

@testable import SwiftletWorkflows

@Suite struct WeightStreamTests {
  /// Notes what is read when.
  private final class Witness {
    struct Event: Equatable {
      let tensor: String
      let rows: Range<Int>
      /// Bytes of the file that are written at that moment.
      let written: Int
    }
    var events: [Event] = []
    var releases: [String] = []
  }

  private func tensor(
    _ name: String, _ shape: [Int], _ type: SafetensorsHeader.ElementType = .float32, witness: Witness? = nil,
    file: AtomicFile? = nil, _ value: @escaping (Int) -> Float
  ) -> ImportedTensor {
    let length = shape.last ?? 1
    return ImportedTensor(
      name: name, shape: shape, type: type,
      read: { rows, elements in
        witness?.events.append(.init(tensor: name, rows: rows, written: file?.position ?? 0))
        for i in elements.indices { elements[i] = value(rows.lowerBound * length + i) }
      },
      release: { witness?.releases.append(name) })
  }

  /// Law: memory cannot grow with the model, because every row is asked for once, when all in front of it is in the file.
  @Test func `each tensor is decoded when its turn comes, once`() throws {
    let folder = try TemporaryFolder()
    let file = try AtomicFile(replacing: folder.path("x"))
    let witness = Witness()
    let shapes: [(String, [Int], SafetensorsHeader.ElementType)] = [
      ("half", [3, 8], .float16), ("matrix", [7, 4], .float32), ("vector", [30], .float32), ("one", [1], .float32),
    ]
    let tensors = shapes.map { tensor($0.0, $0.1, $0.2, witness: witness, file: file) { Float($0) } }
    var seen: [Int] = []
    var stream = WeightStream(source: "x.gguf", chunk: 12)
    stream.observer = { done, total in
      seen.append(done)
      #expect(total == 24 * 2 + (28 + 30 + 1) * 4)
    }
    let bytes = try stream.write(tensors, to: file)
    try file.commit()
    let start = file.position - bytes
    let expected: [Witness.Event] = [
      .init(tensor: "matrix", rows: 0..<3, written: start), .init(tensor: "matrix", rows: 3..<6, written: start + 48),
      .init(tensor: "matrix", rows: 6..<7, written: start + 96),
      .init(tensor: "vector", rows: 0..<1, written: start + 112),
      .init(tensor: "one", rows: 0..<1, written: start + 232), .init(tensor: "half", rows: 0..<1, written: start + 236),
      .init(tensor: "half", rows: 1..<2, written: start + 252),
      .init(tensor: "half", rows: 2..<3, written: start + 268),
    ]
    #expect(witness.events == expected)
    #expect(witness.releases == witness.events.map(\.tensor))
    #expect(seen == [48, 96, 112, 232, 236, 252, 268, 284])

    // Names keep their order, whatever the order of the data.
    let mapped = try MappedFile(path: folder.path("x"))
    let (header, dataStart) = try SafetensorsHeader.read(mapped.bytes)
    try header.checkPlaces(in: mapped.bytes.count - dataStart)
    #expect(header.entries.map(\.name) == shapes.map(\.0) && header.entries.map(\.shape) == shapes.map(\.1))
    #expect(header.metadata == ["format": "pt"])
  }

  @Test(arguments: ImportPrecision.allCases) func `values are written as they are asked for`(precision: ImportPrecision)
    throws
  {
    let values: [Float] = [0, -0.0, 1, -1.0009765, 3.14159, 65504, 0x1p-20, -2.7e-5]
    let folder = try TemporaryFolder()
    let file = try AtomicFile(replacing: folder.path("x"))
    _ = try WeightStream(source: "x.gguf", precision: precision).write([tensor("w", [2, 4]) { values[$0] }], to: file)
    try file.commit()
    let mapped = try MappedFile(path: folder.path("x"))
    let (header, start) = try SafetensorsHeader.read(mapped.bytes)
    #expect(header.entries.map(\.type) == [precision.elementType])
    let found: [Float] = values.indices.map { index in
      switch precision {
      case .f32: Float(bitPattern: mapped.bytes.little(UInt32.self, at: start + 4 * index))
      case .f16: HalfPrecision.float(half: mapped.bytes.little(UInt16.self, at: start + 2 * index))
      case .bf16: HalfPrecision.float(bfloat16: mapped.bytes.little(UInt16.self, at: start + 2 * index))
      }
    }
    for (value, found) in zip(values, found) {
      let unit: Float = precision == .f32 ? 0 : precision == .f16 ? 0x1p-11 : 0x1p-8
      #expect(abs(found - value) <= unit * abs(value) + (precision == .f16 ? 0x1p-25 : 0))
    }
    #expect(found[1].sign == .minus)
  }

  @Test func `what no weight can be is one sentence`() throws {
    for (value, precision, part) in [
      (.nan, nil, "w holds NaN, which no weight can be"), (.infinity, .bf16, "w holds infinity"),
      (-.infinity, nil, "infinity"),
      (.nan, .f16, "holds NaN"),
      (70_000, .f16, "w holds 70000.0, which is past the range of F16: choose another --dtype"),
      (.greatestFiniteMagnitude, .bf16, "past the range of BF16"),
    ] as [(Float, ImportPrecision?, String)] {
      let folder = try TemporaryFolder()
      let file = try AtomicFile(replacing: folder.path("x"))
      let error = #expect(throws: ImportError.self) {
        try WeightStream(source: "x.gguf", precision: precision).write(
          [tensor("w", [5]) { $0 == 3 ? value : 1 }], to: file)
      }
      #expect(error?.message.contains(part) ?? false, "\(String(describing: error))")
      #expect(error?.path == "x.gguf")
    }
  }
}
