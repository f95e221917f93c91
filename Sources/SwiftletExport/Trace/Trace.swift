import SwiftletRuntime
import SwiftletTensor

/// A forward pass as recorded: aten operations over numbered tensors, in order.
///
/// Every length and every integer argument is either fixed or follows from one axis.
struct Trace {
  typealias Dimension = Graph.Dimension

  /// The number of a tensor within the trace.
  struct TensorID: Hashable, Sendable { let index: Int }

  /// Where a tensor comes from.
  enum Origin {
    case input
    /// A parameter or buffer of the model, or a tensor that the forward pass made without recorded operations.
    case constant(path: String?)
    case operation
  }

  struct TensorInfo {
    var origin: Origin
    var shape: Graph.Shape
    var dataType: DataType
    /// What it held in the first of the runs.
    var value: Tensor
    /// The parameter that it is computed from, where it is exactly one: `weight * mask` keeps the path of `weight`.
    var path: String?
    var dependsOnInput: Bool

    /// True where one stored array can stand for the tensor.
    var isConstant: Bool { !dependsOnInput && shape.allSatisfy { $0.axisName == nil } }
  }

  /// A tensor that the caller gives.
  struct Input {
    var name: String
    var type: Graph.ElementType
    var id: TensorID
  }

  indirect enum Argument {
    case absent
    case tensor(TensorID)
    case tensors([TensorID?])
    case integer(Dimension)
    case integers([Dimension])
    case double(Double)
    case doubles([Double])
    case bool(Bool)
    case bools([Bool])
    case string(String)
    case object
  }

  struct Operation {
    /// The schema name, such as `aten::linear`.
    var name: String
    var arguments: Arguments
    /// In order; operations that return lists of tensors have them flattened.
    var results: [TensorID]
  }

  /// Arguments in schema order, found by name.
  struct Arguments {
    var names: [String]
    var values: [Argument]

    subscript(name: String) -> Argument? {
      get { names.firstIndex(of: name).map { values[$0] } }
      set {
        guard let index = names.firstIndex(of: name), let newValue else { return }
        values[index] = newValue
      }
    }

    var first: Argument? { values.first }
    var tensorIDs: [TensorID] { values.flatMap(\.tensorIDs) }
  }

  var tensors: [TensorInfo] = []
  var operations: [Operation] = []
  var inputs: [Input] = []
  var outputs: [TensorID] = []
  var axes: [Graph.Axis] = []

  subscript(id: TensorID) -> TensorInfo {
    get { tensors[id.index] }
    set { tensors[id.index] = newValue }
  }

  mutating func append(_ tensor: TensorInfo) -> TensorID {
    tensors.append(tensor)
    return TensorID(index: tensors.count - 1)
  }
}

extension Trace.Argument {
  /// The tensors it names.
  var tensorIDs: [Trace.TensorID] {
    switch self {
    case .tensor(let id): [id]
    case .tensors(let ids): ids.compactMap(\.self)
    default: []
    }
  }
}
