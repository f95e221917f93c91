import SwiftletFiles
import SwiftletModels
import Yams

/// How the files beside weights say that pictures become the network's input.
extension ForeignConfiguration {
  /// timm's `pretrained_cfg`. Source: `resolve_data_config` and `transforms_imagenet_eval` of timm 1.0.
  mutating func readTimmImages(_ object: ForeignObject) throws {
    try readColours(object, mean: "mean", deviation: "std")
    add("data.cropShare", try object.number("crop_pct").map(Node.number), .recipeStays, from: "crop_pct", in: object)
    if let mode = try object.text("crop_mode") {
      images("data.fit", ["center": "crop", "squash": "stretch"][mode], "crop_mode", mode, object)
    } else if object.has("crop_pct") {
      add("data.fit", Node("crop"), .recipeStays, from: "crop_pct", in: object)
    }
    if let name = try object.text("interpolation") {
      images("data.interpolation", ["bilinear", "bicubic"].contains(name) ? name : nil, "interpolation", name, object)
    }
  }

  /// Hugging Face's `preprocessor_config.json`. Source: `image_processing_backends.py` of transformers 5, and the older
  /// files' single numbers for sizes.
  mutating func readPreprocessor(_ object: ForeignObject) throws {
    if try object.flag("do_normalize") ?? true {
      try readColours(object, mean: "image_mean", deviation: "image_std")
    } else {
      add("data.mean", .list([0, 0, 0].map(Node.number)), from: "do_normalize", in: object)
      add("data.deviation", .list([1, 1, 1].map(Node.number)), from: "do_normalize", in: object)
    }
    let factor = try object.number("rescale_factor") ?? 1 / 255
    guard try object.flag("do_rescale") ?? true, abs(factor * 255 - 1) < 1e-4 else {
      throw object.error(
        "do_rescale and rescale_factor are not those of samples in 0...1, which Swiftlet's networks see")
    }
    if let number = try object.integer("resample", from: 0) {
      let name = [2: "bilinear", 3: "bicubic"][number]
      images("data.interpolation", name, "resample", "\(number)", object)
    }
    if try object.flag("do_resize") ?? true { try readSizes(object) }
  }

  private mutating func readSizes(_ object: ForeignObject) throws {
    guard object.has("size") else { return }
    let crops = try object.flag("do_center_crop") ?? object.has("crop_size")
    let crop = crops ? try object.size("crop_size") : nil
    let shorter = try? object.object("size")?.integer("shortest_edge")
    if let side = try shorter ?? loneShorterSide(object) {
      guard let crop else {
        throw object.error("size is the shorter side's alone and nothing is cropped, so that images keep their shape")
      }
      try cut(crop, from: ImageSize(side), fit: "crop", object)
    } else if let size = try object.size("size") {
      try cut(crop ?? size, from: size, fit: "stretch", object)
    }
  }

  /// A single number is a square's side to most programs, and the shorter side to those of CLIP, BiT and ConvNeXt.
  private func loneShorterSide(_ object: ForeignObject) throws -> Int? {
    guard case .integer? = object.value["size"] else { return nil }
    let type = try object.text("image_processor_type") ?? object.text("feature_extractor_type") ?? ""
    return ["CLIP", "Bit", "ConvNext"].contains(where: type.hasPrefix) ? try object.integer("size") : nil
  }

  private mutating func cut(_ crop: ImageSize, from size: ImageSize, fit: String, _ object: ForeignObject) throws {
    let share = Self.share(of: crop.height, in: size.height)
    guard share == Self.share(of: crop.width, in: size.width), (0.1...1).contains(share) else {
      throw object.error("crop_size \(crop) is not a share from 0.1 to 1 of size \(size)")
    }
    network("imageSize", crop.node, object.has("crop_size") ? "crop_size" : "size", object, rule: .recipeStays)
    add("data.cropShare", .number(share), .recipeStays, from: "size", in: object)
    add("data.fit", Node(fit), .recipeStays, from: "size", in: object)
  }

  /// The greatest share that makes `size` pixels of a crop, as rounding down has it.
  private static func share(of crop: Int, in size: Int) -> Double {
    var share = Double(crop) / Double(size)
    if Int(Double(crop) / share) < size { share = share.nextDown }
    return share
  }

  private mutating func readColours(_ object: ForeignObject, mean: String, deviation: String) throws {
    for (key, origin) in [("data.mean", mean), ("data.deviation", deviation)] {
      add(key, try object.numbers(origin).map { .list($0.map(Node.number)) }, from: origin, in: object)
    }
  }

  /// A setting of images that we may not have: then the recipe has to choose.
  private mutating func images(
    _ key: String, _ value: String?, _ origin: String, _ found: String, _ object: ForeignObject
  ) {
    if let value {
      add(key, Node(value), .recipeStays, from: origin, in: object)
    } else {
      unavailable[key] = "\(object.place)\(origin) in \(object.file.path) is \(found), which Swiftlet does not have"
    }
  }
}
