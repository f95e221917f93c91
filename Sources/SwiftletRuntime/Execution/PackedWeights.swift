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

  /// Packs what no living session has packed yet; the file's pages are given back, as the layers read the packed weights.
  func weights(
    of graph: ResolvedGraph, in file: ModelFile, for instructionSet: InstructionSet
  ) throws(SessionError) -> [Graph.Parameter: PackedLinear] {
    try entries.withLock { entries throws(SessionError) in
      var weights: [Graph.Parameter: PackedLinear] = [:]
      let tokens = graph.tokensOfWeights
      for parameter in graph.nodes.flatMap(\.operation.parameters) where weights[parameter] == nil {
        guard case .weight(let groups, let inIntegers) = parameter.role, let index = graph.constantIndex[parameter.name]
        else {
          continue
        }
        let key = Key(parameter: parameter, instructionSet: instructionSet)
        if let known = entries[key]?.packed {
          weights[parameter] = known
          continue
        }
        let constant = graph.graph.constants[index]
        let packed = try PackedLinear(
          constant, groups: groups, inIntegers: inIntegers, tokens: tokens[parameter] ?? 1, in: file,
          instructionSet: instructionSet)
        weights[parameter] = packed
        entries[key] = Entry(packed: packed)
        file.releasePages(ofTensor: constant.name)
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

extension ModelFile {
  /// Gives back the pages of a tensor that was read once.
  fileprivate func releasePages(ofTensor name: String) {
    if let range = ranges[name] { content.releasePages(range) }
  }
}
