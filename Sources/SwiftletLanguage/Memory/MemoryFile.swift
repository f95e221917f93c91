import SwiftletFiles

/// What a model remembers of a text, as a file: the tokens, and the pages as they lie in memory, which are alike on every
/// processor. docs/format.md describes it to the byte.
///
/// A model reads only what it has written itself, or another copy of its file: the weights' checksum tells.
struct MemoryFile {
  private static let formatName = "swiftlet.memory", version = "1"
  private enum Key: String, CaseIterable { case format, version, model, checksum }
  private static let tokensName = "tokens", pagesName = "pages"

  var tokens: [Int]
  var pages: [Page]

  /// - Parameters:
  ///   - model: tells a model from others.
  ///   - path: of the file.
  func write(model: String, pageByteCount: Int, to path: String) throws(FileError) {
    let tokenBytes = tokens.count * MemoryLayout<Int64>.stride
    var header = SafetensorsHeader(metadata: [
      Key.format.rawValue: Self.formatName, Key.version.rawValue: Self.version, Key.model.rawValue: model,
    ])
    header.entries = [
      .init(name: Self.tokensName, type: .int64, shape: [tokens.count], place: 0..<tokenBytes),
      .init(
        name: Self.pagesName, type: .uint8, shape: [pages.count, pageByteCount],
        place: tokenBytes..<tokenBytes + pages.count * pageByteCount),
    ]
    func head(_ sum: UInt32) throws(FileError) -> [UInt8] {
      header.metadata[Key.checksum.rawValue] = Checksum.text(sum)
      return try header.encoded(alignment: 64)
    }
    let file = try AtomicFile(replacing: path)
    // The checksum is known last, and as long as any.
    try file.write(head(0))
    var sum: UInt32 = 0
    func put(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
      sum = Checksum.crc32c(bytes, continuing: sum)
      try file.write(bytes)
    }
    let integers = tokens.map { Int64($0).littleEndian }
    try integers.withUnsafeBufferPointer { (numbers) throws(FileError) in try put(UnsafeRawBufferPointer(numbers)) }
    for page in pages {
      try put(UnsafeRawBufferPointer(start: page.address, count: pageByteCount))
    }
    try file.rewriteStart(head(sum))
    try file.commit()
  }

  /// Reads and checks a file.
  init(path: String, model: String, pageByteCount: Int) throws(LanguageError) {
    func refusal(_ reason: String) -> LanguageError { .memoryFile(path: path, reason: reason) }
    let file: MappedFile
    let (header, start): (SafetensorsHeader, Int)
    do throws(FileError) {
      file = try MappedFile(path: path)
      (header, start) = try SafetensorsHeader.read(file.bytes)
      try header.checkPlaces(in: file.bytes.count - start)
    } catch {
      throw refusal("\(error)")
    }
    guard header.metadata[Key.format.rawValue] == Self.formatName else { throw refusal("it is a file of another kind") }
    guard header.metadata[Key.version.rawValue] == Self.version,
      Set(header.metadata.keys) == Set(Key.allCases.map(\.rawValue)),
      header.entries.map(\.name) == [Self.tokensName, Self.pagesName]
    else { throw refusal("it was written by another version of this program") }
    guard header.metadata[Key.model.rawValue] == model else { throw refusal("another model has written it") }
    let data = UnsafeRawBufferPointer(rebasing: file.bytes[start...])
    guard header.metadata[Key.checksum.rawValue] == Checksum.text(Checksum.crc32c(data)) else {
      throw refusal("it is damaged, as its checksum says")
    }
    let (tokens, pages) = (header.entries[0], header.entries[1])
    guard tokens.type == .int64, tokens.shape.count == 1, pages.type == .uint8,
      pages.shape == [MemoryPages.count(for: tokens.shape[0]), pageByteCount]
    else { throw refusal("its tokens and pages do not fit each other") }
    self.tokens = (0..<tokens.shape[0]).map { index in
      Int(truncatingIfNeeded: data.little(UInt64.self, at: tokens.place.lowerBound + index * 8))
    }
    self.pages = []
    for index in 0..<pages.shape[0] {
      let page = try Page(byteCount: pageByteCount)
      let from = pages.place.lowerBound + index * pageByteCount
      UnsafeMutableRawBufferPointer(start: page.address, count: pageByteCount)
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: data[from..<from + pageByteCount]))
      self.pages.append(page)
    }
  }

  init(tokens: [Int], pages: [Page]) { (self.tokens, self.pages) = (tokens, pages) }

  /// Whether a file says that it is one, sound or not.
  static func isMemoryFile(at path: String) -> Bool {
    guard let file = try? MappedFile(path: path), let (header, _) = try? SafetensorsHeader.read(file.bytes) else {
      return false
    }
    return header.metadata[Key.format.rawValue] == formatName
  }
}

extension LanguageModel {
  /// Writes what the model remembers of a text, so that a later run, of this file or a copy of it, reads the text no more.
  ///
  /// The file that was there before stays whole until the new one is durable.
  public func write(_ sequence: TokenSequence, to file: URL) throws(LanguageError) {
    guard isOf(sequence) else { throw .foreignSequence }
    do throws(FileError) {
      try MemoryFile(tokens: sequence.tokens, pages: sequence.pages).write(
        model: identity, pageByteCount: sequence.pageByteCount, to: file.path)
    } catch {
      throw .memoryFile(path: file.path, reason: "\(error)")
    }
  }

  /// Whether a file says that ``write(_:to:)`` wrote it, sound or not.
  public static func isReadText(at file: URL) -> Bool { MemoryFile.isMemoryFile(at: file.path) }

  /// A text that ``write(_:to:)`` wrote.
  ///
  /// - Throws: ``LanguageError/memoryFile(path:reason:)`` for a file that is damaged, of another kind, or of another model.
  public func sequence(contentsOf file: URL) throws(LanguageError) -> TokenSequence {
    var sequence = makeSequence()
    let memory = try MemoryFile(path: file.path, model: identity, pageByteCount: sequence.pageByteCount)
    guard memory.tokens.count <= program.contextLength,
      memory.tokens.allSatisfy({ (0..<program.vocabulary).contains($0) })
    else { throw .memoryFile(path: file.path, reason: "it holds tokens that the model cannot have read") }
    sequence.restore(memory.tokens, memory.pages)
    return sequence
  }
}
