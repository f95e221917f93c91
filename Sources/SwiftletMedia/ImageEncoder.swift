import CSwiftletMedia
import SwiftletFiles

/// Writes PNG (lossless) and JPEG through FFmpeg.
public enum ImageEncoder {
  public static func png(_ image: Image) throws(MediaError) -> [UInt8] {
    try encode { file, size, error in
      image.pixels.withUnsafeBufferPointer {
        swm_encode_png(
          $0.baseAddress, Int32(image.width), Int32(image.height), Int32(image.channels), file, size, error)
      }
    }
  }

  /// `quality` is libjpeg's scale. Chroma keeps its full resolution (4:4:4), so thin coloured lines stay sharp.
  ///
  /// - Precondition: `quality` is in `1...100`.
  public static func jpeg(_ image: Image, quality: Int = 90) throws(MediaError) -> [UInt8] {
    precondition((1...100).contains(quality), "ImageEncoder.jpeg: quality is \(quality); 1 to 100 are possible")
    return try encode { file, size, error in
      image.pixels.withUnsafeBufferPointer {
        swm_encode_jpeg(
          $0.baseAddress, Int32(image.width), Int32(image.height), Int32(image.channels), Int32(quality), file, size,
          error)
      }
    }
  }

  private static func encode(
    with encoder: (
      UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>, UnsafeMutablePointer<swm_error>
    )
      -> swm_status
  ) throws(MediaError) -> [UInt8] {
    var error = swm_error()
    var file: UnsafeMutablePointer<UInt8>?
    var size = 0
    let status = encoder(&file, &size, &error)
    defer { swm_free(file) }
    try MediaError.check(status, error)
    return [UInt8](UnsafeBufferPointer(start: file, count: size))
  }
}

extension Image {
  /// Writes the picture in the format of the name's extension: png, jpg or jpeg.
  public func write(to url: URL, quality: Int = 90) throws(MediaError) {
    let file: [UInt8]
    switch url.pathExtension.lowercased() {
    case "png": file = try ImageEncoder.png(self)
    case "jpg", "jpeg": file = try ImageEncoder.jpeg(self, quality: quality)
    default: throw .unsupported("\(url.path): pictures are written as .png, .jpg or .jpeg")
    }
    do { try AtomicFile.write(file, replacing: url.path) } catch {
      throw .file("\(url.path) cannot be written; check that its folder is there and may be written")
    }
  }
}
