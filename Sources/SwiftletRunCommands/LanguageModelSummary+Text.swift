import SwiftletLanguage
import SwiftletTerminal

extension LanguageModelSummary {
  /// The network, its weights, and a row a layer with what it keeps of a token.
  var text: String {
    let stored = weightBytes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value.byteText)" }
    let share = (bytesPerToken / wholeBytesPerToken).text(decimals: 4)
    let head = [
      ["model", name],
      [
        "network",
        "\(layers.count) layers of width \(width) and \(hidden), \(heads) heads of \(headWidth) on \(keyHeads) of keys",
      ],
      ["tokens", "\(vocabulary) are told apart, \(contextLength) are read; positions: \(positions)"],
      ["conversations", hasChatTemplate ? "by its chat template" : "no chat template"],
      ["file", "\(fileBytes.byteText), weights \(stored.joined(separator: ", "))"],
      ["weights", "\(weights.countText), \(multiplyAdds.countText) multiply-adds a token"],
      [
        "memory",
        "\(bytesPerToken.bytes) a token, \(metadataBytesPerToken.bytes) of them scales and offsets; \(share) of 16 bits",
      ],
      ["at \(context) tokens", contextBytes.byteText],
    ]
    return factText(head, notes: notes) + "\n\n" + table.text
  }

  private var table: Table {
    let hasWindows = layers.contains { $0.window != nil }
    var table = Table(
      columns: [.text("layer")]
        + ["key", "value"].flatMap { side in
          [.number("\(side) rank"), .number("heads"), .number("bits"), .number("group"), .number("bytes")]
        } + [.number("bytes a token"), .number("weights")] + (hasWindows ? [.number("window")] : []))
    for (index, layer) in layers.enumerated() {
      table.append(
        ["\(index)"] + layer.keys.cells + layer.values.cells
          + [(layer.keys.bytes + layer.values.bytes).number, layer.weightBytes.byteText]
          + (hasWindows ? [layer.window.map(String.init) ?? "–"] : []))
    }
    return table
  }
}

extension LanguageModelSummary.Side {
  /// A dash where whole heads are kept, and where nothing is rounded to codes.
  fileprivate var cells: [String] {
    [
      rank.map(String.init) ?? "–", "\(heads)", "\(bits)", group.map(String.init) ?? "–",
      layersBefore.map { "\($0) before" } ?? bytes.number,
    ]
  }
}

extension Double {
  /// With decimals where there are any.
  fileprivate var number: String { text(decimals: self == rounded() ? 0 : 2) }
  fileprivate var bytes: String { self == rounded() ? Int(self).byteText : "\(text(decimals: 2)) B" }
}
