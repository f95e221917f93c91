import SwiftletRuntime

/// What calibration has decided, and what it saw.
struct CalibratedGrids {
  /// By the value's name.
  var grids: [String: Graph.Quantization]
  /// The rule of each kind of value.
  var rules: [String: RangeRule]
  /// Outputs of norms whose channels were scaled.
  var smoothedNorms: [String]
  var seen: Calibration.Observation
}

/// What 8 bits do to a network, measured on the calibration images.
public struct Int8Effect: Hashable, Sendable {
  /// Against the network in fp32.
  public let change: ScoreChange
  /// The rule of each kind of value, such as `blocks.norm1`.
  public let rules: [String: RangeRule]
  /// Norms whose channels were scaled so that one grid serves them all.
  public let smoothedNorms: Int
}
