import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor

/// Pruning that moves the weights that stay, so that the layer's outputs on calibration inputs change least.
///
/// Columns are decided from left to right. At the start of each group every weight scores `w² / [H⁻¹]ii`, what its removal
/// costs once the columns to its right have made up for it; the lowest go, and the weights to the right move by
/// `-w / [H⁻¹]ii · H⁻¹`, with `H⁻¹` of the columns that are not yet decided. `H = X Xᵀ + damping · mean(diag X Xᵀ) · I`.
/// Source: Frantar and Alistarh, "SparseGPT: Massive Language Models Can Be Accurately Pruned in One-Shot" (2023),
/// algorithm 1 and section 3.3. Here everything is float64, and equal scores keep the lower index.
public struct SparseGPT: Hashable, Sendable {
  /// Added to the diagonal of `X Xᵀ`, as a share of its mean.
  /// - Precondition: it is above 0, so that `H` has an inverse.
  public var damping = 0.01 {
    didSet { precondition(damping > 0, "SparseGPT: the damping is \(damping), it must be above 0") }
  }
  /// Columns whose updates are applied at once; rounded up to whole groups. Changes rounding only.
  public var blockColumns = 128

  public init() {}

  private static let inverse = Operator("aten::cholesky_inverse")
  private static let upperCholesky = Operator("aten::linalg_cholesky")

  /// `weight`, `[outputs, inputs]`, pruned to `pattern` for inputs whose products sum to `products`, `X Xᵀ`,
  /// `[inputs, inputs]`. Inputs that were always zero lose their weights.
  ///
  /// A dense pattern returns `weight` itself.
  /// - Precondition: the groups divide the inputs.
  public func pruned(_ weight: Tensor, to pattern: SparsityPattern, products: Tensor) -> Tensor {
    if pattern.isDense { return weight }
    return withNoGradient {
      let (outputs, inputs) = weight.shape2
      precondition(
        inputs.isMultiple(of: pattern.group) && products.shape == [inputs, inputs],
        "SparseGPT: \(pattern) on a weight of shape \(weight.shape) with products of shape \(products.shape)")
      let w = weight.detached().cast(to: .float64).clone()
      let u = inverseFactor(products.to(device: weight.device).cast(to: .float64), silencing: w)
      let diagonal = u.diagonal()
      let values = diagonal.scalars(as: Double.self)

      let width = (max(blockColumns, 1) + pattern.group - 1) / pattern.group * pattern.group
      for start in stride(from: 0, to: inputs, by: width) {
        let count = min(width, inputs - start)
        let block = w.narrowed(along: 1, from: start, count: count)
        let factor = u.narrowed(along: 0, from: start, count: count)
        let errors = Tensor.zeros([outputs, count], dataType: .float64, device: weight.device)
        var stays = Tensor.ones([outputs, pattern.group], dataType: .bool, device: weight.device)
        for i in 0..<count {
          if i.isMultiple(of: pattern.group) {
            let group = block.narrowed(along: 1, from: i, count: pattern.group)
            let scale = diagonal.narrowed(along: 0, from: start + i, count: pattern.group)
            stays = pattern.mask(of: (group / scale) * (group / scale))
          }
          let column = block.narrowed(along: 1, from: i, count: 1)
          let keep = stays.narrowed(along: 1, from: i % pattern.group, count: 1)
          let error = column.maskedFill(keep, 0) / values[start + i]
          errors.narrowed(along: 1, from: i, count: 1).copyInPlace(from: error)
          let rest = block.narrowed(along: 1, from: i, count: count - i)
          let row = factor.narrowed(along: 0, from: i, count: 1).narrowed(along: 1, from: start + i, count: count - i)
          rest.addInPlace(error.matmul(row), scale: -1)
          column.maskedFillInPlace(keep.logicalNot(), 0)  // exactly
        }
        let after = inputs - start - count
        if after > 0 {
          w.narrowed(along: 1, from: start + count, count: after).addInPlace(
            errors.matmul(factor.narrowed(along: 1, from: start + count, count: after)), scale: -1)
        }
      }
      return w.cast(to: weight.dataType)
    }
  }

