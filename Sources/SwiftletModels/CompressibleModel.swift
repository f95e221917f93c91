import SwiftletNN
import SwiftletPlans

/// A network that declares which of its layers compression may change.
///
/// Pruning, plans, supernets and searches work on these slots, whatever the family. A slot's path leads to a layer of the
/// network with the shape that the slot says.
public protocol CompressibleModel: Module {
  /// In the order of the forward pass.
  var slots: [Slot] { get }
}
