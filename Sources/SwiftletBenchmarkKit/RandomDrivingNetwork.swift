import SwiftletRuntime

/// A network for driving with random weights: boxes on three scales, the drivable area and the lane lines of one picture.
///
/// The backbone is YOLOv7's: ELAN blocks, between which a max pool and a convolution of stride 2 halve the map. The neck
/// is SPPCSPC and a path down and up again; heads are a convolution and the anchors' numbers on each scale, and two
/// decoders of areas and lines that double the map of stride 8 three times. Every convolution but the last ones has a
/// bias and a ReLU. Sizes follow `width`; 1 is 36.9 billion multiply-adds at 384 x 640.
///
/// In int8 every value lies on a grid, and the parts of a concatenation share one, so that joining costs nothing. Layers
/// of few channels (the picture's, and the last ones of each head) stay dense.
/// Sources: Wang et al., "YOLOv7" (2023), figure 2; Chang et al., "Q-YOLOP" (2023), section 2.
public struct RandomDrivingNetwork: Sendable {
  /// Which weights are kept.
  public enum Sparsity: Hashable, Sendable, CustomStringConvertible {
    case dense
    case uniform(SparsityPattern)
    /// 1:4 in convolutions of 3 x 3 from stride 8 on, where most multiply-adds are, and 2:4 elsewhere.
    case mixed

    public var description: String {
      switch self {
      case .dense: "dense"
      case .uniform(let pattern): pattern.description
      case .mixed: "mixed"
      }
    }
  }

  /// What weights are stored as, and with it what layers compute in.
  public var precision: Precision
  public var sparsity: Sparsity
  /// Factor of all channel counts.
  public var width = 1.0
  /// Of the picture; multiples of 32.
  public var size = (height: 384, width: 640)
  /// Of boxes.
  public var classes = 4
  public var seed: UInt64 = 1

  public init(precision: Precision = .fp32, sparsity: Sparsity = .dense) {
    (self.precision, self.sparsity) = (precision, sparsity)
  }

  /// `driving-int8-2:4`.
  public var name: String { "driving-\(precision.rawValue)-\(sparsity)" }

  /// The model, in memory.
  ///
  /// - Throws: `GraphError`, `ConstantError` or `ModelFileError` when the settings do not fit together.
  public func model() throws -> ModelFile {
    var builder = Builder(settings: self, random: RandomGraph(name: name, precision: precision, seed: seed))
    try builder.build()
    return try builder.random.model()
  }
}

extension RandomDrivingNetwork {
  /// A value and how many channels it has.
  private struct Map {
    let name: String
    let channels: Int
    /// Pixels of the picture from one position to the next.
    let stride: Int
    let grid: Graph.Quantization?
  }

  private struct Builder {
    let settings: RandomDrivingNetwork
    var random: RandomGraph

    private var isInteger: Bool { settings.precision == .int8 }

    private func scaled(_ channels: Int) -> Int { Int(Double(channels) * settings.width) }

    /// A grid for values from 0 to a range of their own.
    private mutating func grid() -> Graph.Quantization? {
      isInteger ? Graph.Quantization(scale: (5 + random.unit()) / 255, zeroPoint: 0) : nil
    }

