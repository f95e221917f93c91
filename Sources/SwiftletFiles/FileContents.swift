extension [UInt8] {
  /// All bytes of a file, read into memory: what becomes of the file afterwards does not matter.
  public init(contentsOf path: FileName) throws(FileError) {
    let descriptor = path.withCString { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw .unreadable(.open, code: errno) }
    defer { close(descriptor) }
    try self.init(reading: descriptor)
  }

  /// What standard input still holds, to its end.
  public static func standardInput() throws(FileError) -> [UInt8] { try [UInt8](reading: STDIN_FILENO) }

  private init(reading descriptor: Int32) throws(FileError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .unreadable(.inspect, code: errno) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw .notRegular }
    // One more than a regular file has, so that its end is seen at once.
    let block = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) + 1 : 1 << 16
    self = []
    var isAtEnd = false
    while !isAtEnd {
      var failure: Int32 = 0
      let part = [UInt8](unsafeUninitializedCapacity: block) { buffer, count in
        count = 0
        while count < block, let start = buffer.baseAddress {
          let got = read(descriptor, start + count, block - count)
          if got < 0, errno == EINTR { continue }
          if got < 0 { failure = errno }
          if got <= 0 { break }
          count += got
        }
      }
      if failure != 0 { throw .unreadable(.read, code: failure) }
      isAtEnd = part.count < block
      if isEmpty { self = part } else { self += part }
    }
  }

  /// All bytes of a file; nil where nothing has its name.
  public init?(ifThere path: FileName) throws(FileError) {
    do throws(FileError) { try self.init(contentsOf: path) } catch {
      guard error.isMissing else { throw error }
      return nil
    }
  }
}
