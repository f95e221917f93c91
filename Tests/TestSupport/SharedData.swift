import Foundation

/// The real data beside the checkout, where it is present. Tests that need it are skipped visibly without it.
public enum SharedData {
  /// `../shared/data` next to the package, or nil.
  public static let directory: URL? = {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let data = package.deletingLastPathComponent().appending(path: "shared/data")
    return FileManager.default.fileExists(atPath: data.path) ? data : nil
  }()
}
