import SwiftletFiles

/// The keys of an object in a configuration file of others. What nobody has asked for can be refused afterwards, since it
/// may change the computation; `null` is as good as absent.
struct ConfigurationFields {
  private let members: [(key: String, value: JSONValue)]
  /// What messages call the object: `config.json` or `rope_scaling`.
  private let name: String
  private var asked: Set<String> = []
  private let nulls: Set<String>

  /// - Throws: ``ConfigurationError`` if `value` is no object, or has a key twice.
  init(_ value: JSONValue, name: String) throws(ConfigurationError) {
    guard case .object(let members) = value else {
      throw ConfigurationError("\(name) is \(value), expected an object")
    }
    self.members = members.filter { if case .other("null") = $0.value { false } else { true } }
    self.name = name
    nulls = Set(members.map(\.key)).subtracting(self.members.map(\.key))
  }

  /// Whether the key stands there as `null`.
  func isNull(_ key: String) -> Bool { nulls.contains(key) }

  mutating func value(_ key: String) -> JSONValue? {
    asked.insert(key)
    return members.first { $0.key == key }?.value
  }

  /// A value of one kind, nil where the key is absent.
  private mutating func value<Value>(
    _ key: String, _ kind: String, _ read: (JSONValue) -> Value?
  ) throws(ConfigurationError) -> Value? {
    guard let value = value(key) else { return nil }
    guard let found = read(value) else { throw ConfigurationError("\(key) of \(name) is \(value), expected \(kind)") }
    return found
  }

  mutating func integer(_ key: String) throws(ConfigurationError) -> Int? {
    try value(key, "a whole number", \.integer)
  }
  mutating func number(_ key: String) throws(ConfigurationError) -> Double? { try value(key, "a number", \.number) }
  mutating func flag(_ key: String) throws(ConfigurationError) -> Bool? { try value(key, "true or false", \.flag) }
  mutating func text(_ key: String) throws(ConfigurationError) -> String? { try value(key, "text", \.text) }
  mutating func list(_ key: String) throws(ConfigurationError) -> [JSONValue]? { try value(key, "a list", \.list) }

  mutating func requiredInteger(_ key: String) throws(ConfigurationError) -> Int {
    guard let value = try integer(key) else { throw missing(key) }
    return value
  }
  mutating func requiredNumber(_ key: String) throws(ConfigurationError) -> Double {
    guard let value = try number(key) else { throw missing(key) }
    return value
  }

  func missing(_ key: String) -> ConfigurationError { ConfigurationError("\(name) has no \(key)") }

  /// - Throws: ``ConfigurationError`` for a key that nobody has asked for and that is none of `others`.
  func refuseOthers(except others: Set<String> = []) throws(ConfigurationError) {
    guard let stranger = members.first(where: { !asked.contains($0.key) && !others.contains($0.key) }) else { return }
    throw ConfigurationError(
      "\(name) has \(stranger.key) = \(stranger.value), which may change what the network computes and is not known here"
    )
  }
}
