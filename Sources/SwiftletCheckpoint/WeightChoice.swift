/// One of two sets of weights in a file: the trained ones and their average over the steps.
public struct WeightChoice: Hashable, Sendable {
  /// The keys of both in the file, such as `state_dict` and `state_dict_ema`.
  public let taken, left: String
}

extension CheckpointError {
  /// The average was asked for, and the checkpoint holds none.
  static var noAverage: CheckpointError {
    CheckpointError(
      .mismatch,
      "holds no averaged weights beside the trained ones (\(TensorWalk.averaged.joined(separator: ", "))): "
        + "read it without asking for the average")
  }
}
