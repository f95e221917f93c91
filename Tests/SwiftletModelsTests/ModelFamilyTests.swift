import SwiftletFiles
import SwiftletModels
import Testing

@Suite struct ModelFamilyTests {
  @Test func `families have words`() throws {
    #expect(ModelFamily.allCases == [.deit, .swin])
    #expect(ModelFamily(rawValue: "swin") == .swin && ModelFamily(rawValue: "resnet") == nil)
    #expect(ClassifierConfiguration.swin(.base).family == .swin)
  }

  @Test func `configurations of two families are never equal, and those of one by value`() {
    var other = DeiTConfiguration.tiny
    #expect(ClassifierConfiguration.deit(.tiny) == .deit(other))
    #expect(ClassifierConfiguration.deit(.tiny).hashValue == ClassifierConfiguration.deit(other).hashValue)
    #expect(ClassifierConfiguration.deit(.tiny) != .swin(.tiny))
    other.dropPath = 0.5
    #expect(ClassifierConfiguration.deit(.tiny) != .deit(other))
    #expect(ClassifierConfiguration.deit(.tiny) == ClassifierConfiguration.deit(other).withoutDropPath)
    #expect(ClassifierConfiguration.deit(other).with(classes: 7).classes == 7)
  }

  /// Law: a size is the usual configuration but for the keys that sizes differ in. What lies beside foreign weights states
  /// the other keys, so that a recipe's `small` must not.
  @Test(arguments: ModelFamily.allCases) func `the keys of a size say all of it`(family: ModelFamily) throws {
    func check<Configuration: ImageClassifierConfiguration>(_ type: Configuration.Type) throws {
      let keys = Set(Configuration.sizeKeys.map(\.stringValue))
      let usual = try fields(Configuration())
      #expect(Configuration.sizes.map(\.key) == ["tiny", "small", "base"])
      for size in Configuration.sizes {
        for (key, value) in try fields(size.value) where !keys.contains(key) { #expect(value == usual[key], "\(key)") }
      }
    }
    try check(family.configuration)
  }

  private func fields(_ configuration: some ImageClassifierConfiguration) throws -> [String: String] {
    let value = try StrictJSON.encode(configuration).withUnsafeBytes { try JSONValue(parsing: $0) }
    guard case .object(let entries) = value else { return [:] }
    return Dictionary(entries.map { ($0.key, "\($0.value)") }, uniquingKeysWith: { first, _ in first })
  }
}
