import Foundation
import SwiftletPlans
import SwiftletReport
import SwiftletSearch
import SwiftletTerminal

/// The pictures of a search: every candidate and the front, the plan as a map, what each layer alone costs, the progress.
extension SearchTrace where Score: DrawnScore {
  /// Appends the search to a page.
  public func append(to report: inout Report, named name: String) {
    report.append(.heading("Search \(name): \(header.method.rawValue) for \(header.budget)"))
    report.append(.paragraph(summary))
    report.append(.table(table))
    for quantity in Score.drawn {
      report.append(.lines(front(quantity)))
      if let closeUp = closeUp(quantity) { report.append(.lines(closeUp)) }
    }
    report.append(.lines(progress))
    if let best {
      report.append(
        .map(
          map("The best plan", hue: .blue) { slot in
            cell(slot, best.levels[slot])
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

  /// The cost as a percentage of that of the network as it is.
  private func share(_ line: Line) -> Double { 100 * Double(line.cost) / Double(header.dense) }

  private var summary: String {
    let window = header.window.map { header.unit.text($0) }.joined(separator: " to ")
    let place = header.accelerator.isEmpty ? "" : " on \(header.accelerator)"
    let ground = lines.first.map { ", each judged on \($0.score.ground)" } ?? ""
    return "\(header.model). \(lines.count) plans\(ground), seed \(header.seed); accepted were \(window)\(place)."
  }

  private var table: Table {
    var table = Table(
      columns: [.text("plan"), .number("cost"), .number("of \(Score.whole)")]
        + Score.tabulated.map { .number($0.heading) })
    let rows = [best.map { ("searched", $0) }].compactMap { $0 } + header.uniform.map { (uniformName($0), $0) }
    for (name, line) in rows {
      table.append(
        [name, header.unit.text(line.cost), String(format: "%.1f %%", share(line))]
          + Score.tabulated.map { $0.text(line.score) })
    }
    return table
  }

  private func uniformName(_ line: Line) -> String {
    guard !header.slots.isEmpty, let level = line.levels.first else { return "uniform" }
    return "uniform \(cell(0, level).text)"
  }

  private typealias Quantity = DrawnQuantity<Score>

  private func bestPoint(_ quantity: Quantity) -> LineChart.Series {
    LineChart.Series(
      "searched",
      points: best.map { [.init(x: share($0), y: quantity.value($0.score), label: "searched")] } ?? [], style: .points)
  }

  /// What is not worse and not costlier than anything else, from cheap to costly.
  private func pareto(_ lines: [Line], _ quantity: Quantity) -> [Line] {
    var front: [Line] = []
    let known = lines.filter { quantity.value($0.score).isFinite }
    for line in known.sorted(by: { $0.cost != $1.cost ? $0.cost < $1.cost : quantity.prefers($0.score, to: $1.score) })
    {
      guard let last = front.last, !quantity.prefers(line.score, to: last.score) else {
        front.append(line)
        continue
      }
    }
    return front
  }

  private func series(
    _ name: String, _ lines: [Line], _ quantity: Quantity, _ style: LineChart.Style
  ) -> LineChart.Series {
    LineChart.Series(
      name, points: lines.map { .init(x: share($0), y: quantity.value($0.score)) }, style: style)
  }

  private func front(_ quantity: Quantity) -> LineChart {
    let uniform = LineChart.Series(
      "uniform",
      points: header.uniform.map {
        .init(x: share($0), y: quantity.value($0.score), label: uniformName($0))
      }, style: .points)
    return LineChart(
      title: "Cost and \(quantity.name) of every candidate", x: "\(header.unit.title), % of \(Score.whole)",
      y: quantity.axis,
      scale: quantity.scale,
      series: [
        series("candidates", lines, quantity, .cloud),
        series("front", pareto(lines + header.uniform, quantity), quantity, .line), uniform, bestPoint(quantity),
      ])
  }

  /// The window alone, where it is a small part of the whole.
  private func closeUp(_ quantity: Quantity) -> LineChart? {
    let costs = (lines + header.uniform).map(\.cost)
    let inside = lines.filter(isInside)
    guard let low = costs.min(), let high = costs.max(), inside.count > 1,
      4 * (header.window[1] - header.window[0]) < high - low
    else { return nil }
    return LineChart(
      title: "Inside the budget", x: "\(header.unit.title), % of \(Score.whole)", y: quantity.axis,
      scale: quantity.scale,
      series: [
        series("candidates", inside, quantity, .cloud), series("front", pareto(inside, quantity), quantity, .line),
        bestPoint(quantity),
      ])
  }

  private var progress: LineChart {
    let quantity = Score.progress(by: header.measure)
    var (bestSoFar, curve) = (Line?.none, [LineChart.Point]())
    for (index, line) in lines.enumerated() where isInside(line) && quantity.value(line.score).isFinite {
      let better = bestSoFar.map { quantity.prefers(line.score, to: $0.score) ? line : $0 } ?? line
      curve.append(.init(x: Double(index + 1), y: quantity.value(better.score)))
      bestSoFar = better
    }
    let points = lines.enumerated().map { LineChart.Point(x: Double($0 + 1), y: quantity.value($1.score)) }
    return LineChart(
      title: "Progress", x: "evaluation", y: quantity.progressAxis, scale: quantity.scale,
      series: [
        LineChart.Series("candidates", points: points, style: .cloud), LineChart.Series("best so far", points: curve),
      ])
  }

  /// What each level of each layer alone does harm, where the search measured it.
  private var sensitivities: [LayerMap] {
    let measured = lines.filter { $0.origin == .sensitivity }
    guard let base = measured.first else { return [] }
    let counts = header.slots.map(\.levels.count)
    let count = (Score.sharesLevels ? counts.min() : counts.max()) ?? 0
    var harm: [[Int]: Double] = [:]
    for line in measured {
      let changed = line.levels.indices.filter { line.levels[$0] != base.levels[$0] }
      if changed.count == 1 {
        harm[[changed[0], line.levels[changed[0]]]] = Score.harm.value(line.score) - Score.harm.value(base.score)
      }
    }
    let largest = harm.values.filter(\.isFinite).max() ?? 0
    let name = Score.harm.name.prefix(1).uppercased() + Score.harm.name.dropFirst()
    return (0..<count).compactMap { level in
      guard header.slots.indices.contains(where: { harm[[$0, level]] != nil }) else { return nil }
      let what = Score.sharesLevels ? "\(header.slots[0].levels[level].choice)" : "level \(level + 1) of \(count)"
      return map("\(name) that \(what) adds in one layer alone", hue: .orange) { slot in
        harm[[slot, level]].map { difference in
          let text = Score.harmText(difference)
          return .init(
            Score.sharesLevels ? text : "\(cell(slot, level).text) \(text)",
            shade: largest > 0 ? max(0, difference) / largest : 0)
        }
      }
    }
  }

  /// A level in the map, with the share of what the layer costs as it is: the slots that cost anything have equal parts of
  /// what is not fixed.
  private func cell(_ slot: Int, _ level: Int) -> LayerMap.Cell {
    let costly = header.slots.count { $0.levels.contains { $0.cost > 0 } }
    let whole = Double(header.dense - header.fixed) / Double(max(1, costly))
    let levels = header.slots[slot].levels
    return Score.cell(
      levels[level].choice, of: levels.map(\.choice), share: whole > 0 ? Double(levels[level].cost) / whole : 0)
  }

  private func map(_ title: String, hue: LayerMap.Hue, cell: (_ slot: Int) -> LayerMap.Cell?) -> LayerMap {
    let places = header.slots.map { LayerPath.parts(of: $0.layer) }
    let (rows, roles) = (places.map(\.block).uniqued, places.map(\.role).uniqued)
    var cells = rows.map { _ in roles.map { _ in LayerMap.Cell?.none } }
    for (slot, place) in places.enumerated() {
      guard let row = rows.firstIndex(of: place.block), let column = roles.firstIndex(of: place.role) else {
        continue
      }
      cells[row][column] = cell(slot)
    }
    return LayerMap(title: title, rows: rows, columns: roles.map(Score.column(of:)), cells: cells, hue: hue)
  }
}
