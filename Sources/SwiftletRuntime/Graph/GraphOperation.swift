import SwiftletFiles

/// Everything the runtime knows of one operation. Each has a file in Operations/ and a line in ``Graph/Operation/all``.
///
/// Inputs are positional; the stored properties are the settings, and their names the keys of the node's JSON.
protocol GraphOperation: Hashable, Sendable, Codable {
  /// The operation's name in the JSON.
  static var name: String { get }
  /// The keys that the settings add to a node's `name`, `operation`, `inputs` and `output`.
  static var settings: [String] { get }

  /// The constants that the settings name.
  var parameters: [Graph.Parameter] { get }

  /// The shape that follows from the inputs'.
  func outputShape(of inputs: [Graph.Shape], _ rules: OperationRules) throws(Graph.Mismatch) -> Graph.Shape
  /// Refuses element types that no kernel takes.
  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch)
  /// Products that are summed up, as if every weight were stored: counted from lengths, weights by their name.
  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int

  /// What takes its place in a session where it can do better, given the weights' shapes.
  func resolved(weights: (String) -> [Int]) -> any GraphOperation

  /// Elements keep their type, quantisation and bits.
  var onlyMovesElements: Bool { get }
  /// The output has type and quantisation of the first input.
  var keepsType: Bool { get }
  /// The kernels can requantise what they write.
  var writesQuantized: Bool { get }
  /// Each element of the output depends on the same element of each input of its size.
  var isElementwise: Bool { get }
  /// The first input is a state, which the operation overwrites, wholly or in part: the output is the state afterwards.
  var changesFirstInput: Bool { get }
  /// The input that says from which position of a state on the operation works: an input of the graph, so that a run is
  /// refused before it begins. Nil where there is none.
  var positionInput: Int? { get }
  /// How many positions it takes, and how many the state has, from the inputs' lengths; where there is such an input.
  func positions(of inputs: [[Int]]) -> (count: Int, capacity: Int)
  /// The input whose numbers say where in a table it reads: a graph input, so that they are checked before a run.
  var lookedUpInput: Int? { get }
  /// Refuses numbers of that input which the table does not have.
  func checkLookUp(
    _ numbers: [Int64], by node: ResolvedGraph.Node, _ graph: ResolvedGraph, _ lengths: Graph.AxisLengths
  ) throws(SessionError)
  /// Whether the output may lie where an input lies.
  func sharing(ofInput position: Int) -> Graph.Sharing
  /// How far apart the elements of an input may lie.
  func access(toInput position: Int, of count: Int) -> Graph.Access
  /// In which order the channels of images may lie.
  var imageOrder: Graph.ImageOrder { get }
  /// How far apart it can write the elements of the output, with so many inputs.
  func outputAccess(inputs count: Int) -> Graph.Access
  /// The layout of an output of these lengths in the memory of the first input; nil where it is not the input's elements
  /// in even steps.
  func view(of input: ValueLayout, as shape: [Int], _ axes: Graph.AxisLengths) -> ValueLayout?

  /// The work; nil where there is nothing to do because the output is the input's memory.
  func job(for node: ResolvedGraph.Node, in compiler: StepCompiler) throws(SessionError) -> ThreadPool.Job?
}

extension GraphOperation {
  static var settings: [String] { [] }
  var parameters: [Graph.Parameter] { [] }
  func multiplyAdds(inputs: [[Int]], output: [Int], weights: (String) -> [Int]) -> Int { 0 }
  func resolved(weights: (String) -> [Int]) -> any GraphOperation { self }
  var onlyMovesElements: Bool { false }
  var keepsType: Bool { onlyMovesElements || changesFirstInput }
  var writesQuantized: Bool { false }
  var isElementwise: Bool { false }
  var changesFirstInput: Bool { false }
  var positionInput: Int? { nil }
  func positions(of inputs: [[Int]]) -> (count: Int, capacity: Int) { (0, 0) }
  var lookedUpInput: Int? { nil }
  func checkLookUp(
    _ numbers: [Int64], by node: ResolvedGraph.Node, _ graph: ResolvedGraph, _ lengths: Graph.AxisLengths
  ) throws(SessionError) {}
  func sharing(ofInput position: Int) -> Graph.Sharing { .never }
  func access(toInput position: Int, of count: Int) -> Graph.Access { .packed }
  func outputAccess(inputs count: Int) -> Graph.Access { .packed }
  var imageOrder: Graph.ImageOrder { .rowMajor }
  func view(of input: ValueLayout, as shape: [Int], _ axes: Graph.AxisLengths) -> ValueLayout? { nil }

