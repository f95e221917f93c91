import Foundation
import SwiftletFiles
import SwiftletModels

extension ImportedModel {
  /// A model of llama2.c: a Llama whose epsilon, rotation and special tokens its programs have written into them.
  ///
  /// Source: https://github.com/karpathy/llama2.c, run.c.
  init(llama2C mapped: MappedFile, path: String, tokenizer vocabulary: URL?) throws {
    let file: Llama2CFile
    do { file = try Llama2CFile(mapped) } catch { throw ImportError(.damaged, "\(error)", path: path) }
    guard let vocabulary else {
      throw ImportError(.usage, "is of llama2.c, whose models carry no tokenizer: give --tokenizer tok.bin", path: path)
    }
    let sizes = file.sizes
    var shape = LlamaConfiguration(
      vocabulary: sizes.vocabulary, width: sizes.width, hidden: sizes.hidden, layers: sizes.layers, heads: sizes.heads,
      keyHeads: sizes.keyValueHeads, context: sizes.context)
    shape.normEpsilon = 1e-5
    shape.tiesEmbeddings = sizes.isTied
    (shape.beginningToken, shape.endTokens) = (1, [2])
    do { try shape.validate() } catch { throw ImportError(.damaged, "\(error)", path: path) }
    (configuration, configurationFile) = (shape, try Self.configurationFile(of: shape))
    tensors = shape.tensors.compactMap { tensor in
      Llama2CFile.Part.of(tensor.gguf).map { ImportedTensor(tensor, $0.part, layer: $0.layer, of: file) }
    }
    format = "llama2.c, F32"
    tokenizer = { try TokenizerFiles(llama2C: vocabulary, vocabularySize: sizes.vocabulary) }
  }
}

extension ImportedTensor {
  fileprivate init(_ tensor: LanguageTensor, _ part: Llama2CFile.Part, layer: Int, of file: Llama2CFile) {
    let (headWidth, rowLength) = (file.sizes.headSize, tensor.shape.last ?? 1)
    self.init(
      name: tensor.name, shape: tensor.shape, type: .float32,
      read: { rows, elements in
        for (index, row) in rows.enumerated() {
          file.read(
            part, layer: layer, row: tensor.isRotated ? RotaryRows.neighbouring(row, headWidth: headWidth) : row,
            into: UnsafeMutableBufferPointer(rebasing: elements[index * rowLength..<(index + 1) * rowLength]))
        }
      },
      release: { file.release(part, layer: layer) })
  }
}

extension Llama2CFile.Part {
  /// The part that a tensor lies in, and the layer, by its name in GGUF.
  fileprivate static func of(_ name: String) -> (part: Self, layer: Int)? {
    let words = name.split(separator: ".")
    if words.count == 4, let layer = Int(words[1]) {
      return blocks[String(words[2])].map { ($0, layer) }
    }
    return words.first.flatMap { ends[String($0)] }.map { ($0, 0) }
  }

  private static let ends: [String: Self] = ["token_embd": .embedding, "output_norm": .norm, "output": .output]
  private static let blocks: [String: Self] = [
    "attn_norm": .attentionNorm, "attn_q": .query, "attn_k": .key, "attn_v": .value, "attn_output": .attentionOutput,
    "ffn_norm": .forwardNorm, "ffn_gate": .gate, "ffn_up": .up, "ffn_down": .down,
  ]
}
