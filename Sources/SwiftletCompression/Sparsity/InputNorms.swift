import SwiftletNN
import SwiftletTensor

extension Module {
  /// The Euclidean norm of every input of these layers over all tokens that `body` runs through the model.
  ///
  /// Sums are kept in float64. The layers are back in their places when this returns or throws.
  /// - Returns: `[inputs]`, float32, by layer path; a layer that `body` never runs is missing.
  /// - Throws: if there is no layer at a path, `PruningError` for the first layer whose inputs are not finite, or what
  ///   `body` throws.
  public func inputNorms(of paths: [String], during body: () throws -> Void) throws -> [String: Tensor] {
    var observers: [(path: String, observer: InputNormObserver)] = []
    defer {
      for (path, observer) in observers {
        do { try replaceLayer(at: path, with: observer.observed) } catch {
          preconditionFailure("inputNorms: the layer at \(path) could not be put back: \(error)")
        }
      }
    }
    for path in paths {
      let layer = try layer(at: path)
      guard let layer = layer as? any Layer else {
        throw ModuleError.cannotReplace(path: path, type: "\(type(of: layer))", with: "\(InputNormObserver.self)")
      }
      let observer = InputNormObserver(of: layer)
      try replaceLayer(at: path, with: observer)
      observers.append((path, observer))
    }
    try withNoGradient(body)
    var norms: [String: Tensor] = [:]
    for (path, observer) in observers {
      guard let seen = observer.norms else { continue }
      guard seen.isFinite().all() else { throw PruningError.activationsNotFinite(path: path) }
      norms[path] = seen
    }
    return norms
  }
}

/// Stands before a layer and adds up the squares of its inputs.
private final class InputNormObserver: Layer {
  @Child var observed: any Layer
  private var sumOfSquares: Tensor?

  static let pathNames = ["observed": ""]

  init(of observed: any Layer) { self.observed = observed }

  var norms: Tensor? { sumOfSquares?.sqrt().cast(to: .float32) }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let rows = x.detached().reshaped([-1, x.shape[x.rank - 1]]).cast(to: .float64)
    let squares = (rows * rows).sum(along: [0])
    sumOfSquares = sumOfSquares.map { $0 + squares } ?? squares
    return observed(x)
  }

  func shallowCopy() -> InputNormObserver { InputNormObserver(of: observed) }
}
