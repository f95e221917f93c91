import SwiftletTensor

extension Module {
  /// This module (path "") and everything inside it with dotted paths, parents first, in the order of declaration.
  ///
  /// A module that is used in several places appears once for each.
  public func namedModules() -> [(path: String, module: any Module)] {
    var result: [(path: String, module: any Module)] = []
    collectModules(at: "", into: &result)
    return result
  }

  /// The parameters with their dotted paths. A tensor that several modules share appears under each of its names.
  public func namedParameters() -> [(path: String, tensor: Tensor)] {
    namedModules().flatMap { path, module in
      Members(of: module).parameters.compactMap { name, member in
        member.tensor.map { (path.appendingPath(name), $0) }
      }
    }
  }

  /// The state that does not learn, such as running statistics, with its dotted paths.
  public func namedBuffers() -> [(path: String, tensor: Tensor)] {
    namedModules().flatMap { path, module in
      Members(of: module).buffers.compactMap { name, member in
        member.tensor.map { (path.appendingPath(name), $0) }
      }
    }
  }

  /// The parameters, each once.
  public func parameters() -> [Tensor] {
    var seen: Set<TensorIdentity> = []
    return namedParameters().map(\.tensor).filter { seen.insert($0.identity).inserted }
  }

  /// The number of weights in all parameters, shared ones counted once.
  public var parameterCount: Int { parameters().reduce(0) { $0 + $1.count } }

  /// The modules of one type with their paths, for instance every `BatchNorm`.
  public func modules<M>(ofType type: M.Type) -> [(path: String, module: M)] {
    namedModules().compactMap { path, module in (module as? M).map { (path, $0) } }
  }

  /// The linear layers with their paths, in the order of the forward pass of a transformer block.
  public func linearLayers() -> [(path: String, layer: Linear)] {
    modules(ofType: Linear.self).map { ($0.path, $0.module) }
  }

  /// The module at `path`, for instance `blocks.0.mlp.fc1`; the empty path is this module.
  public func layer(at path: String) throws(ModuleError) -> any Module {
    guard let found = namedModules().first(where: { $0.path == path }) else { throw missing(path) }
    return found.module
  }

  /// Puts `layer` in the place of the module at `path`. It keeps its own mode: set the model's afterwards.
  ///
  /// - Throws: If nothing is there, or if the property that holds it does not admit a layer of this type.
  public func replaceLayer(at path: String, with layer: any Module) throws(ModuleError) {
    for (parentPath, parent) in namedModules() {
      for (name, member) in Members(of: parent).children {
        for (index, child) in member.modules where parentPath.appendingPath(name, index) == path {
          guard member.replace(at: index, with: layer) else {
            throw .cannotReplace(path: path, type: "\(type(of: child))", with: "\(type(of: layer))")
          }
          return
        }
      }
    }
    throw missing(path)
  }

  private func missing(_ path: String) -> ModuleError {
    .noLayer(path: path, model: "\(type(of: self))", nearest: nearestPath(to: path))
  }

  /// The longest existing beginning of `path`.
  private func nearestPath(to path: String) -> String {
    let existing = Set(namedModules().map(\.path))
    var components = path.split(separator: ".")
    while !components.isEmpty, !existing.contains(components.joined(separator: ".")) { components.removeLast() }
    return components.joined(separator: ".")
  }

  private func collectModules(at path: String, into result: inout [(path: String, module: any Module)]) {
    result.append((path, self))
    for (name, member) in Members(of: self).children {
      for (index, child) in member.modules {
        child.collectModules(at: path.appendingPath(name, index), into: &result)
      }
    }
  }
}

extension String {
  fileprivate func appendingPath(_ name: String, _ index: Int?) -> String {
    let path = appendingPath(name)
    return index.map { path.appendingPath("\($0)") } ?? path
  }
}
