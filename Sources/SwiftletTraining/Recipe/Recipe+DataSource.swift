import SwiftletData

extension Recipe {
  /// Which images, how they are split, and how they are varied.
  public struct DataSource: Hashable, Sendable {
    public var kind = Kind.files
    /// The training images: a file or folder inside the data path, or the name of a split of the data there.
    public var train = "train"
    /// The test images, in the same way. Training never opens them.
    public var test = "test"
    /// The share of the training images that is held out for validation and search, at least 0 and below 1.
    public var searchFraction = 0.1
    /// Decides which images those are.
    public var splitSeed = 1
    /// The mean and the standard deviation of every channel, red, green and blue or grey alone, for values in 0...1.
    public var mean = [0.485, 0.456, 0.406]
    public var deviation = [0.229, 0.224, 0.225]
    /// How a picture is brought to the network's size; nil crops the middle, and takes a picture whole where the network
    /// sees less than 96 pixels a side or no square.
    public var fit: Fit?
    /// The network's size as a share of the size that pictures are resized to before the middle is cropped, 0.1...1;
    /// nil is 0.875 where the choice of `fit` is open too, and 1 otherwise.
    public var cropShare: Double?
    /// How pictures are resized; nil is bicubic.
    public var interpolation: Interpolation?
    public var augmentation = Augmentation()
    /// Whether images are decoded once and kept; for sets that fit in memory.
    public var inMemory = false
    /// How many pictures to draw, for the kind `shapes`.
    public var shapes = Shapes()

    public init() {}
  }

  public enum Kind: String, RecipeChoice, Codable, Hashable, Sendable, CaseIterable {
    /// A folder or a zip of one folder of images a class, CIFAR-10's binary batches, or MNIST's idx files.
    case files
    /// Procedurally drawn shapes; needs no files.
    case shapes
  }

  /// What becomes of a picture's proportions.
  public enum Fit: String, RecipeChoice, Codable, Hashable, Sendable, CaseIterable {
    /// They stay, and what is too much is cropped on both sides.
    case crop
    /// They are lost.
    case stretch
  }

  /// The filter that resizes pictures.
  public enum Interpolation: String, RecipeChoice, Codable, Hashable, Sendable, CaseIterable {
    case bilinear, bicubic
  }

  /// The sizes of the procedural data set; 10 classes.
  public struct Shapes: Hashable, Sendable {
    public var training = 12_000
    public var test = 2_000
    public var seed = 7

    public init() {}
  }

  /// Random changes of the training images, in this order.
  public struct Augmentation: Hashable, Sendable {
    public var crop = Crop.none
    /// The chance of a horizontal mirror image, 0...1.
    public var flip = 0.0
    /// RandAugment in timm's notation, such as `rand-m9-mstd0.5-inc1`; nil is off.
    public var randAugment: String?
    /// The strength of brightness, contrast and saturation jitter, 0...1.
    public var colorJitter = 0.0
    /// The largest turn of the hue, as a share of the circle, 0...0.5.
    public var hueJitter = 0.0
    /// The chance of a random rectangle of noise, 0...1.
    public var erasing = 0.0

    public init() {}
  }

  public enum Crop: Hashable, Sendable {
    case none
    /// A crop of full size from the picture padded by `pixels` on every side.
    case padded(pixels: Int)
    /// A crop of at least `minimumArea` of the picture, resized.
    case resized(minimumArea: Double)
  }
}

