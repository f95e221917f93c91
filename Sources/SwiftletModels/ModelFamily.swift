import SwiftletFiles

/// Networks of one architecture, by the word that a recipe calls them.
public struct ModelFamily: FileWord, Hashable, Sendable {
  /// All families: a new one adds its row, and a file of its own.
  static var all: [any ImageClassifierConfiguration.Type] { [DeiTConfiguration.self, SwinConfiguration.self] }

  public static let deit = ModelFamily(of: DeiTConfiguration.self)
  public static let swin = ModelFamily(of: SwinConfiguration.self)

  public let rawValue: String

  init(of configuration: any ImageClassifierConfiguration.Type) { rawValue = configuration.family }

  public init?(rawValue: String) {
    guard Self.all.contains(where: { $0.family == rawValue }) else { return nil }
    self.rawValue = rawValue
  }

  public static var allCases: [ModelFamily] { all.map { ModelFamily(of: $0) } }

  /// What its networks are told apart by.
  public var configuration: any ImageClassifierConfiguration.Type {
    Self.all.first { $0.family == rawValue } ?? DeiTConfiguration.self
  }
}
