import CSwiftletMedia
import SwiftletFiles

/// Reads JPEG (baseline, progressive, grey, CMYK), PNG (1 to 16 bits, palette, interlaced), BMP, WebP, TIFF, PNM and the first picture of a GIF through
/// FFmpeg, any major from 4 to 8.
///
/// The picture comes upright (the orientation in its EXIF or XMP is applied), without alpha, with 8 bits a sample. Damaged and cut off files are errors.
/// Chroma is upsampled as libjpeg does by default, so that pictures equal what Pillow and torchvision read to a level or two.
public enum ImageDecoder {
  /// Larger pictures are refused before memory is taken: pixels on a side, and pixels in all.
  public static let longestSide = Int(SWM_MAX_SIDE)
  public static let mostPixels = Int(SWM_MAX_PIXELS)

  /// Throws, with the package to install, where FFmpeg's libraries are missing.
  public static func checkAvailable() throws(MediaError) {
    var error = swm_error()
    try MediaError.check(swm_ffmpeg_available(&error), error)
  }

  public static var isAvailable: Bool {
    var error = swm_error()
    return swm_ffmpeg_available(&error) == SWM_OK
  }

  /// Decodes a whole file in memory to `channels` 3 (RGB) or 1 (grey).
  public static func decode(_ file: UnsafeRawBufferPointer, channels: Int = 3) throws(MediaError) -> Image {
    precondition(channels == 1 || channels == 3, "ImageDecoder.decode: channels is \(channels); 1 or 3 are possible")
    var error = swm_error()
    var info = swm_image_info()
    let bytes = file.bindMemory(to: UInt8.self)
    try MediaError.check(swm_probe_image(bytes.baseAddress, bytes.count, &info, &error), error)
    return try Image(width: Int(info.width), height: Int(info.height), channels: channels) {
      pixels throws(MediaError) in
      let status = swm_decode_image(bytes.baseAddress, bytes.count, &info, Int32(channels), pixels.baseAddress, &error)
      try MediaError.check(status, error)
    }
  }

  /// Decodes a whole file in memory to `channels` 3 (RGB) or 1 (grey).
  public static func decode(_ file: [UInt8], channels: Int = 3) throws(MediaError) -> Image {
    let result: Result<Image, MediaError> = file.withUnsafeBytes { bytes in
      Result { () throws(MediaError) in try decode(bytes, channels: channels) }
    }
    return try result.get()
  }
}

extension Image {
  /// Reads an image file. Errors name it.
  public init(contentsOf url: URL, channels: Int = 3) throws(MediaError) {
    try self.init(contentsOf: FileName(url.path), channels: channels)
  }

  /// Reads the image file at a path. Errors name it.
  public init(contentsOf path: FileName, channels: Int = 3) throws(MediaError) {
    let file: [UInt8]
    do throws(FileError) {
      file = try [UInt8](contentsOf: path)
    } catch {
      throw .file("\(path) cannot be read; check that it is there and may be read")
    }
    do throws(MediaError) {
      self = try ImageDecoder.decode(file, channels: channels)
    } catch {
      throw error.located(at: path.description)
    }
  }
}
