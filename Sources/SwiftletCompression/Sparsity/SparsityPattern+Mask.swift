import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor

private enum Aten {
  static let viewAs = Operator("aten::view.dtype")
  static let nanToNum = Operator("aten::nan_to_num")
  static let sort = Operator("aten::sort.stable")
}

extension SparsityPattern {
  /// Groups up to this size are ranked by comparing all pairs, larger ones by sorting, which is slower for small groups.
  static let largestComparedGroup = 16

  /// Which weights stay: in every group of `group` consecutive scores along the last axis the `kept` largest.
  ///
  /// Exactly `kept` stay in each group, on every device and for every floating-point type. Of equal scores the one
  /// with the lower index stays, so that groups of zeros are decided too. NaN ranks below everything: it goes first.
  /// - Returns: booleans in the shape of `scores`.
  /// - Precondition: `group` divides the last axis. `CompressionPlan.validate` checks it for a model.
  public func mask(of scores: Tensor) -> Tensor {
    withNoGradient {
      let shape = scores.shape
      let width = shape.last ?? 0
      precondition(
        width.isMultiple(of: group),
        "mask(of:): \(self) needs a last axis of whole groups, the scores have shape \(shape)")
      if isDense { return .ones(shape, dataType: .bool, device: scores.device) }
      let groups = scores.detached().reshaped([scores.count / group, group])
      let mask = group <= Self.largestComparedGroup ? maskByComparing(groups) : maskBySorting(groups)
      return mask.reshaped(shape)
    }
  }

  /// A score's rank is how many of its group stay before it: those that are larger, and the equal ones to its left.
  private func maskByComparing(_ groups: Tensor) -> Tensor {
    // Columns of their own keep the passes contiguous and in cache: DeiT-B's 85 M weights take 0.48 s in 2:4 on one
    // busy core.
    let columns = groups.unbind(along: 1).map { $0.rankable() }
    let ranks = (0..<group).map { column in
      Tensor.full([groups.shape[0]], Double(group - 1 - column), dataType: .uint8, device: groups.device)
    }
    for left in 0..<group {
      for right in (left + 1)..<group {
        let leftStays = Aten.viewAs(
          .tensor(columns[left].greaterOrEqual(to: columns[right])), .int(Int(DataType.uint8.rawValue)))
        ranks[right].addInPlace(leftStays)
        ranks[left].addInPlace(leftStays, scale: -1)
      }
    }
    return Tensor.stacked(ranks, along: 1).less(than: Double(kept))
  }

  private func maskBySorting(_ groups: Tensor) -> Tensor {
    let sorted = Aten.sort.call([.tensor(groups.rankable()), true, 1, true])
    guard let order = sorted.last?.asTensor else { preconditionFailure("aten::sort answered no order") }
    return Tensor.zeros(groups.shape, dataType: .bool, device: groups.device)
      .scatter(along: 1, order.narrowed(along: 1, from: 0, count: kept), 1)
  }
}

extension Tensor {
  /// The scores with NaN below everything else.
  fileprivate func rankable() -> Tensor {
    Aten.nanToNum(.tensor(self), .double(-.infinity), .double(.infinity), .double(-.infinity))
  }

  /// The weights outside the pattern's mask set to zero.
  ///
  /// Shapes: `[…, inputs]`, and so is the result. The scores are the magnitudes unless given.
  public func pruned(to pattern: SparsityPattern, by scores: Tensor? = nil) -> Tensor {
    pattern.isDense ? self : masked(by: pattern.mask(of: scores ?? detached().abs()))
  }

  /// Zero wherever the mask is false, even where a weight is infinite or NaN.
  func masked(by mask: Tensor) -> Tensor {
    maskedFill(mask.logicalNot(), 0)
  }
}
