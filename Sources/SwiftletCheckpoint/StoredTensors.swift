import Foundation
import SwiftletFiles

/// The tensors of a checkpoint in safetensors files, one file or several: where each lies, before any element is read.
///
/// A conversion walks through them one after the other and gives the memory back as it goes, without libtorch.
public struct StoredTensors: Sendable {
  public struct Entry: Sendable {
    public let name: String
    public let type: SafetensorsHeader.ElementType
    public let shape: [Int]
    fileprivate let file: MappedFile
    fileprivate let place: Range<Int>

    /// Calls `body` with the bytes of rows along the first axis; a tensor without axes has one row.
    ///
    /// - Precondition: the rows exist.
    public func withBytes<Result>(ofRows rows: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
      -> Result
    {
      let rowByteCount = place.count / max(1, shape.first ?? 1)
      let range = place.lowerBound + rows.lowerBound * rowByteCount..<place.lowerBound + rows.upperBound * rowByteCount
      precondition(
        range.lowerBound >= place.lowerBound && range.upperBound <= place.upperBound,
        "StoredTensors: \(name) has no rows \(rows)")
      return try body(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
    }

    /// Gives back the memory of the tensor's pages; whoever reads it again finds them loaded again.
    public func release() { file.releasePages(place) }
  }

  /// In the order of the file, or of the index.
  public let entries: [Entry]

  /// - Throws: ``CheckpointError``, for PyTorch's own files too, and where shards and index disagree.
  public init(in files: CheckpointFiles) throws(CheckpointError) {
    guard let index = files.index else {
      entries = try naming(files.weights.path) { () throws(CheckpointError) in
        try Self.entries(of: translated(try MappedFile(path: files.weights.path)))
      }
      return
    }
    entries = try naming(index.path) { () throws(CheckpointError) in
      let opened = try ShardIndex.open(
        index, access: .reading, { (file) throws(CheckpointError) in try Self.entries(of: file) },
        names: { $0.map(\.name) })
      let all = opened.shards.flatMap(\.content)
      let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
      return opened.index.shards.compactMap { byName[$0.tensor] }
    }
  }

  private static func entries(of file: MappedFile) throws(CheckpointError) -> [Entry] {
    guard SafetensorsHeader.begins(file.bytes) else {
      throw CheckpointError(.unknownFormat, "is not a safetensors file")
    }
    let (header, dataStart) = try translated(try SafetensorsHeader.read(file.bytes))
    try translated(try header.checkPlaces(in: file.bytes.count - dataStart))
    return header.entries.map {
      Entry(
        name: $0.name, type: $0.type, shape: $0.shape, file: file,
        place: dataStart + $0.place.lowerBound..<dataStart + $0.place.upperBound)
    }
  }
}