    mutating func build() throws {
      let c = scaled
      random.graph.appendInput(
        "images", shape: [.batch, 3, .fixed(settings.size.height), .fixed(settings.size.width)])
      var x = Map(name: "images", channels: 3, stride: 1, grid: nil)
      if isInteger {
        let grid = Graph.Quantization(scale: 2 / 255, zeroPoint: 128)
        x = Map(
          name: try random.graph.append(
            .convert, named: "quantized", of: ["images"], type: .uint8, quantization: grid),
          channels: 3, stride: 1, grid: grid)
      }
      x = try conv("stem.0", x, c(32), 3)
      x = try conv("stem.1", x, c(64), 3, stride: 2)
      x = try conv("stem.2", x, c(64), 3)
      x = try conv("stem.3", x, c(128), 3, stride: 2)
      let c2 = try elan("stage2", x, c(64), c(256))
      let c3 = try elan("stage3", halved("stage3.half", c2, c(128), grid: grid()), c(128), c(512))
      let c4 = try elan("stage4", halved("stage4.half", c3, c(256), grid: grid()), c(256), c(1024))
      let c5 = try elan("stage5", halved("stage5.half", c4, c(512), grid: grid()), c(256), c(1024))

      let p5 = try pyramid("spp", c5, c(512))
      let p4 = try wide("down4", raised("down4.up", p5, beside: c4, c(256)), c(256))
      let fused = try raised("down3.up", p4, beside: c3, c(128))
      let p3 = try wide("down3", fused, c(128))
      let n4 = try wide("up4", join("up4.in", [halved("up4.half", p3, c(128), grid: p4.grid), p4]), c(256))
      let n5 = try wide("up5", join("up5.in", [halved("up5.half", n4, c(256), grid: p5.grid), p5]), c(512))

      var outputs: [String] = []
      for (scale, (map, channels)) in [(p3, c(256)), (n4, c(512)), (n5, c(1024))].enumerated() {
        let features = try conv("boxes\(scale)", map, channels, 3)
        outputs.append(try last("boxes\(scale).out", features, 3 * (5 + settings.classes), 1))
      }
      outputs.append(try segmentation("area", fused, classes: 3))
      outputs.append(try segmentation("lanes", fused, classes: 4))
      random.graph.outputs = outputs
    }

    /// Two branches, one of which goes on for four convolutions; all that was computed on the way is joined.
    private mutating func elan(_ name: String, _ x: Map, _ inner: Int, _ outputs: Int) throws -> Map {
      let grid = grid()
      let a = try conv("\(name).a", x, inner, 1, grid: grid)
      let b = try conv("\(name).b", x, inner, 1, grid: grid)
      let c = try conv("\(name).c.1", conv("\(name).c.0", b, inner, 3), inner, 3, grid: grid)
      let d = try conv("\(name).d.1", conv("\(name).d.0", c, inner, 3), inner, 3, grid: grid)
      return try conv("\(name).out", join("\(name).join", [d, c, b, a]), outputs, 1)
    }

    /// The same with every step joined, as in the neck.
    private mutating func wide(_ name: String, _ x: Map, _ outputs: Int) throws -> Map {
      let grid = grid()
      var parts = [
        try conv("\(name).a", x, outputs, 1, grid: grid), try conv("\(name).b", x, outputs, 1, grid: grid),
      ]
      for i in 0..<4 { parts.append(try conv("\(name).c.\(i)", parts[i + 1], outputs / 2, 3, grid: grid)) }
      return try conv("\(name).out", join("\(name).join", parts), outputs, 1)
    }

    /// Half the height and width: by a max pool, and beside it by a convolution.
    private mutating func halved(_ name: String, _ x: Map, _ outputs: Int, grid: Graph.Quantization?) throws -> Map {
      let pooled = try conv("\(name).a", maxPool("\(name).pool", x, kernel: 2, stride: 2), outputs, 1, grid: grid)
      let strided = try conv("\(name).b.1", conv("\(name).b.0", x, outputs, 1), outputs, 3, stride: 2, grid: grid)
      return try join("\(name).join", [pooled, strided])
    }

    /// Max pools of several sizes beside the map itself, and a short cut past them.
    private mutating func pyramid(_ name: String, _ x: Map, _ channels: Int) throws -> Map {
      let entry = try conv("\(name).a.1", conv("\(name).a.0", x, channels, 1), channels, 3)
      let a = try conv("\(name).a.2", entry, channels, 1)
      let pools = try [5, 9, 13].map { try maxPool("\(name).pool\($0)", a, kernel: $0, stride: 1) }
      let inner = try conv("\(name).c.0", join("\(name).pools", [a] + pools), channels, 1)
      let grid = grid()
      let c = try conv("\(name).c.1", inner, channels, 3, grid: grid)
      let b = try conv("\(name).b", x, channels, 1, grid: grid)
      return try conv("\(name).out", join("\(name).join", [c, b]), channels, 1)
    }

    /// A deeper map at twice its size behind an earlier one.
    private mutating func raised(_ name: String, _ deep: Map, beside early: Map, _ channels: Int) throws -> Map {
      let grid = grid()
      let first = try conv("\(name).early", early, channels, 1, grid: grid)
      let second = try doubled("\(name).twice", conv("\(name).deep", deep, channels, 1, grid: grid))
      return try join("\(name).join", [first, second])
    }

