/// Height and width of an image in pixels; a single number is a square.
public struct ImageSize: Hashable, Sendable, ExpressibleByIntegerLiteral {
  public var height, width: Int

  public init(height: Int, width: Int) { (self.height, self.width) = (height, width) }

  /// A square.
  public init(_ side: Int) { self.init(height: side, width: side) }

  public init(integerLiteral side: Int) { self.init(side) }

  public var isSquare: Bool { height == width }

  /// How many squares of `side` stand in a column and in a row.
  public func grid(of side: Int) -> PatchGrid { PatchGrid(rows: height / side, columns: width / side) }
}

extension ImageSize: CustomStringConvertible {
  /// `224`, or `192 x 256` with the height first.
  public var description: String { isSquare ? "\(height)" : "\(height) x \(width)" }
}

/// In a file `224`, or `[192, 256]` with the height first.
extension ImageSize: Codable {
  public init(from decoder: any Decoder) throws {
    if let side = try? decoder.singleValueContainer().decode(Int.self) {
      self.init(side)
      return
    }
    guard let sides = try? decoder.singleValueContainer().decode([Int].self), sides.count == 2 else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath, debugDescription: "expected the pixels of a side, or [height, width]"))
    }
    self.init(height: sides[0], width: sides[1])
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if isSquare { try container.encode(height) } else { try container.encode([height, width]) }
  }
}

/// The patches of an image.
public struct PatchGrid: Hashable, Sendable, CustomStringConvertible {
  public var rows, columns: Int

  public init(rows: Int, columns: Int) { (self.rows, self.columns) = (rows, columns) }

  /// A square of so many patches; nil where there is none.
  public init?(squareOf patches: Int) {
    let side = Int(Double(max(patches, 0)).squareRoot().rounded())
    guard side > 0, side * side == patches else { return nil }
    self.init(rows: side, columns: side)
  }

  public var count: Int { rows * columns }
  public var description: String { "\(rows) x \(columns)" }
}
