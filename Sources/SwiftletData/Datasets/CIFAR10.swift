import Foundation
import SwiftletFiles
import SwiftletMedia

/// CIFAR-10 in its binary form: files of records, each a label and 32 x 32 pixels in red, green and blue planes.
///
/// Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009); the layout is on the data set's page.
public struct CIFAR10: ImageDataset {
  public static let classNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]
  private static let side = 32, record = 1 + 3 * 32 * 32

  public let classes = CIFAR10.classNames
  public let count: Int
  private let files: [MappedFile]
  /// The index of each file's first sample.
  private let starts: [Int]

  /// Reads `data_batch_1.bin` and its like, in the order given.
  public init(files urls: [URL]) throws(DataError) {
    var files: [MappedFile] = []
    var starts: [Int] = []
    var total = 0
    for url in urls {
      let file = try MappedFile.data(at: url)
      guard file.bytes.count % Self.record == 0 else {
        throw DataError(
          .layout,
          "\(url.path) has \(file.bytes.count) bytes, which is no whole number of CIFAR-10 records of \(Self.record)")
      }
      for offset in stride(from: 0, to: file.bytes.count, by: Self.record) where file.bytes[offset] >= 10 {
        throw DataError(
          .layout, "\(url.path): record \(offset / Self.record) has label \(file.bytes[offset]); CIFAR-10 has 0 to 9")
      }
      starts.append(total)
      total += file.bytes.count / Self.record
      files.append(file)
    }
    (self.files, self.starts, count) = (files, starts, total)
  }

  /// The files of a split in the folder as it is unpacked: `train` is `data_batch_1.bin` to `data_batch_5.bin`, `test` is `test_batch.bin`.
  public init(contentsOf folder: URL, split: String) throws(DataError) {
    let names = split == "test" ? ["test_batch.bin"] : (1...5).map { "data_batch_\($0).bin" }
    guard split == "train" || split == "test" else {
      throw DataError(.request, "\(folder.path): CIFAR-10 has the splits train and test, not \(split)")
    }
    try self.init(files: names.map { folder.appending(path: $0) })
  }

  private func record(at index: Int) -> UnsafeRawBufferPointer {
    precondition((0..<count).contains(index), "CIFAR10: sample \(index) of \(count)")
    let file = starts.lastIndex { $0 <= index } ?? 0
    let offset = (index - starts[file]) * Self.record
    return UnsafeRawBufferPointer(rebasing: files[file].bytes[offset..<offset + Self.record])
  }

  public func label(at index: Int) -> Int { Int(record(at: index)[0]) }

  public func image(at index: Int) -> Image {
    let record = record(at: index)
    let area = Self.side * Self.side
    return Image(width: Self.side, height: Self.side, channels: 3) { pixels in
      for i in 0..<area {
        for channel in 0..<3 { pixels[3 * i + channel] = record[1 + channel * area + i] }
      }
    }
  }
}
