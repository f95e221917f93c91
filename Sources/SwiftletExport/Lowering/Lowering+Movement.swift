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
    "aten::roll": roll, "aten::pad": pad, "aten::constant_pad_nd": pad,
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
    try lowering.emit(
      .select(axis: axis, index: call.position("index", along: shape[axis], default: 0)), [lowering.name(of: x)],
      as: call)
  }

  private static let unbind: Rule = { lowering, call in
    let x = try call.input()
    let axis = try call.axis("dim", of: call.shape(x).count, default: 0)
    let name = try lowering.name(of: x)
    for (index, result) in call.operation.results.enumerated() {
      lowering.bind(result, to: try lowering.emit(.select(axis: axis, index: .fixed(index)), [name], at: call.place))
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
    guard !shape[axis].isBatch else { throw call.unsupported("it cuts the batch axis") }
    var start = try call.position("start", along: shape[axis], default: 0)
    if let first = start.fixedLength, let length = shape[axis].fixedLength {
      start = .fixed(max(0, min(length, first)))
    }
    let end = try call.sum(start, call.shape(call.result())[axis])
    try lowering.emit(.slice(axis: axis, start: start, end: end), [lowering.name(of: x)], as: call)
  }

  private static let narrow: Rule = { lowering, call in
    let x = try call.input()
    let shape = call.shape(x)
    let axis = try call.axis("dim", of: shape.count)
    let start = try call.position("start", along: shape[axis], default: 0)
    let end = try call.sum(start, call.shape(call.result())[axis])
    try lowering.emit(.slice(axis: axis, start: start, end: end), [lowering.name(of: x)], as: call)
  }

  /// `chunk`, `split` and their kin: the results say how the axis is cut.
  private static let split: Rule = { lowering, call in
    let x = try call.input()
    let axis = try call.axis("dim", of: call.shape(x).count, default: 0)
    let name = try lowering.name(of: x)
    guard !call.shape(x)[axis].isBatch else { throw call.unsupported("it cuts the batch axis") }
    var start = Graph.Dimension.fixed(0)
    for result in call.operation.results {
      let end = try call.sum(start, call.shape(result)[axis])
      lowering.bind(result, to: try lowering.emit(.slice(axis: axis, start: start, end: end), [name], at: call.place))
      start = end
    }
  }

  private static let concatenate: Rule = { lowering, call in
    let axis = try call.axis("dim", of: call.shape(call.result()).count, default: 0)
    try lowering.emit(.concatenate(axis: axis), call.tensors("tensors").map { try lowering.name(of: $0) }, as: call)
  }

  /// What moves past an end comes back at the other: the axis is cut in two, which change places.
  private static let roll: Rule = { lowering, call in
    let x = try call.input()
    let shape = call.shape(x)
    let (shifts, axes) = (try call.integers("shifts"), try call.axes("dims", of: shape.count))
    guard shifts.count == axes.count, !axes.isEmpty else { throw call.unsupported("it rolls all axes as one") }
    var name = try lowering.name(of: x)
    for (shift, axis) in zip(shifts, axes) {
      guard case .fixed(let length) = shape[axis] else {
        throw call.unsupported("it rolls an axis whose length varies")
      }
      let start = ((-shift % length) + length) % length
      guard start > 0 else { continue }
      let halves = try [(start, length), (0, start)].map { start, end in
        try lowering.emit(.slice(axis: axis, start: .fixed(start), end: .fixed(end)), [name], at: call.place)
      }
      name = try lowering.emit(.concatenate(axis: axis), halves, at: call.place)
    }
    lowering.bind(try call.result(), to: name)
  }

  /// A border of one number: a constant that is repeated along the other axes and joined on.
  private static let pad: Rule = { lowering, call in
    let x = try call.input()
    guard try call.string("mode", default: "constant") == "constant" else {
      throw call.unsupported("the runtime only fills borders with one number")
    }
    let amounts = try call.integers("pad")
    guard amounts.allSatisfy({ $0 >= 0 }) else { throw call.unsupported("its amounts \(amounts) cut the border off") }
    let border = try call.number("value", default: 0)
    var name = try lowering.name(of: x)
    var shape = call.shape(x)
    for (position, pair) in stride(from: 0, to: amounts.count, by: 2).map({ (amounts[$0], amounts[$0 + 1]) })
      .enumerated()
    where pair != (0, 0) {
      let axis = shape.count - 1 - position
      guard !shape[axis].isBatch else { throw call.unsupported("it fills up the batch axis") }
      let parts = try [pair.0, nil, pair.1].compactMap { amount -> String? in
        guard let amount else { return name }
        guard amount > 0 else { return nil }
        var edge = shape
        edge[axis] = .fixed(amount)
        let number = lowering.network.addConstant(
          "\(call.place).border", shape: edge.map { _ in 1 }, numbers: [Float(border)])
        return try lowering.emit(.expand(edge), [number], at: call.place)
      }
      name = try lowering.emit(.concatenate(axis: axis), parts, at: call.place)
      shape[axis] = try call.sum(shape[axis], .fixed(pair.0 + pair.1))
    }
    lowering.bind(try call.result(), to: name)
    if border == 0 {
      let pairs = stride(from: 0, to: amounts.count, by: 2).map { (amounts[$0], amounts[$0 + 1]) }
      lowering.note(Border(source: x, amounts: pairs), of: try call.result())
    }
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
