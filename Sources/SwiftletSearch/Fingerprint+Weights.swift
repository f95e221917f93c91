import SwiftletFiles
import SwiftletNN
import SwiftletTensor

extension Fingerprint {
  /// All tensors of a network, by name.
  package mutating func mix(weightsOf model: some Module) {
    for (path, tensor) in model.namedParameters().map({ ($0.path, $0.tensor) })
      + model.namedBuffers().map({ ($0.path, $0.tensor) })
    {
      mix(path)
      for value in tensor.detached().cast(to: .float32).contiguous().scalars(as: Float.self) {
        mix(UInt64(value.bitPattern))
      }
    }
  }
}
