private enum Aten {
  static let transpose = Operator("aten::transpose.int")
  static let permute = Operator("aten::permute")
  static let reshape = Operator("aten::reshape")
  static let flatten = Operator("aten::flatten.using_ints")
  static let view = Operator("aten::view")
  static let expand = Operator("aten::expand")
  static let unsqueeze = Operator("aten::unsqueeze")
  static let squeeze = Operator("aten::squeeze.dim")
  static let cat = Operator("aten::cat")
  static let stack = Operator("aten::stack")
  static let split = Operator("aten::split.Tensor")
  static let splitSizes = Operator("aten::split_with_sizes")
  static let chunk = Operator("aten::chunk")
  static let unbind = Operator("aten::unbind.int")
  static let flip = Operator("aten::flip")
  static let roll = Operator("aten::roll")
  static let repeated = Operator("aten::repeat")
  static let pad = Operator("aten::pad")
}

// Axes count from 0, negative ones from the end: -1 is the last.
extension Tensor {
  /// Two axes swapped. Shares elements.
  public func transposed(_ first: Int, _ second: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.transpose.tensor([.tensor(self), .int(first), .int(second)], file, line)
  }

  /// The axes in another order: axis `i` of the result is axis `order[i]` here. Shares elements.
  public func permuted(_ order: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.permute.tensor([.tensor(self), .ints(order)], file, line)
  }

  /// Another shape for as many elements; one extent may be -1, which stands for what is left. Copies only if it must.
  public func reshaped(_ shape: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.reshape.tensor([.tensor(self), .ints(shape)], file, line)
  }

  /// Axes `first` to `last` as one.
  public func flattened(from first: Int = 0, to last: Int = -1, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.flatten.tensor([.tensor(self), .int(first), .int(last)], file, line)
  }

  /// Another shape for the same memory.
  ///
  /// - Precondition: the strides allow it; else use ``reshaped(_:file:line:)``.
  public func view(_ shape: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.view.tensor([.tensor(self), .ints(shape)], file, line)
  }

  /// Extents of 1 repeated without a copy; -1 keeps an extent.
  public func expanded(_ shape: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.expand.tensor([.tensor(self), .ints(shape)], file, line)
  }

  /// With a new axis of extent 1 in front of axis `axis`.
  public func unsqueezed(_ axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.unsqueeze.tensor([.tensor(self), .int(axis)], file, line)
  }

  /// Without axis `axis`, if its extent is 1.
  public func squeezed(_ axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.squeeze.tensor([.tensor(self), .int(axis)], file, line)
  }

  /// Tensors one after the other along an axis they have.
  public static func concatenated(
    _ tensors: [Tensor], along axis: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Aten.cat.tensor([.tensors(tensors), .int(axis)], file, line)
  }

  /// Tensors of one shape along a new axis.
  public static func stacked(_ tensors: [Tensor], along axis: Int = 0, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    Aten.stack.tensor([.tensors(tensors), .int(axis)], file, line)
  }

  /// Pieces of `size` along an axis; the last may be smaller.
  public func split(size: Int, along axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> [Tensor] {
    Aten.split.list([.tensor(self), .int(size), .int(axis)], file, line)
  }

  /// Pieces of these sizes along an axis.
  public func split(sizes: [Int], along axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> [Tensor] {
    Aten.splitSizes.list([.tensor(self), .ints(sizes), .int(axis)], file, line)
  }

  /// At most `count` pieces of equal size along an axis; the last may be smaller.
  public func chunk(_ count: Int, along axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> [Tensor] {
    Aten.chunk.list([.tensor(self), .int(count), .int(axis)], file, line)
  }

  /// The tensors along an axis, without it.
  public func unbind(along axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> [Tensor] {
    Aten.unbind.list([.tensor(self), .int(axis)], file, line)
  }

  /// The elements in reverse along these axes.
  public func flipped(along axes: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.flip.tensor([.tensor(self), .ints(axes)], file, line)
  }

  /// The elements moved on along axes, those past the end back to the start.
  public func rolled(by shifts: [Int], along axes: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.roll.tensor([.tensor(self), .ints(shifts), .ints(axes)], file, line)
  }

  /// Copies side by side, `counts[i]` of them along axis `i`.
  public func repeated(_ counts: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    Aten.repeated.tensor([.tensor(self), .ints(counts)], file, line)
  }

  /// With a border. `amounts` goes from the last axis backwards, before and after: `[left, right, top, bottom]`.
  public func padded(
    _ amounts: [Int], mode: PaddingMode = .constant(0), file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let (name, value): (String, Value) =
      switch mode {
      case .constant(let value): ("constant", .double(value))
      case .reflect: ("reflect", nil)
      case .replicate: ("replicate", nil)
      }
    return Aten.pad.tensor([.tensor(self), .ints(amounts), .string(name), value], file, line)
  }
}

/// What a border holds.
public enum PaddingMode: Hashable, Sendable {
  case constant(Double)
  case reflect, replicate
}
