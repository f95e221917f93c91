import Foundation

/// Real networks that a script of tools/models fetches. Tests that need one are skipped visibly without it.
public enum FetchedModels {
  /// What `tools/models/smollm2.py` brings, or nil.
  public static let smolLM2 = model("SmolLM2-135M-Instruct.Q4_1.gguf")

  private static func model(_ name: String) -> URL? {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = package.appending(path: "out/models").appending(path: name)
    return FileManager.default.fileExists(atPath: file.path) ? file : nil
  }
}