extension Recipe.DataSource: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, train, test, searchFraction, splitSeed, mean, deviation, fit, cropShare, interpolation
    case augmentation, inMemory, shapes
  }

  public init(from decoder: any Decoder) throws {
    let section = try RecipeSection(decoder, keyedBy: CodingKeys.self)
    kind = try section.required(.kind)
    try section.read(.train, into: &train)
    try section.read(.test, into: &test)
    try section.read(.searchFraction, into: &searchFraction)
    try section.read(.splitSeed, into: &splitSeed)
    try section.read(.mean, into: &mean)
    try section.read(.deviation, into: &deviation)
    try section.read(.fit, into: &fit)
    try section.read(.cropShare, into: &cropShare)
    try section.read(.interpolation, into: &interpolation)
    try section.read(.augmentation, into: &augmentation)
    try section.read(.inMemory, into: &inMemory)
    try section.read(.shapes, into: &shapes)
  }

  func validate(at place: String) throws {
    try require(searchFraction, from: 0, below: 1, "\(place).searchFraction")
    try require(splitSeed, in: 0...Int.max, "\(place).splitSeed")
    for (name, values) in [("mean", mean), ("deviation", deviation)] where ![1, 3].contains(values.count) {
      throw RecipeError(
        "\(place).\(name)", "has \(values.count) values, expected 3, for red, green and blue, or 1, for grey")
    }
    for value in mean { try require(value, in: 0...1, "\(place).mean") }
    for value in deviation { try require(value, above: 0, upTo: 1, "\(place).deviation") }
    if let cropShare { try require(cropShare, in: 0.1...1, "\(place).cropShare") }
    try augmentation.validate(at: "\(place).augmentation")
    try require(shapes.training, in: 1...100_000_000, "\(place).shapes.training")
    try require(shapes.test, in: 1...100_000_000, "\(place).shapes.test")
    try require(shapes.seed, in: 0...Int.max, "\(place).shapes.seed")
  }
}

extension Recipe.Shapes: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable { case training, test, seed }

  public init(from decoder: any Decoder) throws {
    let section = try RecipeSection(decoder, keyedBy: CodingKeys.self)
    try section.read(.training, into: &training)
    try section.read(.test, into: &test)
    try section.read(.seed, into: &seed)
  }
}

extension Recipe.Augmentation: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case crop, flip, randAugment, colorJitter, hueJitter, erasing
  }

  public init(from decoder: any Decoder) throws {
    let section = try RecipeSection(decoder, keyedBy: CodingKeys.self)
    try section.read(.crop, into: &crop)
    try section.read(.flip, into: &flip)
    try section.read(.randAugment, into: &randAugment)
    try section.read(.colorJitter, into: &colorJitter)
    try section.read(.hueJitter, into: &hueJitter)
    try section.read(.erasing, into: &erasing)
  }

  func validate(at place: String) throws {
    switch crop {
    case .none: break
    case .padded(let pixels): try require(pixels, in: 1...1024, "\(place).crop.pixels")
    case .resized(let area): try require(area, above: 0, upTo: 1, "\(place).crop.minimumArea")
    }
    try require(flip, in: 0...1, "\(place).flip")
    if let randAugment {
      do { _ = try RandAugment(parsing: randAugment) } catch {
        throw RecipeError("\(place).randAugment", "is \(error)")
      }
    }
    try require(colorJitter, in: 0...1, "\(place).colorJitter")
    try require(hueJitter, in: 0...0.5, "\(place).hueJitter")
    try require(erasing, in: 0...1, "\(place).erasing")
  }
}

extension Recipe.Crop: Codable {
  enum Kind: String, RecipeChoice, Codable, CaseIterable { case none, padded, resized }
  enum NoneKeys: String, CodingKey, CaseIterable { case kind }
  enum PaddedKeys: String, CodingKey, CaseIterable { case kind, pixels }
  enum ResizedKeys: String, CodingKey, CaseIterable { case kind, minimumArea }

  public init(from decoder: any Decoder) throws {
    switch try recipeKind(of: decoder, as: Kind.self) {
    case .none:
      _ = try RecipeSection(decoder, keyedBy: NoneKeys.self)
      self = .none
    case .padded:
      self = .padded(pixels: try RecipeSection(decoder, keyedBy: PaddedKeys.self).required(.pixels))
    case .resized:
      var area = 0.08
      try RecipeSection(decoder, keyedBy: ResizedKeys.self).read(.minimumArea, into: &area)
      self = .resized(minimumArea: area)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .none:
      var section = encoder.container(keyedBy: NoneKeys.self)
      try section.encode(Kind.none, forKey: .kind)
    case .padded(let pixels):
      var section = encoder.container(keyedBy: PaddedKeys.self)
      try section.encode(Kind.padded, forKey: .kind)
      try section.encode(pixels, forKey: .pixels)
    case .resized(let area):
      var section = encoder.container(keyedBy: ResizedKeys.self)
      try section.encode(Kind.resized, forKey: .kind)
      try section.encode(area, forKey: .minimumArea)
    }
  }
}
