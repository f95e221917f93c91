import RuntimeTestSupport
import Testing

@testable import SwiftletRuntime

/// Oracle: `ReferenceInterpreter`, by the definitions in double precision.
@Suite(.everyInstructionSet, .namingInstructionSet) struct ImageOperationTests {
  static let grid = Graph.Quantization(scale: 0.02, zeroPoint: 120)
  static let otherGrid = Graph.Quantization(scale: 0.03, zeroPoint: 90)

  /// An input of random size, and a random number of channels, some of them many.
  private static func builder(seed: UInt64, isInteger: Bool, sides: ClosedRange<Int>) -> ModelBuilder {
    var b = ModelBuilder(seed: seed)
    // Beyond a block of channels now and then.
    let channels = seed % 6 == 5 ? 258 : b.random.int(1...36)
    b.graph.appendInput(
      "x", type: isInteger ? .uint8 : .float32,
      shape: [.batch, .fixed(channels), .fixed(b.random.int(sides)), .fixed(b.random.int(sides))],
      quantization: isInteger ? grid : nil)
    return b
  }

  private func check(_ b: ModelBuilder, tolerance: Double, _ text: String) throws {
    let file = try b.file()
    let session = try Session(file, threads: 2)
    let inputs = try session.randomInputs(batch: 2, seed: 7)
    let expected = ReferenceInterpreter.run(file, inputs, batch: 2)
    for (found, expected) in zip(try session.run(inputs), expected) {
      #expect(found.shape == expected.shape, "\(text)")
      #expect(found.floats.largestDifference(from: expected.data) <= tolerance, "\(text)")
    }
  }

  @Test(arguments: Graph.Pooling.allCases, [false, true])
  func `windows of any size, stride, padding and dilation`(pooling: Graph.Pooling, isInteger: Bool) throws {
    for seed in 0..<6 as Range<UInt64> {
      var b = Self.builder(seed: seed, isInteger: isInteger, sides: 5...9)
      let kernel = (0..<2).map { _ in b.random.int(1...5) }
      let dilation = pooling == .max && kernel.max() ?? 1 < 4 ? [b.random.int(1...2), b.random.int(1...2)] : [1, 1]
      let pool = Graph.Pool(
        pooling, kernel: kernel, stride: [b.random.int(1...3), b.random.int(1...2)],
        padding: (0..<2).map { b.random.int(0...(dilation[$0] * (kernel[$0] - 1) + 1) / 2) }, dilation: dilation)
      b.graph.outputs = [
        try b.graph.append(
          .pool(pool), named: "y", of: ["x"], type: isInteger ? .uint8 : .float32,
          quantization: isInteger ? Self.grid : nil)
      ]
      // On one grid the greatest is a byte of the input, and a mean the byte that is next to an exact quotient.
      try check(b, tolerance: isInteger ? 0 : pooling == .max ? 0 : 1e-6, "seed \(seed): \(pool)")
    }
  }

  @Test func `means of bytes are written as floats or on another grid, and of floats as bytes`() throws {
    for (isInteger, type, tolerance) in [
      (true, Graph.ElementType.float32, 1e-5), (true, .uint8, 1), (false, .uint8, 1), (false, .bfloat16, 2e-2),
    ] {
      for seed in 20..<24 as Range<UInt64> {
        var b = Self.builder(seed: seed, isInteger: isInteger, sides: 6...9)
        let (pool, resize) = (
          Graph.Pool(.average, kernel: [3, 2], stride: [2, 2], padding: [1, 0]), Graph.Resize(.bilinear, to: [9, 5])
        )
        for (name, operation) in [("pool", Graph.Operation.pool(pool)), ("resize", .resize(resize))] {
          b.graph.outputs.append(
            try b.graph.append(
              operation, named: name, of: ["x"], type: type, quantization: type == .uint8 ? Self.otherGrid : nil))
        }
        try check(b, tolerance: tolerance, "seed \(seed), \(isInteger) to \(type)")
      }
    }
  }

  @Test(arguments: Graph.Interpolation.allCases, [false, true])
  func `pictures of any size`(interpolation: Graph.Interpolation, isInteger: Bool) throws {
    for seed in 40..<46 as Range<UInt64> {
      var b = Self.builder(seed: seed, isInteger: isInteger, sides: 1...7)
      let size = (0..<2).map { _ in Graph.Dimension.fixed(b.random.int(1...9)) }
      let resize = Graph.Resize(interpolation, to: size)
      b.graph.outputs = [
        try b.graph.append(
          .resize(resize), named: "y", of: ["x"], type: isInteger ? .uint8 : .float32,
          quantization: isInteger ? Self.grid : nil)
      ]
      // Between two bytes either is right.
      try check(
        b, tolerance: interpolation == .nearest ? 0 : isInteger ? 1 : 1e-5, "seed \(seed): \(resize)")
    }
  }

  /// Oracle: a factor says where pixels lie, also where the length was rounded down.
  @Test func `factors count where lengths were rounded`() throws {
    for interpolation in [Graph.Interpolation.nearest, .bilinear] {
      var b = ModelBuilder(seed: 3)
      b.graph.appendInput("x", shape: [.batch, 5, 7, 6])
      let resize = Graph.Resize(interpolation, to: [10, 9], factors: [1.5, 1.6])
      b.graph.outputs = [try b.graph.append(.resize(resize), named: "y", of: ["x"])]
      try check(b, tolerance: 1e-5, "\(interpolation)")
    }
  }