  /// The upper triangular `U` with `Uᵀ U = H⁻¹`: row `i` divided by `Uii` is the update of removing column `i` once those
  /// before it are decided, and `Uii²` is `[H⁻¹]ii` then.
  private func inverseFactor(_ products: Tensor, silencing weight: Tensor) -> Tensor {
    let h = products.clone()
    let dead = h.diagonal().equal(to: 0)
    h.diagonal().addInPlace(dead.cast(to: .float64))
    weight.maskedFillInPlace(dead.unsqueezed(0).expanded(weight.shape), 0)
    h.diagonal().addInPlace(h.diagonal().mean() * damping)
    return Self.upperCholesky(.tensor(Self.inverse(.tensor(h.cholesky()))), .bool(true))
  }
}

extension CompressibleModel {
  /// Prunes the layers that `plan` names in the order in which `body` runs them, each for the inputs that the layers pruned
  /// before it produce.
  ///
  /// `body` runs the model once, on all calibration inputs together: a layer is pruned as the inputs reach it.
  /// - Throws: before anything changes, if the plan does not fit the model; afterwards ``PruningError`` if `body` has not
  ///   run a layer or a layer's inputs are not finite, or what `body` throws.
  public func prune(
    to plan: CompressionPlan, bySparseGPT method: SparseGPT, during body: () throws -> Void
  ) throws {
    try plan.validate(for: slots)
    try plan.require(only: LayerChoice.prunable, by: "SparseGPT")
    var stations: [(path: String, station: PruningStation)] = []
    for path in slots.map(\.path) {
      guard let choice = plan[path], let layer = try layer(at: path) as? Linear else { continue }
      stations.append((path, PruningStation(of: layer, to: choice.sparsity, by: method)))
    }
    defer {
      for (path, station) in stations where station.isInPlace {
        do { try replaceLayer(at: path, with: station.layer) } catch {
          preconditionFailure("SparseGPT: the layer at \(path) could not be put back: \(error)")
        }
      }
    }
    for (path, station) in stations {
      try replaceLayer(at: path, with: station)
      station.isInPlace = true
    }
    try withNoGradient(body)
    for (path, station) in stations {
      switch station.state {
      case .waiting: throw PruningError.noActivations(path: path)
      case .refused: throw PruningError.activationsNotFinite(path: path)
      case .done: break
      }
    }
  }
}

/// Stands in the place of a layer and prunes it when the first inputs come.
private final class PruningStation: Layer {
  @Child var layer: Linear
  let pattern: SparsityPattern
  let method: SparseGPT
  var isInPlace = false
  private(set) var state = State.waiting

  enum State { case waiting, done, refused }

  static let pathNames = ["layer": ""]

  init(of layer: Linear, to pattern: SparsityPattern, by method: SparseGPT) {
    (self.pattern, self.method) = (pattern, method)
    self.layer = layer
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    if state == .waiting { state = prune(for: x) ? .done : .refused }
    return layer(x)
  }

  func shallowCopy() -> PruningStation {
    let copy = PruningStation(of: layer, to: pattern, by: method)
    copy.state = state
    return copy
  }

  private func prune(for x: Tensor) -> Bool {
    if pattern.isDense { return true }
    let products = x.detached().reshaped([-1, x.shape[x.rank - 1]]).products
    guard (products.sum() + layer.weight.detached().sum()).item().isFinite else { return false }
    layer.weight.copyInPlace(from: method.pruned(layer.weight, to: pattern, products: products))
    return true
  }
}

extension Tensor {
  private static let diagonal = Operator("aten::diagonal")

  /// The diagonal of a matrix; shares elements.
  func diagonal() -> Tensor { Self.diagonal(.tensor(self)) }

  /// `Xᵀ X` of rows `[rows, inputs]`, in float64, some rows at a time.
  var products: Tensor {
    let (rows, inputs) = shape2
    let sum = Tensor.zeros([inputs, inputs], dataType: .float64, device: device)
    for start in stride(from: 0, to: rows, by: 4096) {
      let part = narrowed(along: 0, from: start, count: Swift.min(4096, rows - start)).cast(to: .float64)
      sum.addInPlace(part.transposed(0, 1).matmul(part))
    }
    return sum
  }
}
