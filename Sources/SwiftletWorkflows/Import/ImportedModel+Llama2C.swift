import Foundation
import SwiftletFiles
import SwiftletModels

extension ImportedModel {
  /// A model of llama2.c: a Llama whose epsilon, rotation and special tokens its programs have written into them.
  ///
  /// Source: https://github.com/karpathy/llama2.c, run.c.
  init(llama2C mapped: MappedFile, path: String, tokenizer vocabulary: URL?) throws {
    let file: Llama2CFile
    do { file = try Llama2CFile(mapped) } catch { throw ImportError(error, path: path) }
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
    tensors = shape.tensors.map { ImportedTensor($0, of: file) }
    format = "llama2.c, F32"
    tokenizer = { try TokenizerFiles(llama2C: vocabulary, vocabularySize: sizes.vocabulary) }
  }
}

extension ImportedTensor {
  fileprivate init(_ tensor: LanguageTensor, of file: Llama2CFile) {
    let (part, layer) = (Llama2CFile.Part(tensor.kind), tensor.layer ?? 0)
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
  /// The part that a tensor lies in.
  fileprivate init(_ kind: LanguageTensor.Kind) {
    self =
      switch kind {
      case .embedding: .embedding
      case .norm: .norm
      case .output: .output
      case .attentionNorm: .attentionNorm
      case .forwardNorm: .forwardNorm
      case .weight(.query): .query
      case .weight(.key): .key
      case .weight(.value): .value
      case .weight(.attentionOutput): .attentionOutput
      case .weight(.gate): .gate
      case .weight(.up): .up
      case .weight(.down): .down
      case .bias(let layer): preconditionFailure("Llama2CFile: models of llama2.c have no bias, \(layer) has one")
      }
  }
}
