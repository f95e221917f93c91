import SwiftletFiles
import SwiftletRuntime

extension Recipe {
  /// Pruning to N:M and the finetuning after it.
  public struct Compression: Hashable, Sendable {
    /// `2:4` keeps 2 of every 4 consecutive weights of a row.
    public var pattern = SparsityPattern(keeping: 2, of: 4)
    public var score = Score.magnitude
    /// Whether channels are first put in an order in which pruning keeps more.
    public var permute = false
    public var gradients = Gradients.masked
    /// Layers that stay dense, by dotted path.
    public var dense: [String] = []
    /// Epochs of finetuning, 0...10000; 0 prunes once and trains no further.
    public var epochs = 5
    /// The peak rate of finetuning; about a tenth of the dense one.
    public var learningRate = 2e-4
    /// Epochs of linear warm-up, 0...epochs; a recipe that does not say takes 0.5, or 0 without epochs.
    public var warmupEpochs = 0.5
    /// Learning from the dense network; nil trains on the labels.
    public var distillation: Distillation? = Distillation()

    public init() {}
  }

  /// How a weight's importance is judged.
  public enum Score: String, FileWord, Hashable, Sendable, CaseIterable {
    case magnitude
    /// Weight times input, as published: block by block, each for what the masked blocks before it produce.
    case wanda
    /// The same with the inputs of the dense network everywhere.
    case wandaDense = "wanda-dense"
    /// Moves the weights that stay, too.
    case sparseGPT = "sparsegpt"
  }

  /// What a pruned weight learns while it is pruned.
  public enum Gradients: String, FileWord, Hashable, Sendable, CaseIterable {
    case masked, ste
    case srSTE = "sr-ste"
  }
}

extension Recipe.Compression: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("pattern") { section, decoder in
      let text = try decoder.singleValueContainer().decode(String.self)
      do throws(SparsityPatternError) {
        section.pattern = try SparsityPattern(parsing: text)
      } catch {
        throw RecipeError(decoder.place, error)
      }
    } write: {
      $0.pattern
    }
    Key("score", \.score)
    Key("permute", \.permute)
    Key("gradients", \.gradients)
    Key("dense", \.dense)
    Key("epochs", \.epochs, .in(0...10_000))
    Key("learningRate", \.learningRate, .above(0, upTo: 10))
    Key("warmupEpochs", \.warmupEpochs) { .in(0...Double($0.epochs)) }
      .usually { $0.warmupEpochs = min($0.warmupEpochs, Double(max(0, $0.epochs))) }
    Key("distillation", \.distillation).writingNull()
  }
}

extension RecipeError {
  /// A pattern that is none.
  fileprivate init(_ key: String, _ error: SparsityPatternError) {
    switch error {
    case .notAPattern(let text): self.init(key, "is '\(text)', expected two numbers as in 2:4")
    case .empty(_, let group) where group < 1, .groupTooLarge(_, let group):
      self.init("\(key) (the group)", "is \(group), expected 1 to \(SparsityPattern.largestGroup)")
    case .empty(let kept, let group), .keepsMoreThanItHas(let kept, let group):
      self.init("\(key) (the kept weights)", "is \(kept), expected 1 to \(group)")
    }
  }
}
