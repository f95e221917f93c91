import SwiftletTensor

/// Whether a network infers or trains; training draws its randomness (dropout, drop path) from a generator.
public enum Mode {
  case inference
  case training(Generator)
}

/// A module that behaves differently while training.
public protocol ModeDependent: Module {
  var mode: Mode { get set }
}

extension Module {
  /// Turns on what only training does; random choices come from `generator`, which has to be on the model's device.
  ///
  /// A layer that is put in afterwards starts in inference mode.
  public func train(using generator: Generator) { setMode(.training(generator)) }

  /// Turns off what only training does.
  public func evaluate() { setMode(.inference) }

  private func setMode(_ mode: Mode) {
    for (_, module) in modules(ofType: (any ModeDependent).self) { module.mode = mode }
  }
}
