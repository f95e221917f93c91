import SwiftletTensor

/// A part of a network: an object with parameters, buffers and children, each a stored property under its wrapper.
///
/// ```swift
/// public final class MLP: Layer {
///   @Child public var fc1: any Layer
///   @Child public var fc2: any Layer
///   …
/// }
/// ```
/// A tensor's path in the network joins the names of the properties that lead to it, in snake case:
/// `blocks.0.mlp.fc1.weight`. Where the field spells a name differently, ``pathNames`` says so.
/// Forward passes use the properties; only walks over the network (paths, loading, copies, modes) look them up by name.
public protocol Module: AnyObject {
  /// The field's spelling of a property, where it is not the property's name in snake case. The empty
  /// spelling adds no component to the path.
  static var pathNames: [String: String] { get }

  /// A new module with the same configuration that holds the same tensors and children, in inference mode.
  /// ``copy()`` makes it independent.
  func shallowCopy() -> Self
}

extension Module {
  public static var pathNames: [String: String] { [:] }
}

/// A module that maps one tensor to one tensor, so that another such module can take its place.
public protocol Layer: Module {
  func callAsFunction(_ x: Tensor) -> Tensor
}
