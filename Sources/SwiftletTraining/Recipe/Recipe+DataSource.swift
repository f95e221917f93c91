import SwiftletData
import SwiftletFiles

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

  public enum Kind: String, FileWord, Hashable, Sendable, CaseIterable {
    /// A folder or a zip of one folder of images a class, CIFAR-10's binary batches, or MNIST's idx files.
    case files
    /// Procedurally drawn shapes; needs no files.
    case shapes
  }

  /// What becomes of a picture's proportions.
  public enum Fit: String, FileWord, Hashable, Sendable, CaseIterable {
    /// They stay, and what is too much is cropped on both sides.
    case crop
    /// They are lost.
    case stretch
  }

  /// The filter that resizes pictures.
  public enum Interpolation: String, FileWord, Hashable, Sendable, CaseIterable {
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

extension Recipe.DataSource: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("kind", \.kind).required()
    Key("train", \.train)
    Key("test", \.test)
    Key("searchFraction", \.searchFraction, .from(0, below: 1))
    Key("splitSeed", \.splitSeed, .in(0...Int.max))
    Key("mean", \.mean).checked { try checkChannels($0.mean, in: 0...1, $1) }
    // Pictures are divided by it in 32 bits.
    Key("deviation", \.deviation).checked { try checkChannels($0.deviation, in: 1e-6...1, $1) }
    Key("fit", \.fit)
    Key("cropShare", \.cropShare, .in(0.1...1))
    Key("interpolation", \.interpolation)
    Key("augmentation", \.augmentation)
    Key("inMemory", \.inMemory)
    Key("shapes", \.shapes)
  }

  private static func checkChannels(_ values: [Double], in range: ClosedRange<Double>, _ place: String) throws {
    guard [1, 3].contains(values.count) else {
      throw RecipeError(place, "has \(values.count) values, expected 3, for red, green and blue, or 1, for grey")
    }
    for value in values { try RecipeRange.in(range).check(value, place) }
  }
}

extension Recipe.Shapes: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("training", \.training, .in(1...100_000_000))
    Key("test", \.test, .in(1...100_000_000))
    Key("seed", \.seed, .in(0...Int.max))
  }
}

extension Recipe.Augmentation: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("crop", \.crop)
    Key("flip", \.flip, .in(0...1))
    Key("randAugment", \.randAugment).checked { section, place in
      guard let text = section.randAugment else { return }
      do { _ = try RandAugment(parsing: text) } catch { throw RecipeError(place, "is \(error)") }
    }
    Key("colorJitter", \.colorJitter, .in(0...1))
    Key("hueJitter", \.hueJitter, .in(0...0.5))
    Key("erasing", \.erasing, .in(0...1))
  }
}

extension Recipe.Crop: RecipeAlternatives {
  public static var alternatives: [RecipeAlternative<Self>] {
    Alternative("none", .none)
    Alternative("padded", 0) {
      RecipeKey("pixels", \.self, .in(1...1024)).required()
    } make: {
      .padded(pixels: $0)
    } settings: {
      if case .padded(let pixels) = $0 { pixels } else { nil }
    }
    Alternative("resized", 0.08) {
      RecipeKey("minimumArea", \.self, .above(0, upTo: 1))
    } make: {
      .resized(minimumArea: $0)
    } settings: {
      if case .resized(let area) = $0 { area } else { nil }
    }
  }
}
