import Foundation
import SwiftletPlans
import SwiftletRuntime
import SwiftletTraining

/// What a search looked at, in a file of JSON lines: the problem on the first line, then every candidate in order.
///
/// ```json
/// {"budget":"flops=0.4","fixed":3500000,"format":"swiftlet.search",…}
/// {"accuracy":0.8712,"cost":33110000,"levels":[0,2,1],"loss":0.41,"origin":"mutant","round":3,…}
/// ```
public struct SearchTrace: Hashable, Sendable {
  /// The problem.
  public struct Header: Hashable, Sendable, Codable {
    public struct Slot: Hashable, Sendable, Codable {
      public let layer: String
      /// What the level numbers of a candidate mean, and what each costs.
      public let levels: [Level]
    }

    public struct Level: Hashable, Sendable, Codable {
      public let pattern: SparsityPattern
      public let precision: Precision
      public let cost: Int
    }

    static let currentFormat = "swiftlet.search"
    static let currentVersion = 1

    var format = currentFormat
    var version = currentVersion
    public let model, budget, accelerator: String
    public let method: SearchMethod.Kind
    public let measure: FitnessMeasure
    public let seed: Int
    public let unit: PlanCosts.Unit
    public let fixed, dense: Int
    /// The least and the greatest total that the search accepts.
    public let window: [Int]
    public let slots: [Slot]
    /// The same choice everywhere, inside the window or not, for comparison.
    public let uniform: [Line]
  }

  /// A candidate.
  public struct Line: Hashable, Sendable, Codable {
    public let levels: [Int]
    public let origin: Proposal.Origin
    public let round, cost, images, correct: Int
    public let loss, accuracy: Double

    public init(_ candidate: Candidate) {
      (levels, origin, round) = (candidate.levels, candidate.proposal.origin, candidate.proposal.round)
      (images, correct) = (candidate.fitness.images, candidate.fitness.correct)
      (cost, loss, accuracy) = (candidate.cost, candidate.fitness.loss, candidate.fitness.accuracy)
    }

    /// One line of the file, without its end.
    public var json: String {
      get throws { String(decoding: try JSONLines.line(self).dropLast(), as: UTF8.self) }
    }

    public var fitness: Fitness { Fitness(images: images, correct: correct, loss: loss) }
  }

  public let header: Header
  public let lines: [Line]

  public init(header: Header, lines: [Line]) { (self.header, self.lines) = (header, lines) }

  /// Whether the file says that it is a trace, of whatever version.
  static func isTrace(at path: String) -> Bool {
    guard let first = JSONLines.first(of: path) else { return false }
    return (try? JSONLines.decoder.decode(Name.self, from: first))?.format == Header.currentFormat
  }

  private struct Name: Decodable { let format: String }

  /// - Throws: `RunError.damaged` if the file is no trace.
  public static func read(from file: URL) throws -> SearchTrace {
    let text: Data
    do {
      text = try Data(contentsOf: file)
    } catch {
      throw RunError.damaged(file, problem: "it cannot be read: \(reason(of: error))")
    }
    var rows = text.split(separator: UInt8(ascii: "\n"))
    if text.last != UInt8(ascii: "\n") { rows = rows.dropLast() }  // Cut short by an interruption.
    guard let first = rows.first, let header = try? JSONLines.decoder.decode(Header.self, from: first),
      header.format == Header.currentFormat, header.version == Header.currentVersion
    else { throw RunError.damaged(file, problem: "its first line is not the header of a search") }
    let lines = try rows.dropFirst().enumerated().map { number, row in
      guard let line = try? JSONLines.decoder.decode(Line.self, from: row),
        line.levels.count == header.slots.count,
        zip(line.levels, header.slots).allSatisfy({ $1.levels.indices.contains($0) })
      else { throw RunError.damaged(file, problem: "line \(number + 2) is no candidate") }
      return line
    }
    return SearchTrace(header: header, lines: lines)
  }
}

/// One JSON object a line; numbers that are none are written as text.
enum JSONLines {
  static let decoder = {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }()

  /// The first line of a file; nil where it has none.
  static func first(of path: String) -> Data? {
    let text = try? Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    return text?.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first
  }

  static func line(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try encoder.encode(value) + Data("\n".utf8)
  }
}
