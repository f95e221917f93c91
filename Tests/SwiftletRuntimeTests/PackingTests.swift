import CSwiftletKernels
import Foundation
import Testing

@testable import SwiftletRuntime

@Suite struct PackingTests {
  /// Oracle: the masked dense weights that were packed.
  @Test(arguments: 1...32) func `packing and unpacking keep every weight, for all N of M`(group: Int) throws {
    for kept in 1...group {
      let pattern = SparsityPattern(keeping: kept, of: group)
      var b = ModelBuilder(seed: UInt64(group * 100 + kept))
      let (outputs, inputs) = (3, 2 * group)
      let floats = b.random.masked(b.random.floats(outputs * inputs), pattern)
      let integers = b.random.masked(b.random.int8s(outputs * inputs), pattern)
      let scales = b.random.floats(outputs, 0.01...1)
      b.graph.appendInput("x", shape: [.batch, .fixed(inputs)])
      b.graph.appendInput(
        "q", type: .uint8, shape: [.batch, .fixed(inputs)], quantization: .init(scale: 1, zeroPoint: 0))
      for (name, x, constant) in [
        ("f", "x", try EncodedConstant(name: "wf", shape: [outputs, inputs], floats: floats, pattern: pattern)),
        (
          "i", "q",
          try EncodedConstant(name: "wi", shape: [outputs, inputs], int8: integers, scales: scales, pattern: pattern)
        ),
      ] {
        let weight = try b.add(constant)
        b.graph.outputs.append(
          try b.graph.append(.linear(weight: weight, bias: nil, activation: nil), named: name, of: [x]))
      }
      let file = try b.file()
      let reader = ReferenceInterpreter(file, batch: 1)
      #expect(reader.constant("wf").data == floats.map { Double($0) })
      let dequantised = integers.enumerated().map { Double($1) * Double(scales[$0 / inputs]) }
      #expect(reader.constant("wi").data == dequantised)
    }
  }

  /// Oracle: the formula `N (b + ceil(log2 M)) / M` bits a weight, rounded up to whole bytes; M of M has no index.
  @Test(arguments: [
    (2, 4, 8, 5.0), (1, 4, 8, 2.5), (4, 8, 8, 5.5), (2, 8, 8, 2.75), (1, 8, 8, 1.375), (8, 16, 8, 6.0), (2, 4, 16, 9.0),
    (1, 4, 16, 4.5), (4, 8, 16, 9.5), (4, 4, 8, 8.0), (1, 3, 8, 10.0 / 3),
  ])
  func `packed bytes equal the formula`(kept: Int, group: Int, valueBits: Int, bitsPerWeight: Double) {
    let pattern = SparsityPattern(keeping: kept, of: group)
    let (outputs, inputs) = (384, 48 * 16)
    let bytes = pattern.packedBytes(weights: outputs * inputs, valueBits: valueBits)
    #expect(bytes == Int((Double(outputs * inputs) * bitsPerWeight / 8).rounded(.up)))
  }

  @Test(arguments: 1...64) func `a file holds what the formula says`(group: Int) throws {
    var random = Random(seed: UInt64(group))
    let kept = random.int(1...group)
    let pattern = SparsityPattern(keeping: kept, of: group)
    #expect(pattern.indexBits == (kept == group ? 0 : (0...7).first { 1 << $0 >= group }))
    let weights = random.masked(random.int8s(5 * 3 * group), pattern)
    let constant = try EncodedConstant(
      name: "w", shape: [5, 3 * group], int8: weights, scales: random.floats(5, 0.1...1), pattern: pattern)
    let formula = pattern.packedBytes(weights: 5 * 3 * group, valueBits: 8)
    #expect(constant.constant.byteCount == formula + 5 * 4)
    #expect(try constant.bytes.reduce(0) { $0 + $1.count } == constant.constant.byteCount)
    for (tensor, bytes) in zip(constant.constant.storedTensors, try constant.bytes) {
      #expect(tensor.byteCount == bytes.count)
    }
  }

  @Test func `the six patterns of 2 of 4 keep their indices`() throws {
    for first in 0..<4 {
      for second in (first + 1)..<4 {
        var weights: [Float] = [0, 0, 0, 0]
        (weights[first], weights[second]) = (1, 2)
        let constant = try EncodedConstant(
          name: "w", shape: [1, 4], floats: weights, pattern: .init(keeping: 2, of: 4))
        #expect(try constant.bytes[1] == [UInt8(first | second << 2)])
        #expect(try constant.bytes[0] == rawBytes(of: [Float(1), 2]))
      }
    }
  }

  @Test func `a group with few weights keeps the first of its zeros`() throws {
    let constant = try EncodedConstant(
      name: "w", shape: [1, 8], floats: [0, 0, 0, 0, 0, 0, 5, 0], pattern: .init(keeping: 2, of: 4))
    #expect(try constant.bytes == [rawBytes(of: [Float(0), 0, 0, 5]), [0b1000_0100]])
  }

