import SwiftletCheckpoint
import SwiftletTensor

extension Module {
  /// Parameters and buffers by path, sharing their memory with the model.
  public func stateDictionary() -> StateDictionary {
    var dictionary = StateDictionary()
    for (path, tensor) in namedParameters() + namedBuffers() { dictionary[path] = tensor.detached() }
    return dictionary
  }

  /// Copies the values of `dictionary` into the parameters and buffers of the same paths.
  ///
  /// Everything is checked before the first value changes. Numbers are converted between floating-point types.
  /// - Parameters:
  ///   - strict: Whether names that only one side knows are an error. Wrong shapes always are.
  ///   - source: What messages call the dictionary, for instance the file's name.
  /// - Returns: The names that only one side knows; both lists are empty after a strict load.
  @discardableResult
  public func load(
    _ dictionary: StateDictionary, strict: Bool = true, from source: String = "the state dictionary"
  ) throws(ModuleError) -> (missing: [String], unexpected: [String]) {
    let own = namedParameters() + namedBuffers()
    let names = Set(own.map(\.path))
    let missing = own.map(\.path).filter { dictionary[$0] == nil }
    let unexpected = dictionary.names.filter { !names.contains($0) }
    for (name, tensor) in own {
      guard let new = dictionary[name] else { continue }
      guard new.shape == tensor.shape else {
        throw .wrongShape(name: name, found: new.shape, expected: tensor.shape, source: source)
      }
      guard new.dataType == tensor.dataType || (new.dataType.isFloatingPoint && tensor.dataType.isFloatingPoint) else {
        throw .wrongDataType(name: name, found: "\(new.dataType)", expected: "\(tensor.dataType)", source: source)
      }
    }
    if strict, !(missing.isEmpty && unexpected.isEmpty) {
      throw .wrongNames(missing: missing, unexpected: unexpected, source: source)
    }
    withNoGradient {
      for (name, tensor) in own {
        if let new = dictionary[name] { tensor.copyInPlace(from: new) }
      }
    }
    return (missing, unexpected)
  }

  /// Lets the parameters whose path satisfies `condition` learn, and no others.
  public func setTrainable(where condition: (_ path: String) -> Bool) {
    for (path, tensor) in namedParameters() { tensor.requiresGradient = condition(path) }
  }

  /// Stops every parameter from learning.
  public func freeze() { setTrainable { _ in false } }

  /// Moves parameters and buffers to `device`. Make optimisers afterwards: the tensors are new ones.
  public func move(to device: Device) {
    replaceTensors { $0.device == device ? $0 : $0.leaf { $0.to(device: device) } }
  }

  /// Converts floating-point parameters and buffers to `dataType`. Make optimisers afterwards: the tensors are new ones.
  ///
  /// - Precondition: `dataType` is a floating-point type.
  public func cast(to dataType: DataType) {
    precondition(dataType.isFloatingPoint, "Module.cast(to: \(dataType)): parameters are floating-point numbers")
    replaceTensors { tensor in
      tensor.dataType == dataType || !tensor.dataType.isFloatingPoint
        ? tensor : tensor.leaf { $0.cast(to: dataType) }
    }
  }

  private func replaceTensors(_ transform: (Tensor) -> Tensor) {
    var replaced: [TensorIdentity: (old: Tensor, new: Tensor)] = [:]  // keeping the old ones keeps identities unique
    for (_, module) in namedModules() {
      for member in Members(of: module).tensors {
        guard let tensor = member.tensor else { continue }
        let new = replaced[tensor.identity]?.new ?? transform(tensor)
        replaced[tensor.identity] = (tensor, new)
        member.assign(new)
      }
    }
  }
}

extension Tensor {
  /// A new leaf made from this tensor's values, which learns if this one does.
  func leaf(_ transform: (Tensor) -> Tensor) -> Tensor {
    let new = withNoGradient { transform(detached()) }
    new.requiresGradient = requiresGradient
    return new
  }
}
