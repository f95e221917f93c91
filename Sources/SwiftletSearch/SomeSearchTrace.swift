import Foundation
import SwiftletFiles
import SwiftletTraining

/// The trace of a search whose kind its file says.
public enum SomeSearchTrace: Hashable, Sendable {
  case images(SearchTrace<Evaluation>)
  case language(SearchTrace<ForecastScore>)

  /// - Throws: `RunError.damaged` if the file is no trace, or one of a search that is judged in another way.
  public static func read(from file: URL) throws -> SomeSearchTrace {
    switch try kind(of: file) {
    case .images: .images(try .read(from: file))
    case .language: .language(try .read(from: file))
    }
  }

  private enum Kind { case images, language }

  /// What the header says: the measure, and the scores of its uniform plans.
  private static func kind(of file: URL) throws -> Kind {
    guard SearchTrace<Evaluation>.isTrace(at: file.path), let first = JSONLines.first(of: file.path) else {
      return .images  // Reading says what is wrong with the file.
    }
    let images = try? JSONLines.decode(SearchTrace<Evaluation>.Header.self, from: first)
    let language = try? JSONLines.decode(SearchTrace<ForecastScore>.Header.self, from: first)
    switch (images, language) {
    case (.some, nil): return .images
    case (nil, .some): return .language
    // Both rank by a loss, and there is no uniform plan: only language models have a cache to count.
    case (.some(let header), .some): return header.unit == .cacheBytes ? .language : .images
    case (nil, nil):
      throw RunError.damaged(
        file,
        problem: "its first line is the header of a search that judges plans neither by images nor by a text, or of a "
          + "newer one: make the report with the program that searched")
    }
  }
}
