import SwiftletModels

/// One tensor of a language model of the Llama family.
struct LanguageTensor: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case embedding, norm, output
    case attentionNorm, forwardNorm
    case weight(LlamaConfiguration.LinearLayer)
    case bias(LlamaConfiguration.LinearLayer)
  }

  let kind: Kind
  /// The block that it is of; the network's ends are of none.
  var layer: Int?
  let shape: [Int]

  /// In Hugging Face's files.
  var name: String { layer.map { "model.layers.\($0).\(names.huggingFace)" } ?? names.huggingFace }
  /// In GGUF.
  var gguf: String { layer.map { "blk.\($0).\(names.gguf)" } ?? names.gguf }

  /// Whether its rows are channels that the positions' rotation turns.
  var isRotated: Bool { [.weight(.query), .weight(.key), .bias(.query), .bias(.key)].contains(kind) }

  /// Within its block, where it is of one.
  private var names: (huggingFace: String, gguf: String) {
    switch kind {
    case .embedding: ("model.embed_tokens.weight", "token_embd.weight")
    case .norm: ("model.norm.weight", "output_norm.weight")
    case .output: ("lm_head.weight", "output.weight")
    case .attentionNorm: ("input_layernorm.weight", "attn_norm.weight")
    case .forwardNorm: ("post_attention_layernorm.weight", "ffn_norm.weight")
    case .weight(let layer): ("\(layer.names.huggingFace).weight", "\(layer.names.gguf).weight")
    case .bias(let layer): ("\(layer.names.huggingFace).bias", "\(layer.names.gguf).bias")
    }
  }
}

extension LlamaConfiguration {
  /// The linear layers of a block.
  enum LinearLayer: CaseIterable {
    case query, key, value, attentionOutput, gate, up, down

    /// Within its block, in Hugging Face's files and in GGUF.
    fileprivate var names: (huggingFace: String, gguf: String) {
      switch self {
      case .query: ("self_attn.q_proj", "attn_q")
      case .key: ("self_attn.k_proj", "attn_k")
      case .value: ("self_attn.v_proj", "attn_v")
      case .attentionOutput: ("self_attn.o_proj", "attn_output")
      case .gate: ("mlp.gate_proj", "ffn_gate")
      case .up: ("mlp.up_proj", "ffn_up")
      case .down: ("mlp.down_proj", "ffn_down")
      }
    }
  }

  /// All tensors, in the order of the network.
  var tensors: [LanguageTensor] {
    var all = [LanguageTensor(kind: .embedding, shape: [vocabulary, width])]
    for layer in 0..<layers {
      all.append(LanguageTensor(kind: .attentionNorm, layer: layer, shape: [width]))
      for linear in LinearLayer.allCases {
        if linear == .gate { all.append(LanguageTensor(kind: .forwardNorm, layer: layer, shape: [width])) }
        let (outputs, inputs) = extent(of: linear)
        all.append(LanguageTensor(kind: .weight(linear), layer: layer, shape: [outputs, inputs]))
        if hasBias(linear) { all.append(LanguageTensor(kind: .bias(linear), layer: layer, shape: [outputs])) }
      }
    }
    all.append(LanguageTensor(kind: .norm, shape: [width]))
    if !tiesEmbeddings { all.append(LanguageTensor(kind: .output, shape: [vocabulary, width])) }
    return all
  }

  private func extent(of layer: LinearLayer) -> (outputs: Int, inputs: Int) {
    switch layer {
    case .query: (heads * headWidth, width)
    case .key, .value: (keyHeads * headWidth, width)
    case .attentionOutput: (width, heads * headWidth)
    case .gate, .up: (hidden, width)
    case .down: (width, hidden)
    }
  }

  private func hasBias(_ layer: LinearLayer) -> Bool {
    switch layer {
    case .query, .key, .value: attentionBias != .none
    case .attentionOutput: attentionBias == .all
    case .gate, .up, .down: feedForwardBias
    }
  }
}

extension LlamaConfiguration {
  /// Pairs every tensor of the network with the one that a file has.
  ///
  /// - Parameters:
  ///   - nameInFile: a tensor's name there.
  ///   - ignoring: whether a tensor of this name, which the network does not have, does not matter.
  /// - Throws: ``ImportError`` for one that is missing, of another shape, or left over.
  func matched<Stored>(
    _ stored: [Stored], called name: (Stored) -> String, shaped shape: (Stored) -> [Int],
    by nameInFile: (LanguageTensor) -> String, ignoring: (String) -> Bool, path: String
  ) throws(ImportError) -> [(tensor: LanguageTensor, stored: Stored)] {
    var left = Dictionary(uniqueKeysWithValues: stored.map { (name($0), $0) })
    var pairs: [(tensor: LanguageTensor, stored: Stored)] = []
    for tensor in tensors {
      let wanted = nameInFile(tensor)
      guard let found = left.removeValue(forKey: wanted) else {
        throw ImportError(.damaged, "lacks the tensor \(wanted), which its configuration calls for", path: path)
      }
      guard shape(found) == tensor.shape else {
        throw ImportError(
          .damaged, "\(wanted) has shape \(shape(found)), its configuration calls for \(tensor.shape)", path: path)
      }
      pairs.append((tensor, found))
    }
    if let stranger = left.keys.filter({ !ignoring($0) }).min() {
      throw ImportError(.unsupported, "holds \(stranger), which its configuration does not call for", path: path)
    }
    return pairs
  }
}
