import SwiftletModels

/// One tensor of a language model of the Llama family, by its names in Hugging Face's files and in GGUF.
struct LanguageTensor: Hashable, Sendable {
  let name, gguf: String
  let shape: [Int]
  /// Whether its rows are channels that the positions' rotation turns.
  var isRotated = false
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
    var all = [
      LanguageTensor(name: "model.embed_tokens.weight", gguf: "token_embd.weight", shape: [vocabulary, width])
    ]
    for layer in 0..<layers {
      let (model, block) = ("model.layers.\(layer).", "blk.\(layer).")
      all.append(
        LanguageTensor(name: model + "input_layernorm.weight", gguf: block + "attn_norm.weight", shape: [width]))
      for kind in LinearLayer.allCases {
        if kind == .gate {
          all.append(
            LanguageTensor(
              name: model + "post_attention_layernorm.weight", gguf: block + "ffn_norm.weight", shape: [width]))
        }
        let (name, gguf) = kind.names
        let (outputs, inputs) = extent(of: kind)
        let isRotated = kind == .query || kind == .key
        all.append(
          LanguageTensor(
            name: "\(model)\(name).weight", gguf: "\(block)\(gguf).weight", shape: [outputs, inputs],
            isRotated: isRotated))
        if hasBias(kind) {
          all.append(
            LanguageTensor(
              name: "\(model)\(name).bias", gguf: "\(block)\(gguf).bias", shape: [outputs], isRotated: isRotated))
        }
      }
    }
    all.append(LanguageTensor(name: "model.norm.weight", gguf: "output_norm.weight", shape: [width]))
    if !tiesEmbeddings {
      all.append(LanguageTensor(name: "lm_head.weight", gguf: "output.weight", shape: [vocabulary, width]))
    }
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
