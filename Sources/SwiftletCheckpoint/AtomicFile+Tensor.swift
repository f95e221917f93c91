import SwiftletFiles
import SwiftletTensor

extension AtomicFile {
  /// The elements in row-major order.
  func write(_ tensor: Tensor) throws(FileError) {
    try withElements(of: tensor) { (raw) throws(FileError) in try write(raw) }
  }
}

/// A tensor's elements in row-major order on the CPU.
func withElements<Result>(
  of tensor: Tensor, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Result
) throws(FileError) -> Result {
  let result = tensor.detached().to(device: .cpu).withBytes { (raw) -> Swift.Result<Result, FileError> in
    do throws(FileError) { return .success(try body(raw)) } catch { return .failure(error) }
  }
  return try result.get()
}
