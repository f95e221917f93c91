import SwiftletFiles
import SwiftletModels
import SwiftletNN

/// What a language model is trained by. In a file:
/// ```yaml
/// task: language
/// model: {width: 192, layers: 6, heads: 6, keyHeads: 2}
/// data: {files: [tinyshakespeare.txt], heldOut: 0.05, window: 256, vocabulary: 4096}
/// training: {epochs: 10, batchSize: 16, patience: 2}
/// ```
public struct LanguageRecipe: Hashable, Sendable {
  public var model = Model()
  public var data = Data()
  public var training = TrainingSettings()

  public init() {}

  /// The network, of the Llama family. Its vocabulary is the tokenizer's.
  public struct Model: Hashable, Sendable {
    public var width = 192
    /// Of the feed-forward blocks.
    public var hidden = 512
    public var layers = 6
    public var heads = 6
    /// Heads of keys and of values, which divide `heads`.
    public var keyHeads = 2
    public var positions = PositionKind.rope
    /// Of rotations.
    public var base = 10_000.0
    /// Whether the embedding's table scores the tokens too.
    public var tiesEmbeddings = true
  }

  /// How the network knows where tokens stand.
  public enum PositionKind: String, FileWord, Hashable, Sendable, CaseIterable {
    case rope, alibi, none
  }

  /// The texts.
  public struct Data: Hashable, Sendable {
    /// Texts, or zip archives of texts, below the folder that is given as the data.
    public var files: [String] = []
    /// What stands between the documents of a text; empty where each file is one.
    public var separator = ""
    /// The last part of each file, which networks are judged by.
    public var heldOut = 0.05
    /// Tokens that are read together, and so the network's context.
    public var window = 256
    /// Tokens of the byte-pair encoding that is learned from what is trained on.
    public var vocabulary = 4096
  }
}

extension LanguageRecipe: TaskRecipe {
  public static let task = "language"

  public var loop: TrainingSettings {
    get { training }
    set { training = newValue }
  }

  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("model", \.model)
    Key("data", \.data)
    Key("training", \.training)
  }

  /// The shape of the network for a tokenizer of so many tokens.
  func configuration(vocabulary: Int) -> LlamaConfiguration {
    var shape = LlamaConfiguration(
      vocabulary: vocabulary, width: model.width, hidden: model.hidden, layers: model.layers, heads: model.heads,
      keyHeads: model.keyHeads, context: data.window)
    shape.normEpsilon = 1e-5
    shape.tiesEmbeddings = model.tiesEmbeddings
    shape.positions =
      switch model.positions {
      case .rope: .rotary(base: model.base)
      case .alibi: .linearBiases
      case .none: .none
      }
    return shape
  }
}

extension LanguageRecipe.Model: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("width", \.width, .in(1...65_536))
    Key("hidden", \.hidden, .in(1...1_048_576))
    Key("layers", \.layers, .in(1...1024))
    Key("heads", \.heads, .in(1...4096)).checked { model, place in
      guard model.width.isMultiple(of: model.heads), (model.width / model.heads).isMultiple(of: 2) else {
        throw RecipeError(place, "is \(model.heads), which does not divide the width \(model.width) into even heads")
      }
    }
    Key("keyHeads", \.keyHeads, .in(1...4096)).checked { model, place in
      guard model.heads.isMultiple(of: model.keyHeads) else {
        throw RecipeError(place, "is \(model.keyHeads), which does not divide the \(model.heads) heads")
      }
    }
    Key("positions", \.positions)
    Key("base", \.base, .above(1, upTo: 1e12))
    Key("tiesEmbeddings", \.tiesEmbeddings)
  }
}

extension LanguageRecipe.Data: RecipeSection {
  public static var defaults: Self { Self() }
  public static var keys: [RecipeKey<Self>] {
    Key("files", \.files).checked { data, place in
      if data.files.isEmpty { throw RecipeError(place, "is missing: it lists the texts to train on") }
    }
    Key("separator", \.separator)
    Key("heldOut", \.heldOut, .from(0, below: 1))
    Key("window", \.window, .in(2...1_048_576))
    Key("vocabulary", \.vocabulary, .in(257...1_000_000))
  }
}
