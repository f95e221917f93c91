import Foundation
import SwiftletFiles
import SwiftletMedia

/// MNIST and data sets in its format (idx files of pictures and labels, gzipped or not), such as Fashion-MNIST. Pictures are grey.
///
/// Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits"; idx is described there.
public struct MNIST: ImageDataset {
  public let classes: [String]
  public let count: Int
  private let width, height: Int
  private let pixels, sampleLabels: [UInt8]

  public init(images: URL, labels: URL) throws(DataError) {
    let pictures = try Self.readIdx(images, dimensions: 3)
    let classes = try Self.readIdx(labels, dimensions: 1)
    guard pictures.shape[0] == classes.shape[0] else {
      throw DataError(
        .layout, "\(images.path) has \(pictures.shape[0]) pictures and \(labels.path) \(classes.shape[0]) labels")
    }
    (count, height, width) = (pictures.shape[0], pictures.shape[1], pictures.shape[2])
    (pixels, sampleLabels) = (pictures.values, classes.values)
    self.classes = (0...Int(classes.values.max() ?? 0)).map(String.init)
  }

  /// The files of a split in a folder: `train` is `train-images-idx3-ubyte`, `test` is `t10k-images-idx3-ubyte`, either with `.gz`.
  public init(contentsOf folder: URL, split: String) throws(DataError) {
    guard let prefix = ["train": "train", "test": "t10k"][split] else {
      throw DataError(.request, "\(folder.path): MNIST has the splits train and test, not \(split)")
    }
    func find(_ name: String) throws(DataError) -> URL {
      for candidate in [name, name + ".gz"] {
        let url = folder.appending(path: candidate)
        if FileManager.default.fileExists(atPath: url.path) { return url }
      }
      throw DataError(.missing, "\(folder.path) has no \(name), nor \(name).gz")
    }
    try self.init(images: find("\(prefix)-images-idx3-ubyte"), labels: find("\(prefix)-labels-idx1-ubyte"))
  }

  public func label(at index: Int) -> Int { Int(sampleLabels[index]) }

  public func image(at index: Int) -> Image {
    let area = width * height
    return Image(width: width, height: height, channels: 1, pixels: Array(pixels[index * area..<(index + 1) * area]))
  }

  /// The bytes of an idx file of unsigned bytes, and its shape.
  private static func readIdx(_ url: URL, dimensions: Int) throws(DataError) -> (shape: [Int], values: [UInt8]) {
    let file = try MappedFile.data(at: url)
    var bytes = [UInt8](file.bytes)
    if bytes.starts(with: [0x1F, 0x8B]) {
      bytes = try located(at: url.path, try Inflate.gunzip(file.bytes))
    }
    let header = 4 + 4 * dimensions
    guard bytes.count >= header, bytes[0] == 0, bytes[1] == 0, bytes[2] == 8, Int(bytes[3]) == dimensions else {
      throw DataError(.layout, "\(url.path) is no idx file of bytes with \(dimensions) dimensions")
    }
    let shape = bytes.withUnsafeBytes { raw in (0..<dimensions).map { Int(raw.big(UInt32.self, at: 4 + 4 * $0)) } }
    var expected = header
    var product = 1
    for size in shape {
      let (value, overflow) = product.multipliedReportingOverflow(by: size)
      guard size > 0, !overflow else { throw DataError(.layout, "\(url.path) says its shape is \(shape)") }
      product = value
    }
    expected += product
    guard bytes.count == expected else {
      throw DataError(.layout, "\(url.path) has \(bytes.count) bytes; its shape \(shape) takes \(expected)")
    }
    return (shape, Array(bytes[header...]))
  }
}
