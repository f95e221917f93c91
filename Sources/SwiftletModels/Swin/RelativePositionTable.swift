import SwiftletCheckpoint
import SwiftletTensor

/// Tables of relative position biases for another window.
enum RelativePositionTable {
  /// Tokens of a side of the square window that a table of so many offsets belongs to; nil where there is none.
  static func window(ofOffsets offsets: Int) -> Int? {
    guard let grid = PatchGrid(squareOf: offsets), !grid.rows.isMultiple(of: 2) else { return nil }
    return (grid.rows + 1) / 2
  }

  /// `table`, `[(2 old - 1)², heads]`, as `[(2 new - 1)², heads]`.
  ///
  /// The old offsets are laid over the new ones in steps that grow by one factor from the centre to both ends, and
  /// between them values are interpolated along straight lines: near offsets keep their bias, far ones are stretched.
  /// Source: timm 1.0, `resize_rel_pos_bias_table`, after BEiT's published code.
  static func resampled(_ table: Tensor, from old: Int, to new: Int) -> Tensor {
    if old == new { return table }
    return withNoGradient {
      let (span, heads) = (2 * old - 1, table.shape[1])
      let weights = Tensor(weights(from: old, to: new).map(Float.init), shape: [2 * new - 1, span])
      let square = table.cast(to: .float32).reshaped([span, span, heads]).permuted([2, 0, 1])
      return weights.matmul(square).matmul(weights.transposed(0, 1)).permuted([1, 2, 0])
        .reshaped([(2 * new - 1) * (2 * new - 1), heads]).cast(to: table.dataType)
    }
  }

  /// Row-major `[2 new - 1][2 old - 1]`: how much each old offset counts for each new one, along one axis.
  private static func weights(from old: Int, to new: Int) -> [Double] {
    let places = places(of: old - 1, over: new - 1)
    return (1 - new..<new).flatMap { offset -> [Double] in
      var row = [Double](repeating: 0, count: places.count)
      let x = Double(offset)
      let right = min(places.firstIndex { $0 >= x } ?? places.count - 1, places.count - 1)
      let left = max(right - 1, 0)
      if x <= places[left] || left == right {
        row[left] = 1
      } else if x >= places[right] {
        row[right] = 1
      } else {
        let share = (x - places[left]) / (places[right] - places[left])
        (row[left], row[right]) = (1 - share, share)
      }
      return row
    }
  }

  /// Where the offsets `-reach...reach` stand among `-target...target`: the steps grow by the factor, at least 1.01 and
  /// at most 1.5, that brings the last one to the end.
  private static func places(of reach: Int, over target: Int) -> [Double] {
    var (low, high, factor) = (1.01, 1.5, 1.0)
    while high - low > 1e-6 {
      factor = (low + high) / 2
      var (sum, step) = (0.0, 1.0)
      for _ in 0..<reach { (sum, step) = (sum + step, step * factor) }
      if sum > Double(target) { high = factor } else { low = factor }
    }
    var half: [Double] = []
    var (place, step) = (1.0, factor)
    for _ in 0..<reach {
      half.append(place)
      (place, step) = (place + step, step * factor)
    }
    return half.reversed().map { -$0 } + [0] + half
  }
}

extension SwinConfiguration {
  /// `dictionary` (timm's names) with its tables of relative positions resampled to this configuration's windows.
  ///
  /// - Throws: If a table belongs to no square window.
  func adapting(_ dictionary: StateDictionary) throws(ConfigurationError) -> StateDictionary {
    var adapted = dictionary
    for (index, stage) in stages.enumerated() {
      for block in 0..<stage.depth {
        let name = "layers.\(index).blocks.\(block).attn.relative_position_bias_table"
        guard let table = dictionary[name], table.rank == 2 else { continue }
        guard let window = RelativePositionTable.window(ofOffsets: table.shape[0]) else {
          throw ConfigurationError(
            "\(name) has \(table.shape[0]) rows, which no square window has: its windows are not square")
        }
        adapted[name] = RelativePositionTable.resampled(table, from: window, to: stage.window)
      }
    }
    return adapted
  }
}
