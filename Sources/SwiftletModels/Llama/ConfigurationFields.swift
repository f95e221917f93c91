import SwiftletFiles

/// The keys of an object in a configuration file of others. What nobody has asked for can be refused afterwards, since it
/// may change the computation; `null` is as good as absent.
struct ConfigurationFields {
  private let object: JSONValue
  private let keys: [String]
  /// What messages call the object: `config.json` or `rope_scaling`.
  private let name: String
  private var asked: Set<String> = []

  /// - Throws: ``ConfigurationError`` if `value` is no object.
  init(_ value: JSONValue, name: String) throws(ConfigurationError) {
    guard case .object(let members) = value else {
      throw ConfigurationError("\(name) is \(value), expected an object")
    }
    (object, keys, self.name) = (value, members.map(\.key), name)
  }

  /// Whether the key stands there as `null`.
  func isNull(_ key: String) -> Bool { keys.contains(key) && object[key] == nil }

  mutating func value(_ key: String) -> JSONValue? {
    asked.insert(key)
    return object[key]
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
    let strangers = keys.lazy.filter { !asked.contains($0) && !others.contains($0) }
    guard let stranger = strangers.first(where: { object[$0] != nil }), let value = object[stranger] else { return }
    throw ConfigurationError(
      "\(name) has \(stranger) = \(value), which may change what the network computes and is not known here"
    )
  }
}
