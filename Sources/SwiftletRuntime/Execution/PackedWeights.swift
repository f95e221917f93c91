import SwiftletFiles
import Synchronization

/// The packed weights of a model, which all its sessions for one instruction set share as long as one of them lives.
final class PackedWeights: Sendable {
  private struct Key: Hashable {
    let parameter: Graph.Parameter
    let instructionSet: InstructionSet
  }

  private struct Entry {
    weak var packed: PackedLinear?
  }

  private let entries = Mutex<[Key: Entry]>([:])

  /// Packs what no living session has packed yet, in parts that the threads of a pool take in turn.
  ///
  /// The file's pages are given back on the way, as layers read the packed weights: beside these, what every thread works
  /// on is all that lies in memory.
  func weights(
    of graph: ResolvedGraph, in file: StoredWeights, for instructionSet: InstructionSet, on pool: ThreadPool
  ) throws(SessionError) -> [Graph.Parameter: PackedLinear] {
    try entries.withLock { entries throws(SessionError) in
      var weights: [Graph.Parameter: PackedLinear] = [:]
      var layers: [PackedLinear] = []
      let tokens = graph.tokensOfWeights
      for parameter in graph.nodes.flatMap(\.operation.parameters) where weights[parameter] == nil {
        guard case .weight(let groups, let inIntegers) = parameter.role, let index = graph.constantIndex[parameter.name]
        else {
          continue
        }
        if let known = entries[Key(parameter: parameter, instructionSet: instructionSet)]?.packed {
          weights[parameter] = known
          continue
        }
        let layer = try PackedLinear(
          graph.graph.constants[index], groups: groups, inIntegers: inIntegers, tokens: tokens[parameter] ?? 1,
          instructionSet: instructionSet)
        weights[parameter] = layer
        layers.append(layer)
      }
      PackedLinear.pack(layers, from: file, on: pool)
      for (parameter, layer) in weights {
        entries[Key(parameter: parameter, instructionSet: instructionSet)] = Entry(packed: layer)
      }
      return weights
    }
  }
}

extension ResolvedGraph {
  /// The most tokens of one sample that a layer with each of the weights takes.
  fileprivate var tokensOfWeights: [Graph.Parameter: Int] {
    let oneSample = graph.oneSample
    var tokens: [Graph.Parameter: Int] = [:]
    for node in nodes {
      for parameter in node.operation.parameters {
        guard case .weight = parameter.role, let index = constantIndex[parameter.name] else { continue }
        let elements = value(node.output).shape.reduce(1) { $0 * $1.length(oneSample) }
        tokens[parameter] = max(tokens[parameter] ?? 1, elements / graph.constants[index].shape[0])
      }
    }
    return tokens
  }
}
