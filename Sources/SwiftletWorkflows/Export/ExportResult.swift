import Foundation
import SwiftletExport
import SwiftletRuntime
import SwiftletTerminal

/// What was written, for people and for programs.
public struct ExportResult: Encodable {
  /// What became of one linear layer.
  public struct Layer: Encodable, Hashable, Sendable {
    /// The pattern is `dense` or, for instance, `2:4`.
    public let path, pattern, precision: String
    /// `[outputs, inputs]`.
    public let shape: [Int]
    public let bytes: Int
  }

  public let file: String
  public let bytes: Int
  /// On noise, relative to the greatest score.
  public let differenceFromTorch: Double
  public let layers: [Layer]
  /// What 8 bits do, where a layer is int8.
  public let int8: Int8Report?
  /// A sentence where 8 bits move the scores further than is usual.
  public let int8Warning: String?
  /// What is no faster here than it would be dense, a sentence each.
  public let remarks: [String]
  /// Both of these, as JSON has them.
  private let warnings: [String]

  init(_ exported: ExportedModel, file: String, bytes: Int, difference: Double, remarks: [String]) {
    (self.file, self.bytes, differenceFromTorch) = (file, bytes, difference)
    int8 = exported.int8Effect.map(Int8Report.init)
    int8Warning = exported.int8Effect?.warning
    self.remarks = remarks
    warnings = (int8Warning.map { [$0] } ?? []) + remarks
    layers = exported.layers.map { layer in
      Layer(
        path: layer.path, pattern: layer.pattern?.description ?? SparsityPattern.dense.displayName,
        precision: layer.formatName,
        shape: layer.shape, bytes: layer.byteCount)
    }
  }

  private enum CodingKeys: String, CodingKey { case file, bytes, differenceFromTorch, layers, int8, warnings }
}

extension ExportResult: CustomStringConvertible {
  public var description: String {
    var table = Table(columns: [
      .text("layer"), .text("pattern"), .text("precision"), .number("outputs"), .number("inputs"), .number("bytes"),
    ])
    for layer in layers {
      table.append([
        layer.path, layer.pattern, layer.precision, "\(layer.shape[0])", "\(layer.shape[1])", "\(layer.bytes)",
      ])
    }
    return table.text + "\n\n\(file): \(bytes) bytes; scores on noise differ from libtorch's by at most "
      + String(format: "%.2g", differenceFromTorch) + " of the greatest" + (int8.map { "\n\($0)" } ?? "")
  }
}
