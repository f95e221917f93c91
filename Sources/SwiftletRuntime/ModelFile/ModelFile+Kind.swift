import SwiftletFiles

extension ModelFile {
  /// Whether the file says that it is a model file, sound or not.
  public static func isModelFile(at url: URL) -> Bool {
    guard let content = try? MappedFile(path: url.path),
      let (header, _) = try? ModelContainer.header(of: content.bytes, path: url.path)
    else { return false }
    return header.metadata[ModelContainer.MetadataKey.format] == ModelContainer.formatName
  }
}
