import Foundation
import SwiftletData
import TestSupport
import Testing

@testable import SwiftletTraining

/// What `--data` may lead to.
@Suite struct DataPlaceTests {
  /// `train` with three files a class and `test` with one, and what opens them.
  private static func withFolders(_ body: (URL, Recipe.DataSource) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "data-place-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (split, count) in [("train", 3), ("test", 1)] {
      for name in ["cat", "dog"] {
        let place = folder.appending(path: "\(split)/\(name)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        for number in 0..<count { try Data().write(to: place.appending(path: "\(number).png")) }
      }
    }
    var source = Recipe.DataSource()
    (source.kind, source.train, source.test, source.searchFraction) = (.files, "train", "test", 0)
    try body(folder, source)
  }

  @Test func `a folder holds what the recipe names, or is it`() throws {
    try Self.withFolders { folder, source in
      for place in [folder, folder.appending(path: "train")] {
        let training = try source.open(at: place, imageSize: 8).training
        #expect(training.count == 6)
      }
      for place in [folder, folder.appending(path: "test")] {
        #expect(try source.openTest(at: place, imageSize: 8).count == 2)
      }
      #expect(throws: DataError.self) { try source.openTest(at: folder.appending(path: "train"), imageSize: 8) }
    }
  }

  @Test(.enabled(if: SharedData.directory != nil, "../shared/data is missing"))
  func `an archive is taken as it is`() throws {
    let vision = try #require(SharedData.directory).appending(path: "vision")
    var source = Recipe.DataSource()
    (source.kind, source.train, source.test) = (.files, "cifar10-train.zip", "cifar10-test.zip")
    for place in [vision, vision.appending(path: "cifar10-test.zip")] {
      #expect(try source.openTest(at: place, imageSize: 32).count == 10_000)
    }
    #expect(try source.open(at: vision.appending(path: "cifar10-train.zip"), imageSize: 32).training.count == 45_000)
    let error = #expect(throws: RecipeError.self) {
      try source.openTest(at: vision.deletingLastPathComponent(), imageSize: 32)
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("cifar10-test.zip"))
  }
}
