import Foundation
import SwiftletFiles
import SwiftletModels

extension ImportedModel {
  init(gguf mapped: MappedFile, path: String) throws {
    do {
      let file = try GGUFFile(mapped)
      let network = try GGUFConfiguration(file, path: path)
      let shape = network.shape
      let pairs = try shape.matched(
        file.tensors, called: \.name, shaped: \.shape, by: \.gguf, ignoring: { $0 == "rope_freqs.weight" }, path: path)
      (configuration, configurationFile) = (shape, try Self.configurationFile(of: shape))
      tensors = pairs.map { tensor, stored in
        ImportedTensor(
          tensor, stored, in: file,
          headWidth: network.hasNeighbouringPairs && tensor.isRotated ? shape.headWidth : nil)
      }
      let types = Set(pairs.filter { $0.tensor.shape.count > 1 }.map(\.stored.type.name)).sorted()
      format = "GGUF version \(file.version), \(types.joined(separator: " and "))"
      tokenizer = { try TokenizerFiles(gguf: file, vocabularySize: shape.vocabulary, path: path) }
    } catch let error as FileError {
      throw ImportError(error, path: path)
    }
  }
}

extension ImportedTensor {
  /// - Parameter headWidth: of rows that have to be put from pairs of neighbours into halves; nil leaves the order.
  fileprivate init(_ tensor: LanguageTensor, _ stored: GGUFFile.Tensor, in file: GGUFFile, headWidth: Int?) {
    let rowLength = stored.rowLength
    func place(of row: Int) -> Int { headWidth.map { RotaryRows.neighbouring(row, headWidth: $0) } ?? row }
    self.init(
      name: tensor.name, shape: tensor.shape, type: .float32,
      read: { rows, elements in
        guard headWidth == nil || tensor.shape.count > 1 else {  // a bias: its elements are the rows
          let paired = [Float](unsafeUninitializedCapacity: rowLength) { buffer, count in
            file.decode(stored, row: 0, into: UnsafeMutableBufferPointer(rebasing: buffer[..<rowLength]))
            count = rowLength
          }
          for row in 0..<rowLength { elements[row] = paired[place(of: row)] }
          return
        }
        for (index, row) in rows.enumerated() {
          file.decode(
            stored, row: place(of: row),
            into: UnsafeMutableBufferPointer(rebasing: elements[index * rowLength..<(index + 1) * rowLength]))
        }
      },
      release: { file.release(stored) })
  }
}
