import SwiftletRuntime

/// A model that does not compute what it was made from.
public enum ExportCheckError: Error, Hashable, CustomStringConvertible {
  /// By how much of the greatest score an fp32 model differs.
  case differs(relative: Double)
  /// The network's own scores, in libtorch, are infinite or not numbers.
  case overflows
  /// The network's scores are numbers, the exported model's are not.
  case exportOverflows

  /// The most that rounding in another order moves fp32 scores, relative to the greatest.
  public static let rounding = 1e-3

  /// The greatest difference of the scores from libtorch's, relative to the greatest score.
  ///
  /// - Parameter isExact: whether nothing but the order of sums may differ.
  public static func relativeDifference(
    _ found: [Float], from expected: [Float], isExact: Bool
  ) throws(ExportCheckError) -> Double {
    guard expected.allSatisfy(\.isFinite) else { throw .overflows }
    guard found.allSatisfy(\.isFinite) else { throw .exportOverflows }
    let relative = found.relativeDifference(from: expected)
    guard !isExact || relative <= rounding else { throw .differs(relative: relative) }
    return relative
  }

  public var description: String {
    switch self {
    case .differs(let relative):
      "the exported model's scores differ from libtorch's by \(relative) of the greatest score, so nothing was written: "
        + "please report this network"
    case .overflows:
      "the network's scores on noise are infinite or not numbers, in libtorch too, so nothing was written: its "
        + "activations overflow, or its weights are damaged"
    case .exportOverflows:
      "the exported model's scores on noise are infinite or not numbers where libtorch's are numbers, so nothing was "
        + "written: its activations overflow in the chosen precision"
    }
  }
}
