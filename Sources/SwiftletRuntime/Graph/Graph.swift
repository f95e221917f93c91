/// A network as the runtime runs it: values that nodes compute from inputs and constants, in order.
///
/// Names are unique among values and constants. Each value is an input or the output of exactly one node, and a node
/// stands after everything it reads, so a graph cannot have cycles. `validate()` states all the rules; decoding applies
/// them. docs/format.md describes the JSON.
public struct Graph: Hashable, Sendable {
  /// The version of the JSON format that this program writes. It reads 1, too, in which the batch was the only axis.
  public static let version = 2

  public var name: String
  /// The axes whose length each run chooses.
  public var axes: [Axis]
  public var values: [Value]
  public var constants: [Constant]
  public var nodes: [Node]
  /// The names of the values that a caller provides, in order.
  public var inputs: [String]
  /// The names of the values that a caller gets, in order.
  public var outputs: [String]
  /// The names of the values that are kept from run to run, zeros at first; nodes change them in place.
  public var states: [String]
  public var metadata: Metadata

  public init(
    name: String, axes: [Axis] = [.batch], values: [Value] = [], constants: [Constant] = [], nodes: [Node] = [],
    inputs: [String] = [], outputs: [String] = [], states: [String] = [], metadata: Metadata = Metadata()
  ) {
    self.name = name
    self.axes = axes
    self.values = values
    self.constants = constants
    self.nodes = nodes
    self.inputs = inputs
    self.outputs = outputs
    self.states = states
    self.metadata = metadata
  }

  public func value(named name: String) -> Value? { values.first { $0.name == name } }
  public func constant(named name: String) -> Constant? { constants.first { $0.name == name } }
}
