import SwiftletRuntime
import SwiftletTensor

/// Turns a trace into a graph, operation by operation, through one table of rules.
struct Lowering {
  /// Appends what one operation becomes and names its results.
  typealias Rule = @Sendable (inout Lowering, Call) throws -> Void

  let trace: Trace
  var network: Network
  /// The value or constant that stands for each tensor.
  private var names: [Trace.TensorID: String] = [:]
  /// What stands for inverse roots, which no node computes by themselves.
  var inverseRoots: [Trace.TensorID: InverseRoot] = [:]
  /// The module of the last operation that read a parameter: where the operations after it are said to be.
  private var scope = ""
  /// What borders of zeros are around.
  private var borders: [Trace.TensorID: Border] = [:]

  /// Zeros around the last axes of a tensor.
  struct Border {
    var source: Trace.TensorID
    /// From the last axis on.
    var amounts: [(before: Int, after: Int)]
  }

  /// Every operation that can be exported, by schema name with or without the overload (`aten::add` covers
  /// `aten::add.Tensor`).
  static let rules: [String: Rule] = [
    movementRules, arithmeticRules, activationRules, linearRules, convolutionRules, normalizationRules, attentionRules,
    imageRules, languageRules,
  ].reduce(into: [:]) { all, family in all.merge(family) { first, _ in first } }

  static func lower(_ trace: Trace, name: String) throws -> Network {
    var lowering = Lowering(trace: trace, network: Network(graph: Graph(name: name, axes: trace.axes)))
    return try lowering.run()
  }

  private init(trace: Trace, network: Network) {
    (self.trace, self.network) = (trace, network)
  }

  private mutating func run() throws -> Network {
    for input in trace.inputs {
      names[input.id] = network.graph.appendInput(input.name, type: input.type, shape: trace[input.id].shape)
    }
    for operation in trace.operations {
      // What does not depend on the input is already known, unless it grows with an axis.
      if operation.results.allSatisfy({ trace[$0].isConstant }) { continue }
      try lower(operation)
    }
    for output in trace.outputs {
      guard trace[output].dependsOnInput else {
        throw ExportError.untraceable("its output does not depend on its input")
      }
      network.graph.outputs.append(try self.name(of: output))
    }
    return network
  }

  private mutating func lower(_ operation: Trace.Operation) throws {
    let call = Call(operation: operation, trace: trace, place: place(of: operation))
    let family = operation.name.baseName
    guard let rule = Self.rules[operation.name] ?? Self.rules[family] else {
      throw call.unsupported("the runtime has no counterpart for this operation")
    }
    do {
      try rule(&self, call)
    } catch let error as GraphError {
      throw call.unsupported("\(error)")
    }
    for result in operation.results {
      guard let name = names[result], let shape = network.shape(of: name) else { continue }
      guard shape == trace[result].shape else {
        throw ExportError.dependsOnLengths(
          "\(operation.name) at \(call.place) gives \(shape) by its rule and \(trace[result].shape) in the traces; trace it "
            + "at lengths that tell the two apart")
      }
    }
  }

  /// The module that an operation belongs to: the one whose parameters it reads, or else the last such module's parent.
  private mutating func place(of operation: Trace.Operation) -> String {
    let paths = operation.arguments.tensorIDs.compactMap { trace[$0].isConstant ? trace[$0].path : nil }
    let short = String(operation.name.baseName.split(separator: ":").last ?? "operation")
    guard let path = paths.first else { return scope.isEmpty ? short : "\(scope).\(short)" }
    let module = path.parentPath
    scope = module.parentPath
    // A parameter that is used by itself, such as a position embedding, names what is done with it.
    return path.hasSuffix(".weight") || path.hasSuffix(".bias") ? module : "\(path).\(short)"
  }

  // MARK: For the rules

  /// The name of a tensor's value or constant; a constant is added to the network when it is first asked for.
  mutating func name(of id: Trace.TensorID) throws -> String {
    if let name = names[id] { return name }
    let info = trace[id]
    guard info.isConstant else {
      throw ExportError.untraceable("a tensor of shape \(info.value.shape) is read before anything computes it")
    }
    let name = network.addConstant(
      info.path ?? "constant", shape: info.value.shape, numbers: try numbers(of: id))
    names[id] = name
    return name
  }

  /// A constant's elements, row-major.
  func numbers(of id: Trace.TensorID) throws -> [Float] {
    trace[id].value.cast(to: .float32).scalars(as: Float.self)
  }

  /// What is known of a tensor that is another one with zeros around it.
  func border(of id: Trace.TensorID) -> Border? { borders[id] }
  mutating func note(_ border: Border, of id: Trace.TensorID) { borders[id] = border }

  /// Says which value stands for a result.
  mutating func bind(_ id: Trace.TensorID, to name: String) { names[id] = name }

  /// Appends a node and returns its output.
  mutating func emit(
    _ operation: Graph.Operation, _ inputs: [String], at place: String, type: Graph.ElementType? = nil
  ) throws -> String {
    try network.graph.append(operation, named: network.freeName(place), of: inputs, type: type)
  }

  /// Appends a node whose output is the call's result.
  mutating func emit(_ operation: Graph.Operation, _ inputs: [String], as call: Call) throws {
    bind(try call.result(), to: try emit(operation, inputs, at: call.place))
  }

  /// The result is the value of `id` itself.
  mutating func forward(_ id: Trace.TensorID, as call: Call) throws {
    bind(try call.result(), to: try name(of: id))
  }
}

extension String {
  /// `blocks.0.attn` of `blocks.0.attn.qkv`; empty at the top.
  var parentPath: String { lastIndex(of: ".").map { String(self[..<$0]) } ?? "" }
}
