import Foundation
import SwiftletFiles
import SwiftletPlans
import SwiftletRuntime
import SwiftletTraining

/// What a search looked at, in a file of JSON lines: the problem on the first line, then every candidate in order.
///
/// ```json
/// {"budget":"flops=0.4","fixed":3500000,"format":"swiftlet.search",…}
/// {"accuracy":0.8712,"cost":33110000,"levels":[0,2,1],"loss":0.41,"origin":"mutant","round":3,…}
/// ```
/// A candidate's score stands among its other keys.
public struct SearchTrace<Score: PlanScore>: Hashable, Sendable {
  /// The problem.
  public struct Header: Hashable, Sendable, Codable {
    public struct Slot: Hashable, Sendable, Codable {
      public let layer: String
      /// What the level numbers of a candidate mean, and what each costs.
      public let levels: [Level]
    }

    public struct Level: Hashable, Sendable, Codable {
      private enum Key: String, CodingKey { case cost }

      public let choice: LayerChoice
      public let cost: Int

      init(choice: LayerChoice, cost: Int) { (self.choice, self.cost) = (choice, cost) }

      public init(from decoder: any Decoder) throws {
        choice = try LayerChoice(from: decoder)
        cost = try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .cost)
      }

      public func encode(to encoder: any Encoder) throws {
        try choice.encode(to: encoder)
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(cost, forKey: .cost)
      }
    }

    static var currentFormat: String { "swiftlet.search" }
    static var currentVersion: Int { 1 }

    var format = currentFormat
    var version = currentVersion
    public let model, budget, accelerator: String
    public let method: SearchMethod.Kind
    public let measure: Score.Measure
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
    private enum Key: String, CodingKey { case levels, origin, round, cost }

    public let levels: [Int]
    public let origin: Proposal.Origin
    public let round, cost: Int
    public let score: Score

    public init(_ candidate: Candidate<Score>) {
      (levels, origin, round) = (candidate.levels, candidate.proposal.origin, candidate.proposal.round)
      (cost, score) = (candidate.cost, candidate.fitness)
    }

    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      levels = try values.decode([Int].self, forKey: .levels)
      origin = try values.decode(Proposal.Origin.self, forKey: .origin)
      round = try values.decode(Int.self, forKey: .round)
      cost = try values.decode(Int.self, forKey: .cost)
      score = try Score(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: Key.self)
      try values.encode(levels, forKey: .levels)
      try values.encode(origin, forKey: .origin)
      try values.encode(round, forKey: .round)
      try values.encode(cost, forKey: .cost)
      try score.encode(to: encoder)
      var figures = encoder.container(keyedBy: AnyKey.self)
      for (name, value) in score.figures { try figures.encode(value, forKey: AnyKey(stringValue: name)) }
    }

    /// One line of the file, without its end.
    public var json: String {
      get throws { String(decoding: try JSONLines.line(self).dropLast(), as: UTF8.self) }
    }
  }

  public let header: Header
  public let lines: [Line]

  public init(header: Header, lines: [Line]) { (self.header, self.lines) = (header, lines) }

  /// Whether the file says that it is a trace, of whatever version.
  static func isTrace(at path: String) -> Bool {
    guard let first = JSONLines.first(of: path) else { return false }
    return (try? JSONLines.decode(Name.self, from: first))?.format == Header.currentFormat
  }

  private struct Name: Decodable { let format: String }

  /// - Throws: `RunError.damaged` if the file is no trace.
  public static func read(from file: URL) throws -> SearchTrace {
    let rows: [ArraySlice<UInt8>]
    do { rows = JSONLines.split(try [UInt8](contentsOf: FileName(file.path))) } catch {
      throw RunError.damaged(file, problem: "it cannot be read: \(reason(of: error))")
    }
    guard let first = rows.first, let header = try? JSONLines.decode(Header.self, from: first),
      header.format == Header.currentFormat, header.version == Header.currentVersion
    else { throw RunError.damaged(file, problem: "its first line is not the header of a search") }
    let lines = try rows.dropFirst().enumerated().map { number, row in
      guard let line = try? JSONLines.decode(Line.self, from: row),
        line.levels.count == header.slots.count,
        zip(line.levels, header.slots).allSatisfy({ $1.levels.indices.contains($0) })
      else { throw RunError.damaged(file, problem: "line \(number + 2) is no candidate") }
      return line
    }
    return SearchTrace(header: header, lines: lines)
  }
}
