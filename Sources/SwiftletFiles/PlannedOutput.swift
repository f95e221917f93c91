/// A file that a command will write.
public struct PlannedOutput: Sendable {
  public let path: String
  /// What the command will put there, as in `a model file`.
  public let kind: String
  /// Whether the file at a path is an older result of the same kind, which may be replaced.
  public let replaces: @Sendable (_ path: String) -> Bool

  public init(_ path: String, kind: String, replacing replaces: @escaping @Sendable (_ path: String) -> Bool) {
    (self.path, self.kind, self.replaces) = (path, kind, replaces)
  }
}

/// Refuses outputs that would destroy something, or cannot be written, before the work begins.
///
/// An output may be new, empty, or an older result of its own kind. It is never a file that the same command reads, by
/// whatever name, nor a file of another kind, a folder, a device or a pipe.
///
/// - Parameters:
///   - outputs: everything that will be written, side files such as traces and caches included.
///   - inputs: everything that is read; folders and what does not exist may stand among them.
/// - Throws: ``OutputError`` for the first that cannot be.
public func checkOutputs(_ outputs: [PlannedOutput], reading inputs: [String]) throws(OutputError) {
  var taken: [FileIdentity: String] = [:]
  for input in inputs {
    // What cannot be looked at fails when it is read, with a better sentence.
    if let identity = try? FileIdentity(path: input) { taken[identity] = input }
  }
  var (places, written) = (Set<String>(), Set<FileIdentity>())
  for output in outputs {
    guard places.insert(output.path).inserted else { throw .twice(output.path) }
    let existing: FileIdentity?
    do throws(FileError) { existing = try FileIdentity(path: output.path) } catch {
      throw .unwritable(output.path, error)
    }
    if let existing {
      switch existing.kind {
      case .folder: throw .notAFile(output.path, isFolder: true)
      case .special: throw .notAFile(output.path, isFolder: false)
      case .regular: break
      }
      if let input = taken[existing] { throw .isInput(output.path, input: input) }
      guard existing.byteCount == 0 || output.replaces(output.path) else {
        throw .otherKind(output.path, kind: output.kind)
      }
      guard written.insert(existing).inserted else { throw .twice(output.path) }
    }
    try checkFolder(parent(of: output.path), of: output.path)
  }
}

/// Refuses a folder for results that is a file, or that nothing can be written in, before the work begins.
public func checkOutputFolder(_ path: String) throws(OutputError) {
  let existing: FileIdentity?
  do throws(FileError) { existing = try FileIdentity(path: path) } catch { throw .unwritable(path, error) }
  if let existing, existing.kind != .folder { throw .notAFolder(path) }
  try checkFolder(existing == nil ? parent(of: path) : path, of: path)
}

/// The nearest folder from `start` upwards that exists has to be one, and to take new files.
private func checkFolder(_ start: String, of path: String) throws(OutputError) {
  var folder = start
  while true {
    let existing: FileIdentity?
    do throws(FileError) { existing = try FileIdentity(path: folder) } catch { throw .unwritable(path, error) }
    guard let existing else {
      folder = parent(of: folder)
      continue
    }
    guard existing.kind == .folder else { throw .notAFolder(folder) }
    // Says no for a read-only disk even to root.
    guard access(folder, W_OK) == 0 else { throw .unwritable(path, .unwritable(.create, code: errno)) }
    return
  }
}

private func parent(of path: String) -> String {
  var path = path[...]
  while path.count > 1, path.last == "/" { path.removeLast() }
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Why a command may not write where it was told to.
public enum OutputError: Error, Hashable, Sendable, CustomStringConvertible {
  case isInput(String, input: String)
  case otherKind(String, kind: String)
  case notAFile(String, isFolder: Bool)
  case notAFolder(String)
  /// Two outputs of one command have the same name.
  case twice(String)
  case unwritable(String, FileError)

  public var description: String {
    switch self {
    case .isInput(let path, let input):
      path == input
        ? "\(path) would be replaced by the output, and this command reads it: choose another output"
        : "the output \(path) and \(input) are the same file, and this command reads it: choose another output"
    case .otherKind(let path, let kind):
      "\(path) exists and is not \(kind), so it is not replaced: choose another output"
    case .notAFile(let path, let isFolder):
      "\(path) is \(isFolder ? "a folder" : "a device or a pipe"), the output has to be a file: choose another name"
    case .notAFolder(let path): "\(path) is a file, the output needs a folder there: choose another output"
    case .twice(let path): "\(path) would be written twice, with different content: choose another output"
    case .unwritable(let path, let error): "\(path) \(error)"
    }
  }
}