  /// Operations that compute read and write f32 unless they say otherwise.
  func checkTypes(
    of inputs: [OperationRules.Operand], output: OperationRules.Operand, _ rules: OperationRules
  ) throws(Graph.Mismatch) {
    for input in inputs { try rules.check("the input", input.type, isAmong: [.float32]) }
    try rules.check("the output", output.type, isAmong: [.float32])
  }
}

extension Graph {
  /// A constant that an operation's settings name.
  struct Parameter: Hashable, Sendable {
    enum Role: Hashable {
      /// A matrix of weights, which is packed for the kernel that multiplies by it; its rows in groups that are multiplied
      /// one by one. In integers, 4-bit codes are packed as they are; else as the floats that they stand for.
      case weight(groups: Int, inIntegers: Bool)
      /// A matrix of weights that are multiplied with one channel each, which executions pack themselves.
      case depthwise
      /// Read as it lies in the file.
      case table
    }

    let name: String
    let role: Role

    static func weight(_ name: String, groups: Int = 1, inIntegers: Bool = false) -> Self {
      Self(name: name, role: .weight(groups: groups, inIntegers: inIntegers))
    }

    static func tables(_ names: String?...) -> [Self] { names.compactMap { $0.map { Self(name: $0, role: .table) } } }
  }

  enum Sharing { case never, ifUnread, always }

  /// How far the elements of an input or an output may lie apart.
  enum Access {
    /// They are in row-major order, without gaps.
    case packed
    /// The last axis is without gaps, and all that is before it steps evenly.
    case rows
    /// The innermost axis that is longer than 1 is without gaps.
    case lines
    /// The last two axes are without gaps.
    case planes
    /// The channels of each position are without gaps, and positions step evenly.
    case channelsLast
    case any
  }

  /// How an operation orders the axes of images, values `[batch, channels, height, width]`, in memory.
  enum ImageOrder {
    /// The output is row-major, and so are inputs whose access is not `any`.
    case rowMajor
    /// The channels of the output are innermost, and those of inputs whose access asks for it.
    case channelsLast
    /// The channels of the output are innermost if those of an input are; inputs whose access is not `any` follow.
    case asInputs
  }

  /// What a node computes: one of the operations in ``all``, each with its settings.
  ///
  /// ```swift
  /// let operation = Graph.Operation.linear(weight: "fc.weight", bias: nil, activation: .gelu)
  /// if let linear = operation.as(Graph.Linear.self) { print(linear.weight) }
  /// ```
  public struct Operation: Sendable {
    let base: any GraphOperation

    init(_ base: some GraphOperation) { self.base = base }

    /// The settings, where it is an operation of this type.
    public func `as`<Settings>(_ type: Settings.Type) -> Settings? { base as? Settings }
    public func `is`<Settings>(_ type: Settings.Type) -> Bool { base is Settings }

    /// The operation's name in the JSON.
    public var name: String { type(of: base).name }

    /// The constants that the settings name, weights first, besides those among a node's inputs.
    public var parameters: [String] { base.parameters.map(\.name) }

    /// The matrix that the operation multiplies by; nil where it has none.
    public var weight: String? { base.parameters.first { $0.role != .table }?.name }

    /// Elements keep their type, quantisation and bits.
    public var onlyMovesElements: Bool { base.onlyMovesElements }

    /// The output can be u8 while the input is of floats.
    public var writesQuantized: Bool { base.writesQuantized }
  }
}

extension Graph.Operation {
  /// Every operation.
  static let all: [any GraphOperation.Type] = [
    Graph.Patchify.self, Graph.Linear.self, Graph.Convolution.self, Graph.LayerNorm.self, Graph.Activate.self,
    Graph.Add.self, Graph.Multiply.self, Graph.Attention.self, Graph.Softmax.self, Graph.MatrixProduct.self,
    Graph.Reshape.self, Graph.Expand.self, Graph.Permute.self, Graph.Concatenate.self, Graph.Slice.self,
    Graph.Select.self, Graph.Mean.self, Graph.Convert.self, Graph.Append.self, Graph.Assign.self,
    Graph.AppendHeads.self, Graph.CachedAttention.self, Graph.RelativeAttention.self,
    Graph.Pool.self, Graph.Resize.self, Graph.TransposedConvolution.self,
    Graph.RMSNorm.self, Graph.Gate.self, Graph.Rotary.self, Graph.Embedding.self, Graph.TopK.self,
  ]

  static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}

extension Graph.Operation: Hashable, CustomStringConvertible {
  public static func == (a: Self, b: Self) -> Bool { AnyHashable(a.base) == AnyHashable(b.base) }
  public func hash(into hasher: inout Hasher) { hasher.combine(AnyHashable(base)) }

  public var description: String { "\(base)" }
}