  /// What a path pyramid does: an enlarged map and another side by side, on one grid, without a copy.
  @Test(arguments: [false, true]) func `an enlarged map is written into a join`(isInteger: Bool) throws {
    var b = ModelBuilder(seed: 9)
    let (type, grid): (Graph.ElementType, Graph.Quantization?) = isInteger ? (.uint8, Self.grid) : (.float32, nil)
    b.graph.appendInput("x", type: type, shape: [.batch, 8, 6, 10], quantization: grid)
    func node(_ operation: Graph.Operation, _ name: String, _ inputs: String...) throws -> String {
      try b.graph.append(operation, named: name, of: inputs, type: type, quantization: grid)
    }
    let small = try node(.pool(.init(.max, kernel: [2, 2])), "small", "x")
    let large = try node(.resize(.init(.nearest, to: [6, 10])), "large", small)
    let near = try node(.pool(.init(.max, kernel: [5, 5], stride: [1, 1], padding: [2, 2])), "near", "x")
    let smooth = try node(
      .pool(.init(.averageInside, kernel: [3, 3], stride: [1, 1], padding: [1, 1])), "smooth", near)
    let joined = try node(.concatenate(axis: 1), "joined", large, near, smooth)
    b.graph.outputs = [try node(.pool(.init(.max, kernel: [3, 3], stride: [1, 1], padding: [1, 1])), "end", joined)]
    try check(b, tolerance: isInteger ? 0 : 1e-5, "joined")
    let session = try Session(b.file())
    #expect(try session.withExecution(batch: 2) { $0.steps.filter { $0.job == nil }.map(\.node.name) } == ["joined"])
  }

  @Test func `lengths may follow from an axis`() throws {
    var graph = Graph(name: "axes", axes: [Graph.Axis("batch", maximum: 4), Graph.Axis("width", maximum: 100)])
    graph.appendInput("x", shape: [.batch, 3, 8, .axis("width")])
    let pooled = try graph.append(.pool(.init(.max, kernel: [2, 3], stride: [2, 2])), named: "pooled", of: ["x"])
    let width = try #require(Graph.Dimension.axis("width").adding(5))
    graph.outputs = [try graph.append(.resize(.init(.nearest, to: [4, width])), named: "y", of: [pooled])]
    let file = try ModelFile(graph, constants: [])
    let session = try Session(file)
    for width in [3, 8, 21] {
      let x = NDArray((0..<24 * width).map { Float(($0 * 7919) % 101) }, shape: [1, 3, 8, width])
      let expected = ReferenceInterpreter.run(file, [x], ["batch": 1, "width": width])[0]
      let found = try session.run([x])[0]
      #expect(found.shape == expected.shape && found.floats.map(Double.init) == expected.data)
    }
  }

  @Test func `an image does not depend on its batch or on threads`() throws {
    var b = ModelBuilder(seed: 3)
    b.graph.appendInput("x", shape: [.batch, 20, 11, 9])
    let pooled = try b.graph.append(
      .pool(.init(.average, kernel: [3, 3], stride: [1, 1], padding: [1, 1])), named: "pooled", of: ["x"])
    b.graph.outputs = [try b.graph.append(.resize(.init(.bilinear, to: [15, 22])), named: "y", of: [pooled])]
    let file = try b.file()
    let inputs = try Session(file).randomInputs(batch: 3)
    let expected = try Session(file).run(inputs)[0].floats
    #expect(try Session(file, threads: 3).run(inputs)[0].floats == expected)
    let first = NDArray(Array(inputs[0].floats.prefix(1980)), shape: [1, 20, 11, 9])
    #expect(try Session(file, threads: 2).run([first])[0].floats == Array(expected.prefix(6600)))
  }

  @Test func `what does not fit is refused with its reason`() throws {
    func refuses(_ operation: Graph.Operation, _ expected: String) {
      var graph = Graph(name: "refused")
      graph.appendInput("x", shape: [.batch, 6, 5, 5])
      graph.appendInput("rows", shape: [.batch, 6, 5])
      let error = #expect(throws: GraphError.self) { try graph.append(operation, named: "y", of: ["x"]) }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
      #expect(throws: GraphError.self) { try graph.append(operation, named: "y", of: ["rows"]) }
    }
    refuses(.pool(.init(.max, kernel: [3])), "the kernel [3] is no height and width")
    refuses(.pool(.init(.max, kernel: [3, 3], stride: [0, 1])), "the stride [0, 1] is no height and width")
    refuses(.pool(.init(.max, kernel: [2, 2], padding: [2, 0])), "more than half of the kernel [2, 2]")
    refuses(.pool(.init(.average, kernel: [6, 1])), "a kernel that spans 6 does not fit into 5")
    refuses(.resize(.init(.nearest, to: [3])), "the size [3] is no height and width")
    refuses(.resize(.init(.nearest, to: [0, 3])), "the size [0, 3] is no height and width")
    refuses(.resize(.init(.nearest, to: [3, 3], factors: [0, 1])), "the factors [0.0, 1.0]")
    refuses(.resize(.init(.bilinearCorners, to: [3, 3], factors: [2, 2])), "the corners stay")
  }
}
