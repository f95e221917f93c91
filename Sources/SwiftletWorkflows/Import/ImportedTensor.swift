import SwiftletFiles

/// A tensor on its way into a folder: its shape is known before any element is read.
struct ImportedTensor {
  /// By Hugging Face's name.
  let name: String
  let shape: [Int]
  /// What its elements are stored in, or decoded to.
  let type: SafetensorsHeader.ElementType
  /// Puts the elements of some rows in their order into memory of just that size.
  let read: (_ rows: Range<Int>, _ elements: UnsafeMutableBufferPointer<Float>) throws -> Void
  /// Gives back the memory that reading took so far.
  let release: () -> Void

  /// A vector is one row.
  var rowCount: Int { shape.dropLast().reduce(1, *) }
  var rowLength: Int { shape.last ?? 1 }
  var elementCount: Int { rowCount * rowLength }
}

extension [ImportedTensor] {
  /// Each once, sorted by name.
  var types: [SafetensorsHeader.ElementType] { Set(map(\.type)).sorted { $0.rawValue < $1.rawValue } }
}
