import SwiftletModels
import SwiftletNN
import SwiftletTensor

/// Channels that several tensors share, so that one order for all of them changes nothing that the network computes.
public struct ChannelGroup: Hashable, Sendable {
  /// A range of an axis of a parameter.
  public struct Place: Hashable, Sendable {
    public let parameter: String
    public let axis: Int
    /// The first channel's index on the axis.
    public let start: Int
  }

  /// For people: `hidden channels of blocks.0.mlp`.
  public let name: String
  public let count: Int
  /// Everywhere that the channels appear.
  public let places: [Place]
  /// The compressible layers that read them, whose pruning the order is chosen for, by path; all have them on axis 1.
  public let readers: [String]
}

/// A module that knows which of its channels may be put in another order.
protocol ChannelSharing: Module {
  /// - Parameters:
  ///   - path: where the module is in its network; empty for the network.
  ///   - group: the width of the pruning groups, which no group of channels may share with others.
  func channelGroups(at path: String, of group: Int) -> [ChannelGroup]
}

extension CompressibleModel {
  /// The groups of channels that may be put in another order: the hidden channels of each MLP, each attention head's
  /// values, and in a DeiT the residual stream.
  ///
  /// Heads whose width is no multiple of `group` are left out: their inputs share pruning groups with other heads.
  public func channelGroups(of group: Int) -> [ChannelGroup] {
    let slots = Set(slots.map(\.path))
    let parameters = Set(namedParameters().map(\.path))
    // The network's own groups last.
    let modules = namedModules()
    let groups = (modules.dropFirst() + modules.prefix(1)).flatMap { path, module in
      (module as? any ChannelSharing)?.channelGroups(at: path, of: group) ?? []
    }
    return groups.filter { $0.readers.contains(where: slots.contains) }.map { group in
      ChannelGroup(
        name: group.name, count: group.count, places: group.places.filter { parameters.contains($0.parameter) },
        readers: group.readers)
    }
  }
}

extension MLP: ChannelSharing {
  func channelGroups(at path: String, of group: Int) -> [ChannelGroup] {
    guard let weight = fc2.linearWeight else { return [] }
    return [
      ChannelGroup(
        name: "hidden channels of \(path)", count: weight.shape2.1,
        places: [
          .init(parameter: "\(path).fc1.weight", axis: 0, start: 0),
          .init(parameter: "\(path).fc1.bias", axis: 0, start: 0),
          .init(parameter: "\(path).fc2.weight", axis: 1, start: 0),
        ], readers: ["\(path).fc2"])
    ]
  }
}

extension Attention: ChannelSharing {
  func channelGroups(at path: String, of group: Int) -> [ChannelGroup] {
    values(at: path, of: group, heads: heads, projection: projection)
  }
}

extension WindowAttention: ChannelSharing {
  func channelGroups(at path: String, of group: Int) -> [ChannelGroup] {
    values(at: path, of: group, heads: heads, projection: projection)
  }
}

extension ChannelSharing {
  /// Each head's values, of an attention whose `qkv` writes queries, keys and values, each by heads, and whose `proj` reads
  /// head after head.
  fileprivate func values(at path: String, of group: Int, heads: Int, projection: any Layer) -> [ChannelGroup] {
    guard let inputs = projection.linearWeight?.shape2.1 else { return [] }
    let width = inputs / heads
    guard width.isMultiple(of: group) else { return [] }
    return (0..<heads).map { head in
      let start = 2 * inputs + head * width
      return ChannelGroup(
        name: "values of head \(head) of \(path)", count: width,
        places: [
          .init(parameter: "\(path).qkv.weight", axis: 0, start: start),
          .init(parameter: "\(path).qkv.bias", axis: 0, start: start),
          .init(parameter: "\(path).proj.weight", axis: 1, start: head * width),
        ], readers: ["\(path).proj"])
    }
  }
}

extension VisionTransformer: ChannelSharing {
  /// The residual stream: the channels that all blocks read and add to. Norms see them in any order: only the rounding of
  /// their sums changes.
  func channelGroups(at path: String, of group: Int) -> [ChannelGroup] {
    let readers = blocks.indices.flatMap { ["blocks.\($0).attn.qkv", "blocks.\($0).mlp.fc1"] }
    let (read, unrelated) = (Set(readers.map { "\($0).weight" }), Set(readers.map { "\($0).bias" }))
    // What is pooled may hold the channels twice, side by side.
    let pooled = Array(stride(from: 0, to: configuration.pooledWidth, by: configuration.width))
    let places = namedParameters().map { ($0.path, $0.tensor.rank) }.flatMap { path, rank -> [ChannelGroup.Place] in
      switch path {
      case "head.weight", "head_dist.weight": return pooled.map { .init(parameter: path, axis: 1, start: $0) }
      case "head.bias", "head_dist.bias": return []
      case "fc_norm.weight", "fc_norm.bias": return pooled.map { .init(parameter: path, axis: 0, start: $0) }
      // Read by the inputs; biases of these layers belong to other channels.
      case _ where read.contains(path): return [.init(parameter: path, axis: 1, start: 0)]
      case _ where unrelated.contains(path): return []
      case "cls_token", "dist_token", "reg_token", "pos_embed":
        return [.init(parameter: path, axis: rank - 1, start: 0)]
      // Written by the outputs of patch embedding, projections and fc2, or scaled by a norm or a layer's scale.
      default: return [.init(parameter: path, axis: 0, start: 0)]
      }
    }
    return [ChannelGroup(name: "the residual stream", count: configuration.width, places: places, readers: readers)]
  }
}
