import SwiftletTensor

/// A tensor that learns (or none), under the property's name.
@propertyWrapper
public final class Parameter<Value> {
  public var wrappedValue: Value
  public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}

/// A tensor that is state but does not learn, such as a running mean.
@propertyWrapper
public final class Buffer<Value> {
  public var wrappedValue: Value
  public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}

/// A module, an optional module, or an array of modules inside a module.
///
/// Declare it `any Layer` where another layer may take its place, and with its type where it may not.
@propertyWrapper
public final class Child<Value> {
  public var wrappedValue: Value
  public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}

/// A property that holds at most one tensor.
protocol TensorMember: AnyObject {
  var tensor: Tensor? { get }
  func assign(_ tensor: Tensor)
}

protocol ParameterMember: TensorMember {}
protocol BufferMember: TensorMember {}

extension Parameter: ParameterMember {
  var tensor: Tensor? { wrappedValue as? Tensor }
  func assign(_ tensor: Tensor) { if let value = tensor as? Value { wrappedValue = value } }
}

extension Buffer: BufferMember {
  var tensor: Tensor? { wrappedValue as? Tensor }
  func assign(_ tensor: Tensor) { if let value = tensor as? Value { wrappedValue = value } }
}

/// A property that holds modules; those of an array are told apart by their index.
protocol ChildMember: AnyObject {
  var modules: [(index: Int?, module: any Module)] { get }
  /// False if the property's type does not admit `module`.
  func replace(at index: Int?, with module: any Module) -> Bool
}

extension Child: ChildMember {
  var modules: [(index: Int?, module: any Module)] {
    if let module = wrappedValue as? any Module { return [(nil, module)] }
    guard let list = wrappedValue as? [any Module] else { return [] }
    return list.enumerated().map { ($0.offset, $0.element) }
  }

  func replace(at index: Int?, with module: any Module) -> Bool {
    var replacement: Any = module
    if let index {
      guard var list = wrappedValue as? [any Module], list.indices.contains(index) else { return false }
      list[index] = module
      replacement = list
    }
    guard let value = replacement as? Value else { return false }
    wrappedValue = value
    return true
  }
}

/// The members of one module by name, in the order of their declaration.
struct Members {
  private(set) var parameters: [(name: String, member: any ParameterMember)] = []
  private(set) var buffers: [(name: String, member: any BufferMember)] = []
  private(set) var children: [(name: String, member: any ChildMember)] = []

  /// - Precondition: Every property in the module's `pathNames` is a member, and no two members share a name.
  init(of module: any Module) {
    var spellings = type(of: module).pathNames
    for (label, value) in Self.storedProperties(of: module) {
      guard let label, label.hasPrefix("_") else { continue }  // `_x` stores what the wrapper of `x` holds
      let property = String(label.dropFirst())
      let name = spellings.removeValue(forKey: property) ?? property.inSnakeCase
      if let member = value as? any ParameterMember {
        parameters.append((name, member))
      } else if let member = value as? any BufferMember {
        buffers.append((name, member))
      } else if let member = value as? any ChildMember {
        children.append((name, member))
      }
    }
    precondition(
      spellings.isEmpty, "\(type(of: module)).pathNames spells \(spellings.keys.sorted()), which are no members")
    let names = (parameters.map(\.name) + buffers.map(\.name) + children.map(\.name)).filter { !$0.isEmpty }
    precondition(Set(names).count == names.count, "\(type(of: module)) has two members of one name: \(names)")
  }

  /// Those of its superclasses first.
  private static func storedProperties(of module: any Module) -> [Mirror.Child] {
    let types = sequence(first: Mirror(reflecting: module), next: \.superclassMirror)
    return types.reversed().flatMap { Array($0.children) }
  }

  var tensors: [any TensorMember] { parameters.map(\.member) + buffers.map(\.member) }
}

extension String {
  /// `runningMean` becomes `running_mean`.
  var inSnakeCase: String {
    reduce(into: "") { result, character in
      if character.isUppercase, !result.isEmpty { result += "_" }
      result += character.lowercased()
    }
  }

  /// `self.component`; empty parts add no dot.
  func appendingPath(_ component: String) -> String {
    isEmpty ? component : component.isEmpty ? self : self + "." + component
  }
}
