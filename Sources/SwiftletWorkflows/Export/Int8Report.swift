import SwiftletExport
import SwiftletTerminal

/// What int8 does to a network, for people and for programs.
public struct Int8Report: Encodable, CustomStringConvertible {
  public let calibrationImages: Int
  /// Of the scores, over their spread; nil where a score is no finite number.
  public let movement: Double?
  /// The share of the images whose top class is another one in int8.
  public let changedTopClass: Double
  /// The range rule of each kind of value.
  public let ranges: [String: String]
  public let smoothedNorms: Int

  public init(_ effect: Int8Effect) {
    calibrationImages = effect.change.samples
    movement = effect.change.movement.isFinite ? effect.change.movement : nil
    changedTopClass = effect.change.changedShare
    ranges = effect.rules.mapValues { "\($0)" }
    smoothedNorms = effect.smoothedNorms
  }

  public var description: String {
    let rules = Dictionary(grouping: ranges.keys.sorted()) { ranges[$0] ?? "" }.sorted { $0.key < $1.key }
      .map { "\($0.key) for \($0.value.joined(separator: ", "))" }.joined(separator: "; ")
    return
      "int8 moves the scores by \(movement.map { $0.text(decimals: 4) } ?? "numbers that are none") of their spread and "
      + "the top class of \((100 * changedTopClass).text(decimals: 1)) % of \(calibrationImages) calibration images\n"
      + "ranges: \(rules)" + (smoothedNorms > 0 ? "; \(smoothedNorms) norms smoothed" : "")
  }
}

extension Int8Effect {
  /// One sentence where the scores move further than is usual.
  public var warning: String? {
    guard change.isOverBound else { return nil }
    let moved = change.movement.isFinite ? change.movement.text(decimals: 3) : "numbers that are none"
    return "int8 moves the scores by \(moved) of their spread, more than \(ScoreChange.bound), and the top class of "
      + "\((100 * change.changedShare).text(decimals: 1)) % of the calibration images: compare it by eval --against, and "
      + "try more --calibration-images, --float-attention, or a plan that leaves some layers in fp32"
  }
}
