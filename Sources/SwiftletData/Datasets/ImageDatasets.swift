import Foundation

/// Opens labelled pictures by path, whatever their form.
public enum ImageDatasets {
  /// The data set at `path`:
  /// - a folder or a zip archive with one folder a class, or `<split>/<class>` (``ImageFolder``);
  /// - a folder with `data_batch_1.bin`, or one such file (``CIFAR10``);
  /// - a folder with `t10k-images-idx3-ubyte` or its like, or the file with the pictures (``MNIST``).
  ///
  /// - Parameter split: `train`, `test` or the name of a folder, where the data holds several.
  public static func open(_ path: String, split: String? = nil) throws(DataError) -> any ImageDataset {
    let url = URL(filePath: path)
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw DataError(.missing, "\(path) does not exist")
    }
    if isDirectory.boolValue {
      return try openFolder(url, split: split)
    }
    let name = url.lastPathComponent
    if name.hasSuffix(".bin") { return try CIFAR10(files: [url]) }
    if let range = name.range(of: "images-idx3") {
      let labels = name.replacingCharacters(in: range, with: "labels-idx1")
      return try MNIST(images: url, labels: url.deletingLastPathComponent().appending(path: labels))
    }
    if name.lowercased().hasSuffix(".zip") { return try ImageFolder(contentsOf: url, split: split) }
    throw DataError(
      .layout, "\(path) is no data set; expected a folder, a .zip, a CIFAR-10 .bin or an MNIST …images-idx3-ubyte file")
  }

  private static func openFolder(_ url: URL, split: String?) throws(DataError) -> any ImageDataset {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: url.path)
    } catch {
      throw DataError(.unreadable, "\(url.path) cannot be listed; check that it may be read")
    }
    if names.contains(where: { $0.hasPrefix("data_batch_") || $0 == "test_batch.bin" }) {
      return try CIFAR10(contentsOf: url, split: split ?? "train")
    }
    if names.contains(where: { $0.contains("-images-idx3-ubyte") }) {
      let hasTraining = names.contains { $0.hasPrefix("train-images") }
      return try MNIST(contentsOf: url, split: split ?? (hasTraining ? "train" : "test"))
    }
    return try ImageFolder(contentsOf: url, split: split)
  }
}
