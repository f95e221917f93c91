import Foundation

/// The golden files beside a test file.
public enum Goldens {
  /// `Goldens/name` in the folder of the calling test file.
  public static func url(_ name: String, beside testFile: String = #filePath) -> URL {
    URL(filePath: testFile).deletingLastPathComponent().appending(path: "Goldens").appending(path: name)
  }
}
