import SwiftletModels
import Yams

extension RecipeText {
  /// The recipe of the weights that `foreign` lies beside: what the recipe leaves out is taken from there.
  ///
  /// - Parameter choosingClasses: Whether the recipe may have another number of classes than the weights.
  /// - Returns: What a person should know too: where the recipe and the files differ and may.
  /// - Throws: `RecipeError` where the recipe describes another network than the files.
  public func recipe(
    completedBy foreign: ForeignConfiguration, choosingClasses: Bool = false
  ) throws -> (recipe: Recipe, remarks: [String]) {
    var remarks = foreign.remarks
    let recipe = try Recipe.decode(self) { root in
      if foreign.describesNetwork { try root.expandNamedConfiguration() }
      var seen: Set<String> = []
      for setting in foreign.settings where seen.insert(setting.key).inserted {
        let path = setting.key.split(separator: ".").map(String.init)
        guard let stated = root.value(at: path) else {
          root.set(setting.value, at: path[...])
          continue
        }
        if setting.agrees(with: stated) || (choosingClasses && setting.key == ForeignConfiguration.classesKey) {
          continue
        }
        switch setting.rule {
        case .refused:
          throw RecipeError(
            setting.key,
            "is \(stated.words), but \(setting.origin) in \(setting.file) is \(setting.text): leave the key out, or "
              + "move the file away if it is not of these weights")
        case .recipeStays:
          remarks.append(
            "\(setting.key) is \(stated.words) by the recipe, \(setting.origin) in \(setting.file) is \(setting.text)")
        case .irrelevant: break
        }
      }
      for (key, problem) in foreign.unavailable.sorted(by: { $0.key < $1.key }) {
        let path = key.split(separator: ".").map(String.init)
        guard root.value(at: path) == nil else { continue }
        throw RecipeError(key, "is missing: \(problem), so the recipe has to choose")
      }
    }
    return (recipe, remarks)
  }

  /// What no weights show, so that a recipe which was not told it may be wrong without anyone noticing.
  static func assumptions(of recipe: Recipe, besides foreign: ForeignConfiguration?) -> String {
    func words(_ configuration: some ImageClassifierConfiguration) -> [String] {
      configuration.assumptions.filter { foreign?.states("model.configuration.\($0.key.stringValue)") != true }.map(
        \.words)
    }
    var assumed = words(recipe.model.configuration.common)
    for (key, values) in [("mean", recipe.data.mean), ("deviation", recipe.data.deviation)]
    where foreign?.states("data.\(key)") != true {
      assumed.append("\(key) " + values.map { "\($0)" }.joined(separator: " "))
    }
    return assumed.joined(separator: ", ")
  }
}

extension ForeignConfiguration {
  func states(_ key: String) -> Bool { settings.contains { $0.key == key } }
}

extension Node {
  /// `small` and the like say how wide and deep a network is, and nothing else.
  fileprivate mutating func expandNamedConfiguration() throws {
    guard let name = value(at: ["model", "configuration"])?.scalar?.string else { return }
    let word = value(at: ["model", "family"])?.scalar?.string
    let family = word.flatMap(ModelFamily.init(rawValue:)) ?? .deit
    let named = try family.configuration.keys(ofSize: name)
    if named.isEmpty { return }
    set(.mapping([:]), at: ["model", "configuration"])
    for (key, value) in named { set(value, at: ["model", "configuration", key]) }
  }
}

extension ImageClassifierConfiguration {
  /// The keys that tell a size with a name from others, with their values; none of a name that there is not.
  fileprivate static func keys(ofSize name: String) throws -> [(key: String, value: Node)] {
    guard let size = sizes.first(where: { $0.key == name })?.value else { return [] }
    let written = try Yams.compose(yaml: YAMLEncoder().encode(size))
    return sizeKeys.compactMap { key in written?[key.stringValue].map { (key.stringValue, $0) } }
  }
}