    private mutating func segmentation(_ name: String, _ x: Map, classes: Int) throws -> String {
      let c = scaled
      var y = try doubled("\(name).twice.0", conv("\(name).0", x, c(128), 3))
      y = try doubled("\(name).twice.1", conv("\(name).1", y, c(64), 3))
      y = try conv("\(name).3", conv("\(name).2", y, c(32), 3), c(16), 3)
      y = try conv("\(name).4", doubled("\(name).twice.2", y), max(8, c(8)), 3)
      return try last("\(name).out", y, classes, 3)
    }

    /// A convolution with a ReLU whose padding keeps the size.
    private mutating func conv(
      _ name: String, _ x: Map, _ outputs: Int, _ kernel: Int, stride: Int = 1, grid shared: Graph.Quantization? = nil
    ) throws -> Map {
      let grid = shared ?? grid()
      let convolution = try layer(name, x, outputs, kernel, stride, pattern(of: x, kernel), .relu)
      let value = try random.graph.append(
        convolution, named: name, of: [x.name], type: isInteger ? .uint8 : .float32, quantization: grid)
      return Map(name: value, channels: outputs, stride: x.stride * stride, grid: grid)
    }

    /// A dense convolution that writes floats.
    private mutating func last(_ name: String, _ x: Map, _ outputs: Int, _ kernel: Int) throws -> String {
      try random.graph.append(layer(name, x, outputs, kernel, 1, nil, nil), named: name, of: [x.name])
    }

    private mutating func layer(
      _ name: String, _ x: Map, _ outputs: Int, _ kernel: Int, _ stride: Int, _ pattern: SparsityPattern?,
      _ activation: Graph.Activation?
    ) throws -> Graph.Operation {
      let columns = kernel * kernel * x.channels
      let kept = pattern.map { columns / $0.group * $0.kept } ?? columns
      // The range of He et al. (2015) for a uniform draw: values neither grow nor fade with depth.
      let weight = try random.weight(
        "\(name).weight", rows: outputs, columns: columns, range: (6 / Float(kept)).squareRoot(), pattern: pattern)
      return .convolution(
        Graph.Convolution(
          weight: weight, bias: try random.floats("\(name).bias", [outputs], 0.1), activation: activation,
          kernel: [kernel, kernel], stride: [stride, stride], padding: [kernel / 2, kernel / 2]))
    }

    private func pattern(of x: Map, _ kernel: Int) -> SparsityPattern? {
      switch settings.sparsity {
      case .dense: return nil
      case .uniform(let pattern): return x.channels >= 32 && x.channels % pattern.group == 0 ? pattern : nil
      case .mixed:
        guard x.channels >= 32, x.channels % 4 == 0 else { return nil }
        return SparsityPattern(keeping: kernel == 3 && x.stride >= 8 ? 1 : 2, of: 4)
      }
    }

    /// The greatest of each window; padding keeps the size but for the stride.
    private mutating func maxPool(_ name: String, _ x: Map, kernel: Int, stride: Int) throws -> Map {
      let padding = stride == 1 ? kernel / 2 : 0
      let pool = Graph.Pool(
        .max, kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding])
      return Map(
        name: try random.graph.append(.pool(pool), named: name, of: [x.name]), channels: x.channels,
        stride: x.stride * stride, grid: x.grid)
    }

    private mutating func doubled(_ name: String, _ x: Map) throws -> Map {
      let stride = x.stride / 2
      let size = [settings.size.height / stride, settings.size.width / stride].map { Graph.Dimension.fixed($0) }
      return Map(
        name: try random.graph.append(
          .resize(Graph.Resize(.nearest, to: size, factors: [2, 2])), named: name, of: [x.name]),
        channels: x.channels, stride: stride, grid: x.grid)
    }

    private mutating func join(_ name: String, _ parts: [Map]) throws -> Map {
      Map(
        name: try random.graph.append(.concatenate(axis: 1), named: name, of: parts.map(\.name)),
        channels: parts.reduce(0) { $0 + $1.channels }, stride: parts[0].stride, grid: parts[0].grid)
    }
  }
}
