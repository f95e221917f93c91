import SwiftletFiles
import SwiftletTensor

extension MappedFile {
  /// A checkpoint's file. Tensors that view it keep it alive; changing one in place changes the memory, never the file.
  static func checkpoint(_ path: String) throws(CheckpointError) -> MappedFile {
    try translated(try MappedFile(path: path, access: .copyOnWrite))
  }

  /// A tensor that views elements of the file; the caller has checked that they are all in `range`.
  ///
  /// Elements that do not lie where their type may lie are copied.
  func tensor(_ range: Range<Int>, shape: [Int], strides: [Int]?, dataType: DataType) -> Tensor {
    guard !range.isEmpty, !shape.contains(0), let base = writableBytes.baseAddress else {
      return Tensor.empty(shape, dataType: dataType)
    }
    let start = base + range.lowerBound
    if UInt(bitPattern: start) % UInt(dataType.byteCount) == 0 {
      return Tensor.viewing(start, shape: shape, strides: strides, dataType: dataType, owner: self)
    }
    let copy = MappedFile(copying: bytes[range])
    return copy.tensor(0..<range.count, shape: shape, strides: strides, dataType: dataType)
  }
}
