/// Densities by layer shape alone: small layers stay denser.
///
/// The density of a layer is proportional to `(inputs + outputs) / (inputs * outputs)`, scaled so that the model keeps
/// the wished share of its weights; layers that would exceed 1 stay dense and the others make up for it. Blocks of equal
/// shape get equal densities, which is its weakness in transformers.
/// Source: Mocanu et al., "Scalable Training of Artificial Neural Networks with Adaptive Sparse Connectivity" (2018),
/// and Evci et al., "Rigging the Lottery" (2020).
public enum ErdosRenyiAllocation {
  /// - Precondition: `density`, the share of all weights that stay, is in `0...1`.
  public static func densities(of layers: [Slot], keeping density: Double) -> [Double] {
    precondition((0...1).contains(density), "ErdosRenyiAllocation: a density of \(density) is not in 0...1")
    var dense = Set<Int>()
    let wished = density * Double(layers.reduce(0) { $0 + $1.weights })
    while true {
      let others = layers.indices.filter { !dense.contains($0) }
      let kept = dense.reduce(0) { $0 + layers[$1].weights }
      let ends = others.reduce(0) { $0 + layers[$1].inputs + layers[$1].outputs }
      let scale = ends > 0 ? max(0, wished - Double(kept)) / Double(ends) : 0
      let densities = layers.indices.map { index in
        dense.contains(index)
          ? 1 : scale * Double(layers[index].inputs + layers[index].outputs) / Double(layers[index].weights)
      }
      let full = others.filter { densities[$0] > 1 }
      if full.isEmpty { return densities }
      dense.formUnion(full)
    }
  }
}

extension SearchSpace {
  /// The plan whose levels lie nearest to these densities, one a slot; halfway between two levels the sparser one.
  public func plan(nearest densities: [Double]) -> CompressionPlan {
    precondition(densities.count == slots.count, "\(densities.count) densities for \(slots.count) slots")
    return plan(
      zip(slots, densities).map { slot, density in
        let distances = slot.levels.map { abs($0.sparsity.density - density) }
        let nearest = distances.min() ?? 0
        // Levels go from sparse to dense; the slack keeps rounding from deciding what is halfway.
        return distances.firstIndex { $0 <= nearest + 1e-9 } ?? 0
      })
  }
}
