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

extension Module {
  /// The groups of channels that may be put in another order: the hidden channels of each MLP, each attention head's
  /// values, and in a DeiT the residual stream.
  ///
  /// Heads whose width is no multiple of `group` are left out: their inputs share pruning groups with other heads.
  public func channelGroups(of group: Int) -> [ChannelGroup] {
    let modules = Dictionary(namedModules().map { ($0.path, $0.module) }, uniquingKeysWith: { first, _ in first })
    let parameters = Dictionary(
      namedParameters().map { ($0.path, $0.tensor.shape) }, uniquingKeysWith: { first, _ in first })
    func places(_ list: [(String, Int, Int)]) -> [ChannelGroup.Place] {
      list.filter { parameters[$0.0] != nil }.map { ChannelGroup.Place(parameter: $0.0, axis: $0.1, start: $0.2) }
    }
    var groups: [ChannelGroup] = []
    for (path, inputs, _) in compressibleLayers() {
      if let parent = path.parent(of: CompressibleSlot.fc2) {
        groups.append(
          ChannelGroup(
            name: "hidden channels of \(parent)mlp", count: inputs,
            places: places([
              ("\(parent)mlp.fc1.weight", 0, 0), ("\(parent)mlp.fc1.bias", 0, 0), ("\(path).weight", 1, 0),
            ]), readers: [path]))
      } else if let parent = path.parent(of: CompressibleSlot.projection),
        let heads = modules["\(parent)attn"].flatMap(headCount)
      {
        let width = inputs / heads
        guard width.isMultiple(of: group) else { continue }
        for head in 0..<heads {
          // qkv's rows are queries, keys and values, each by heads.
          let start = 2 * inputs + head * width
          groups.append(
            ChannelGroup(
              name: "values of head \(head) of \(parent)attn", count: width,
              places: places([
                ("\(parent)attn.qkv.weight", 0, start), ("\(parent)attn.qkv.bias", 0, start),
                ("\(path).weight", 1, head * width),
              ]), readers: [path]))
        }
      }
    }
    if let network = self as? VisionTransformer { groups.append(network.residualStream) }
    return groups
  }
}

/// The heads of an attention whose projection reads head after head.
private func headCount(of module: any Module) -> Int? {
  switch module {
  case let attention as Attention: attention.heads
  case let attention as WindowAttention: attention.heads
  default: nil
  }
}

extension String {
  /// `blocks.0.` of `blocks.0.mlp.fc2` for the slot `mlp.fc2`, or nil for a path of another slot.
  fileprivate func parent(of slot: CompressibleSlot) -> String? {
    guard ".\(self)".hasSuffix(".\(slot.rawValue)") else { return nil }
    return String(dropLast(slot.rawValue.count))
  }
}

extension VisionTransformer {
  /// The channels that all blocks read and add to. Norms see them in any order: only the rounding of their sums changes.
  fileprivate var residualStream: ChannelGroup {
    let shapes = namedParameters().map { ($0.path, $0.tensor.rank) }
    // What is pooled may hold the channels twice, side by side.
    let pooled = Array(stride(from: 0, to: configuration.pooledWidth, by: configuration.width))
    let places = shapes.flatMap { path, rank -> [ChannelGroup.Place] in
      switch path {
      case _ where path.hasPrefix("head"):
        return path.hasSuffix("weight") ? pooled.map { .init(parameter: path, axis: 1, start: $0) } : []
      case _ where path.hasPrefix("fc_norm"):
        return pooled.map { .init(parameter: path, axis: 0, start: $0) }
      case _ where path.hasSuffix("attn.qkv.weight") || path.hasSuffix("mlp.fc1.weight"):
        // Read by the inputs; biases of these layers belong to other channels.
        return [.init(parameter: path, axis: 1, start: 0)]
      case _ where path.hasSuffix("attn.qkv.bias") || path.hasSuffix("mlp.fc1.bias"):
        return []
      case "cls_token", "dist_token", "reg_token", "pos_embed":
        return [.init(parameter: path, axis: rank - 1, start: 0)]
      default:
        // Written by the outputs of patch embedding, projections and fc2, or scaled by a norm or a layer's scale.
        return [.init(parameter: path, axis: 0, start: 0)]
      }
    }
    let readers = compressibleLayers().map(\.path).filter { $0.hasSuffix("attn.qkv") || $0.hasSuffix("mlp.fc1") }
    return ChannelGroup(name: "the residual stream", count: configuration.width, places: places, readers: readers)
  }
}
