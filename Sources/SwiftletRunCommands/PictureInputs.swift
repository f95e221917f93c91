import SwiftletFiles
import SwiftletMedia
import SwiftletTerminal

/// The pictures that a command line names, one after the other: files, and folders with all pictures below them.
///
/// A folder is listed when its turn comes. Which of its files are pictures is the rule of data sets.
struct PictureInputs: Sequence {
  let paths: [String]

  func makeIterator() -> Iterator { Iterator(paths: paths[...]) }

  struct Iterator: IteratorProtocol {
    var paths: ArraySlice<String>
    /// What is left of the folder whose turn it is.
    private var folder: (path: FileName, names: ArraySlice<FileName>)?

    init(paths: ArraySlice<String>) { self.paths = paths }

    /// The path of the next picture, or why there is none.
    mutating func next() -> Result<FileName, MediaError>? {
      if let name = folder?.names.popFirst(), let path = folder?.path { return .success(path.appending(name)) }
      folder = nil
      guard let text = paths.popFirst() else { return nil }
      let path = FileName(text)
      guard FolderListing.isFolder(path) else { return .success(path) }
      do throws(FileError) {
        let files = try FolderListing(of: path).files
        let selection = PictureSelection(of: files)
        if let leftOut = selection.leftOut { printToStandardError("warning: \(text): \(leftOut)") }
        guard !selection.pictures.isEmpty else { return .failure(.file("\(text) holds no pictures")) }
        folder = (path, selection.pictures.map { files[$0] }[...])
      } catch {
        return .failure(.file("\(text) \(error)"))
      }
      return next()
    }
  }
}
