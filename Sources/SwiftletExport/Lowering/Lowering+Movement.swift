import SwiftletRuntime

/// Operations that only move elements, and those that do nothing when a network is evaluated.
extension Lowering {
  static let movementRules: [String: Rule] = [
    "aten::contiguous": identity, "aten::clone": identity, "aten::detach": identity, "aten::alias": identity,
    "aten::to": cast, "aten::_to_copy": cast,
    "aten::dropout": dropout, "aten::feature_dropout": dropout, "aten::native_dropout": dropout,
    "aten::reshape": reshape, "aten::view": reshape, "aten::_unsafe_view": reshape, "aten::flatten": reshape,
    "aten::unflatten": reshape, "aten::squeeze": reshape, "aten::unsqueeze": reshape, "aten::view_as": reshape,
    "aten::reshape_as": reshape,
    "aten::expand": expand, "aten::expand_as": expand, "aten::broadcast_to": expand,
    "aten::permute": permute, "aten::transpose": transpose, "aten::swapaxes": transpose, "aten::t": transposeMatrix,
    "aten::select": select, "aten::unbind": unbind, "aten::slice": slice, "aten::narrow": narrow,
    "aten::chunk": split, "aten::split": split, "aten::split_with_sizes": split, "aten::tensor_split": split,
    "aten::cat": concatenate, "aten::concat": concatenate, "aten::concatenate": concatenate, "aten::stack": stack,
  ]

  private static let identity: Rule = { lowering, call in try lowering.forward(call.input(), as: call) }

  private static let cast: Rule = { lowering, call in
    let (x, y) = (try call.input(), try call.result())
    guard call.trace[x].dataType == call.trace[y].dataType else {
      throw call.unsupported("the runtime computes in float32; trace the model without casts or autocast")
    }
    try lowering.forward(x, as: call)
  }

  private static let dropout: Rule = { lowering, call in
    guard try call.bool("train", default: false) == false else {
      throw call.unsupported("dropout is switched on; put the model in evaluation mode")
    }
    try lowering.forward(call.input(), as: call)
  }

  private static let reshape: Rule = { lowering, call in
    try lowering.emit(
      .reshape(call.shape(call.result())), [lowering.name(of: call.input())], as: call)
  }

  private static let expand: Rule = { lowering, call in
    try lowering.emit(
      .expand(call.shape(call.result())), [lowering.name(of: call.input())], as: call)
  }

  private static let permute: Rule = { lowering, call in
    let x = try call.input()
    try lowering.emit(.permute(call.axes("dims", of: call.shape(x).count)), [lowering.name(of: x)], as: call)
  }

  private static let transpose: Rule = { lowering, call in
    let x = try call.input()
    let rank = call.shape(x).count
    var order = Array(0..<rank)
    let names = call.operation.name == "aten::swapaxes" ? ("axis0", "axis1") : ("dim0", "dim1")
    order.swapAt(try call.axis(names.0, of: rank), try call.axis(names.1, of: rank))
    try lowering.emit(.permute(order), [lowering.name(of: x)], as: call)
  }

  private static let transposeMatrix: Rule = { lowering, call in
    let x = try call.input()
    guard call.shape(x).count == 2 else { throw call.unsupported("expected a matrix") }
    try lowering.emit(.permute([1, 0]), [lowering.name(of: x)], as: call)
  }

  private static let select: Rule = { lowering, call in
    let x = try call.input()
    let shape = call.shape(x)
    let axis = try call.axis("dim", of: shape.count)
    let index = try call.integer("index")
    try lowering.emit(
      .select(axis: axis, index: index < 0 ? index + shape[axis].factor : index), [lowering.name(of: x)], as: call)
  }

  private static let unbind: Rule = { lowering, call in
    let x = try call.input()
    let axis = try call.axis("dim", of: call.shape(x).count, default: 0)
    let name = try lowering.name(of: x)
    for (index, result) in call.operation.results.enumerated() {
      lowering.bind(result, to: try lowering.emit(.select(axis: axis, index: index), [name], at: call.place))
    }
  }

  private static let slice: Rule = { lowering, call in
    let x = try call.input()
    let shape = call.shape(x)
    let axis = try call.axis("dim", of: shape.count, default: 0)
    guard try call.integer("step", default: 1) == 1 else {
      throw call.unsupported("the runtime slices with step 1 only")
    }
    // The result says how long it is, so only the start needs reading.
    guard call.shape(try call.result()) != shape else { return try lowering.forward(x, as: call) }
    guard case .fixed(let length) = shape[axis], case .fixed(let count) = call.shape(try call.result())[axis] else {
      throw call.unsupported("it cuts the batch axis")
    }
    let start = try call.integer("start", default: 0)
    let first = max(0, min(length, start < 0 ? start + length : start))
    try lowering.emit(.slice(axis: axis, start: first, end: first + count), [lowering.name(of: x)], as: call)
  }

  private static let narrow: Rule = { lowering, call in
    let x = try call.input()
    let axis = try call.axis("dim", of: call.shape(x).count)
    let (start, count) = (try call.integer("start"), try call.integer("length"))
    try lowering.emit(.slice(axis: axis, start: start, end: start + count), [lowering.name(of: x)], as: call)
  }

  /// `chunk`, `split` and their kin: the results say how the axis is cut.
  private static let split: Rule = { lowering, call in
    let x = try call.input()
    let axis = try call.axis("dim", of: call.shape(x).count, default: 0)
    let name = try lowering.name(of: x)
    var start = 0
    for result in call.operation.results {
      guard case .fixed(let count) = call.shape(result)[axis] else { throw call.unsupported("it cuts the batch axis") }
      let part = try lowering.emit(.slice(axis: axis, start: start, end: start + count), [name], at: call.place)
      lowering.bind(result, to: part)
      start += count
    }
  }

  private static let concatenate: Rule = { lowering, call in
    let axis = try call.axis("dim", of: call.shape(call.result()).count, default: 0)
    try lowering.emit(.concatenate(axis: axis), call.tensors("tensors").map { try lowering.name(of: $0) }, as: call)
  }

  private static let stack: Rule = { lowering, call in
    let result = call.shape(try call.result())
    let axis = try call.axis("dim", of: result.count, default: 0)
    var single = result
    single[axis] = 1
    let parts = try call.tensors("tensors").map {
      try lowering.emit(.reshape(single), [lowering.name(of: $0)], at: call.place)
    }
    try lowering.emit(.concatenate(axis: axis), parts, as: call)
  }
}
