import SwiftletPlans
import SwiftletTerminal

extension CompressionPlan {
  /// A row a block, a column a kind of layer.
  var map: String {
    let kinds = paths.map { LayerPath.parts(of: $0).role }.uniqued
    let blocks = paths.map { LayerPath.parts(of: $0).block }.uniqued
    var table = Table(columns: [.text("block")] + kinds.map { .text($0) })
    for block in blocks {
      table.append([block] + kinds.map { kind in text(at: block.isEmpty ? kind : "\(block).\(kind)") })
    }
    return table.text
  }

  /// The layers that two plans decide otherwise.
  func differences(from other: CompressionPlan, named names: (own: String, other: String)) -> String {
    let paths = CompressionPlan(choices.merging(other.choices) { own, _ in own }).paths.filter {
      self[$0]?.description != other[$0]?.description
    }
    guard !paths.isEmpty else { return "The plans decide the same for every layer." }
    var table = Table(columns: [.text("layer"), .text(names.own), .text(names.other)])
    for path in paths { table.append([path, text(at: path), other.text(at: path)]) }
    return table.text
  }

  private func text(at path: String) -> String { self[path]?.description ?? "–" }
}

extension Array where Element: Hashable {
  /// The elements without repetitions, in the order of their first appearance.
  var uniqued: [Element] {
    var seen = Set<Element>()
    return filter { seen.insert($0).inserted }
  }
}
