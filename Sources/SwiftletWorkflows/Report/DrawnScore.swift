import SwiftletPlans
import SwiftletReport
import SwiftletSearch

/// A number of a score, as a page shows it.
public struct DrawnQuantity<Score>: Sendable {
  /// In a title: `accuracy`.
  let name: String
  /// Over a column of the table.
  let heading: String
  /// Beside an axis, with its unit; `progressAxis` where the page has said more before.
  let axis, progressAxis: String
  /// As it is drawn.
  let value: @Sendable (Score) -> Double
  let text: @Sendable (Score) -> String
  let isLowerBetter: Bool
  let scale: LineChart.Scale

  init(
    _ name: String, heading: String, axis: String, progressAxis: String? = nil, isLowerBetter: Bool = true,
    scale: LineChart.Scale = .linear, value: @escaping @Sendable (Score) -> Double,
    text: @escaping @Sendable (Score) -> String
  ) {
    (self.name, self.heading, self.axis, self.progressAxis) = (name, heading, axis, progressAxis ?? axis)
    (self.value, self.text, self.isLowerBetter, self.scale) = (value, text, isLowerBetter, scale)
  }

  /// Of two scores the one that a reader would rather have.
  func prefers(_ left: Score, to right: Score) -> Bool {
    isLowerBetter ? value(left) < value(right) : value(left) > value(right)
  }
}

/// A score that a page can show: its numbers, and what is said of the plans that it judges.
public protocol DrawnScore: PlanScore {
  /// What shares of the cost are of: `dense`.
  static var whole: String { get }
  /// Columns of the table.
  static var tabulated: [DrawnQuantity<Self>] { get }
  /// Each is drawn over the cost of every candidate.
  static var drawn: [DrawnQuantity<Self>] { get }
  /// What shows how far a search by `measure` is.
  static func progress(by measure: Measure) -> DrawnQuantity<Self>
  /// What says what one layer alone does.
  static var harm: DrawnQuantity<Self> { get }
  /// A difference of it.
  static func harmText(_ difference: Double) -> String
  /// Whether every layer has the same levels, so that a title can name one; else the cells do.
  static var sharesLevels: Bool { get }
  /// A layer of a map.
  ///
  /// - Parameters:
  ///   - levels: those that the choice is one of.
  ///   - share: of what the layer costs where nothing is decided.
  static func cell(_ choice: LayerChoice, of levels: [LayerChoice], share: Double) -> LayerMap.Cell
  /// A column of a map, by what its layers do in their blocks.
  static func column(of role: String) -> String
  /// What plans are judged on: `5000 held-out images`.
  var ground: String { get }
}