  @Test(arguments: 1...8) func `bits survive packing`(bits: Int) {
    var random = Random(seed: UInt64(bits))
    for count in [0, 1, 2, 7, 8, 9, 100] {
      let values = (0..<count).map { _ in UInt8(random.int(0...(1 << bits) - 1)) }
      let packed = BitPacking.pack(values, bits: bits)
      #expect(packed.count == BitPacking.byteCount(of: count, bits: bits))
      var unpacked = [UInt8](repeating: 0xAA, count: count)
      packed.withUnsafeBytes { source in
        unpacked.withUnsafeMutableBufferPointer { BitPacking.unpack(source, bits: bits, into: $0) }
      }
      #expect(unpacked == values)
    }
  }

  /// Layers of several parts, and a convolution in groups whose parts are some groups each.
  @Test(arguments: SessionTests.storages + [.init(type: .uint4), .init(type: .float16)])
  func `threads pack the bytes that one thread packs`(weights: ModelBuilder.Weights) throws {
    var b = ModelBuilder(seed: 3)
    let isInteger = weights.type == .int8
    b.graph.appendInput(
      "x", type: isInteger ? .uint8 : .float32, shape: [.batch, .fixed(512)],
      quantization: isInteger ? .init(scale: 1, zeroPoint: 128) : nil)
    b.graph.appendInput(
      "image", type: isInteger ? .uint8 : .float32, shape: [.batch, .fixed(512), 1, 1],
      quantization: isInteger ? .init(scale: 1, zeroPoint: 128) : nil)
    let layer = try b.weight("layer", outputs: 600, inputs: 512, weights)
    let grouped = try b.weight("grouped", outputs: 4 * 640, inputs: 128, weights)
    b.graph.outputs = [
      try b.graph.append(.linear(weight: layer, bias: nil, activation: nil), named: "y", of: ["x"]),
      try b.graph.append(
        .convolution(.init(weight: grouped, kernel: [1, 1], groups: 4)), named: "planes", of: ["image"]),
    ]
    let bytes = try b.bytes()
    let packed = try [1, 3].map { try Session(ModelFile(bytes: bytes), threads: $0).weights }
    for (parameter, layer) in packed[0] {
      let other = try #require(packed[1][parameter])
      #expect(layer.parts.count > 1, "\(parameter.name) is no test of parts")
      let size = withUnsafePointer(to: layer.shape) { swl_linear_packed_size(layer.kernel, $0) }
      for group in 0..<(parameter.name == "grouped" ? 4 : 1) {
        let places = (layer.address(ofGroup: group), other.address(ofGroup: group))
        #expect(memcmp(places.0, places.1, size) == 0, "\(parameter.name), group \(group)")
      }
    }
  }

  @Test func `bits are unpacked from any place`() {
    for bits in 1...8 {
      let values = (0..<40).map { UInt8($0 % (1 << bits)) }
      let packed = BitPacking.pack(values, bits: bits)
      for skipped in 0...values.count {
        var unpacked = [UInt8](repeating: 0xAA, count: values.count - skipped)
        packed.withUnsafeBytes { source in
          unpacked.withUnsafeMutableBufferPointer {
            BitPacking.unpack(source, bits: bits, skipping: skipped, into: $0)
          }
        }
        #expect(unpacked == Array(values[skipped...]), "\(bits) bits after \(skipped)")
      }
    }
  }

  @Test func `weights that cannot be stored are refused with their reason`() {
    let pattern = SparsityPattern(keeping: 1, of: 4)
    func refuses(_ expected: String, _ make: () throws -> EncodedConstant) {
      let error = #expect(throws: ConstantError.self) { try make() }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    refuses("row 1 has a group of 4 with 2 weights other than zero, 1:4 keeps 1") {
      try EncodedConstant(name: "w", shape: [2, 4], floats: [1, 0, 0, 0, 1, 1, 0, 0], pattern: pattern)
    }
    refuses("do not fill the shape") { try EncodedConstant(name: "w", shape: [2, 4], floats: [1]) }
    refuses("divide into groups of 4") {
      try EncodedConstant(name: "w", shape: [1, 6], floats: [Float](repeating: 0, count: 6), pattern: pattern)
    }
    refuses("not a number") { try EncodedConstant(name: "w", shape: [1], floats: [.nan]) }
    refuses("needs 2 scales above 0") { try EncodedConstant(name: "w", shape: [2, 1], int8: [1, 1], scales: [1]) }
    refuses("needs 1 scales above 0") { try EncodedConstant(name: "w", shape: [1, 1], int8: [1], scales: [0]) }
    refuses("-127...127") { try EncodedConstant(name: "w", shape: [1, 1], int8: [-128], scales: [1]) }
    refuses("cannot be stored as i64") { try EncodedConstant(name: "w", shape: [1], floats: [1], type: .int64) }
  }

  /// Oracle: the law that rounding is monotone, exact on bf16 numbers, and picks the nearer neighbour, ties to even.
  @Test func `bf16 rounds to the nearest`() {
    for bits in stride(from: UInt16(0), to: 0x7F80, by: 7) {
      let x = BFloat16.float(of: bits)
      #expect(BFloat16.bits(of: x) == bits)
      let half = (x.bitPattern &+ 0x8000)
      #expect(BFloat16.bits(of: Float(bitPattern: half)) == (bits & 1 == 0 ? bits : bits + 1))
      #expect(BFloat16.bits(of: Float(bitPattern: half + 1)) == bits + 1)
    }
    #expect(BFloat16.float(of: BFloat16.bits(of: .nan)).isNaN)
  }
}
