import SwiftletTensor

extension Module {
  /// An independent network with equal values, in inference mode; what shared a tensor or a module still does.
  public func copy() -> Self {
    var copier = Copier()
    return copier.copy(self)
  }
}

/// Remembers what it has copied, so that sharing survives.
private struct Copier {
  private var modules: [ObjectIdentifier: any Module] = [:]
  private var tensors: [TensorIdentity: Tensor] = [:]

  mutating func copy<M: Module>(_ original: M) -> M {
    if let known = modules[ObjectIdentifier(original)] as? M { return known }
    let copy = original.shallowCopy()
    precondition(copy !== original, "\(M.self).shallowCopy() must return a new object")
    modules[ObjectIdentifier(original)] = copy
    let members = Members(of: copy)
    for member in members.tensors {
      guard let tensor = member.tensor else { continue }
      member.assign(self.copy(tensor))
    }
    for (_, member) in members.children {
      for (index, child) in member.modules { _ = member.replace(at: index, with: self.copy(child)) }
    }
    return copy
  }

  private mutating func copy(_ original: Tensor) -> Tensor {
    if let known = tensors[original.identity] { return known }
    let copy = original.leaf { $0.clone() }
    tensors[original.identity] = copy
    return copy
  }
}
