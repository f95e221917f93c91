import Foundation
import SwiftletPlans
import SwiftletReport
import SwiftletSearch
import SwiftletTerminal
import SwiftletTraining

/// The pictures of a search: every candidate and the front, the plan as a map, what each layer alone costs, the progress.
extension SearchTrace<Evaluation> {
  /// Appends the search to a page.
  public func append(to report: inout Report, named name: String) {
    report.append(.heading("Search \(name): \(header.method.rawValue) for \(header.budget)"))
    report.append(.paragraph(summary))
    report.append(.table(table))
    report.append(.lines(front))
    if let closeUp { report.append(.lines(closeUp)) }
    report.append(.lines(progress))
    if let best {
      report.append(
        .map(
          map("The best plan", hue: .blue) { slot in
            let level = header.slots[slot].levels[best.levels[slot]]
            return .init(level.text, shade: level.choice.sparsity.density)
          }))
    }
    for sensitivity in sensitivities { report.append(.map(sensitivity)) }
  }

  /// The best candidate inside the window, if any is.
  public var best: Line? {
    lines.filter(isInside).min { left, right in
      let (a, b) = (left.score.merit(by: header.measure), right.score.merit(by: header.measure))
      return a != b ? a > b : left.cost < right.cost
    }
  }

  private func isInside(_ line: Line) -> Bool { (header.window[0]...header.window[1]).contains(line.cost) }

  /// The cost as a percentage of the dense network's.
  private func share(_ line: Line) -> Double { 100 * Double(line.cost) / Double(header.dense) }

  private var summary: String {
    let window = header.window.map { header.unit.text($0) }.joined(separator: " to ")
    let place = header.accelerator.isEmpty ? "" : " on \(header.accelerator)"
    let images = lines.first.map { ", each judged on \($0.score.images) held-out images" } ?? ""
    return "\(header.model). \(lines.count) plans\(images), seed \(header.seed); accepted were \(window)\(place)."
  }

  private var table: Table {
    var table = Table(columns: [
      .text("plan"), .number("cost"), .number("of dense"), .number("accuracy (search split)"), .number("loss"),
    ])
    let rows = [best.map { ("searched", $0) }].compactMap { $0 } + header.uniform.map { (uniformName($0), $0) }
    for (name, line) in rows {
      table.append([
        name, header.unit.text(line.cost), String(format: "%.1f %%", share(line)),
        String(format: "%.2f %%", 100 * line.score.accuracy), String(format: "%.4f", line.score.loss),
      ])
    }
    return table
  }

  private func uniformName(_ line: Line) -> String {
    guard let slot = header.slots.first, let level = line.levels.first else { return "uniform" }
    return "uniform \(slot.levels[level].text)"
  }

  private var bestPoint: LineChart.Series {
    LineChart.Series(
      "searched", points: best.map { [.init(x: share($0), y: 100 * $0.score.accuracy, label: "searched")] } ?? [],
      style: .points)
  }

  /// What is not worse and not costlier than anything else, from cheap to costly.
  private func pareto(_ lines: [Line]) -> [Line] {
    var (front, accuracy) = ([Line](), -Double.infinity)
    for line in lines.sorted(by: { ($0.cost, -$0.score.accuracy) < ($1.cost, -$1.score.accuracy) })
    where line.score.accuracy > accuracy {
      front.append(line)
      accuracy = line.score.accuracy
    }
    return front
  }

  private func series(_ name: String, _ lines: [Line], _ style: LineChart.Style) -> LineChart.Series {
    LineChart.Series(name, points: lines.map { .init(x: share($0), y: 100 * $0.score.accuracy) }, style: style)
  }

  private var front: LineChart {
    let uniform = LineChart.Series(
      "uniform", points: header.uniform.map { .init(x: share($0), y: 100 * $0.score.accuracy, label: uniformName($0)) },
      style: .points)
    return LineChart(
      title: "Cost and accuracy of every candidate", x: "\(header.unit.title), % of dense",
      y: "accuracy on the search split, %",
      series: [
        series("candidates", lines, .cloud), series("front", pareto(lines + header.uniform), .line), uniform, bestPoint,
      ])
  }

  /// The window alone, where it is a small part of the whole.
  private var closeUp: LineChart? {
    let costs = (lines + header.uniform).map(\.cost)
    let inside = lines.filter(isInside)
    guard let low = costs.min(), let high = costs.max(), inside.count > 1,
      4 * (header.window[1] - header.window[0]) < high - low
    else { return nil }
    return LineChart(
      title: "Inside the budget", x: "\(header.unit.title), % of dense", y: "accuracy on the search split, %",
      series: [series("candidates", inside, .cloud), series("front", pareto(inside), .line), bestPoint])
  }

  private var progress: LineChart {
    var (bestSoFar, curve) = (Double?.none, [LineChart.Point]())
    let merit = { (line: Line) in header.measure == .loss ? line.score.loss : 100 * line.score.accuracy }
    for (index, line) in lines.enumerated() where isInside(line) && merit(line).isFinite {
      let value = merit(line)
      let better = bestSoFar.map { header.measure == .loss ? min($0, value) : max($0, value) } ?? value
      curve.append(.init(x: Double(index + 1), y: better))
      bestSoFar = better
    }
    let points = lines.enumerated().map { LineChart.Point(x: Double($0 + 1), y: merit($1)) }
    return LineChart(
      title: "Progress", x: "evaluation", y: header.measure == .loss ? "loss" : "accuracy, %",
      series: [
        LineChart.Series("candidates", points: points, style: .cloud), LineChart.Series("best so far", points: curve),
      ])
  }

  /// What each level of each layer alone adds to the loss, where the search measured it.
  private var sensitivities: [LayerMap] {
    let measured = lines.filter { $0.origin == .sensitivity }
    guard let base = measured.first else { return [] }
    let count = header.slots.map(\.levels.count).min() ?? 0
    var harm: [[Int]: Double] = [:]
    for line in measured {
      let changed = line.levels.indices.filter { line.levels[$0] != base.levels[$0] }
      if changed.count == 1 { harm[[changed[0], line.levels[changed[0]]]] = line.score.loss - base.score.loss }
    }
    let largest = harm.values.filter(\.isFinite).max() ?? 0
    return (0..<count).compactMap { level in
      guard header.slots.indices.contains(where: { harm[[$0, level]] != nil }) else { return nil }
      return map("Loss that \(header.slots[0].levels[level].text) adds in one layer alone", hue: .orange) { slot in
        harm[[slot, level]].map {
          .init(String(format: "%+.4f", $0), shade: largest > 0 ? max(0, $0) / largest : 0)
        }
      }
    }
  }

  private func map(_ title: String, hue: LayerMap.Hue, cell: (_ slot: Int) -> LayerMap.Cell?) -> LayerMap {
    let places = header.slots.map { LayerPath.parts(of: $0.layer) }
    let (rows, columns) = (places.map(\.block).uniqued, places.map(\.role).uniqued)
    var cells = rows.map { _ in columns.map { _ in LayerMap.Cell?.none } }
    for (slot, place) in places.enumerated() {
      guard let row = rows.firstIndex(of: place.block), let column = columns.firstIndex(of: place.role) else {
        continue
      }
      cells[row][column] = cell(slot)
    }
    return LayerMap(title: title, rows: rows, columns: columns, cells: cells, hue: hue)
  }
}

extension SearchTrace<Evaluation>.Header.Level {
  /// `2:4`, or `2:4 int8`.
  fileprivate var text: String { choice.description }
}
