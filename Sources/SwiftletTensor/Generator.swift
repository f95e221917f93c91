import CSwiftletTorch

/// A stream of random numbers of its own: the same seed gives the same numbers on the same kind of device.
public final class Generator: @unchecked Sendable {
  public let device: Device
  let object: TorchObject

  /// - Precondition: `device` exists.
  public init(seed: UInt64, device: Device = .cpu, file: StaticString = #fileID, line: UInt = #line) {
    var handle: swt_object?
    guard swt_generator_make(device.code, Int32(clamping: device.index), seed, &handle) == 0, let handle else {
      fatalError(TensorError.last("Generator(device: \(device))").description, file: file, line: line)
    }
    self.device = device
    object = TorchObject(owning: handle)
  }

  /// Starts over from `seed`.
  public func restart(seed: UInt64, file: StaticString = #fileID, line: UInt = #line) {
    check(swt_generator_seed(object.handle, seed), "Generator.restart(seed:)", file, line)
  }

  /// Where the stream stands, for checkpoints.
  public var state: [UInt8] {
    var handle: swt_tensor?
    guard swt_generator_state(object.handle, &handle) == 0, let handle else {
      fatalError(TensorError.last("Generator.state").description)
    }
    return Tensor(owning: handle).scalars(as: UInt8.self)
  }

  /// Continues from a state that another generator for the same kind of device had.
  ///
  /// - Throws: ``TensorError`` when `state` is not one, as from a damaged checkpoint.
  public func restore(_ state: [UInt8]) throws(TensorError) {
    let tensor = Tensor(state, shape: [state.count])
    guard swt_generator_set_state(object.handle, tensor.handle) == 0 else { throw .last("Generator.restore") }
  }
}
