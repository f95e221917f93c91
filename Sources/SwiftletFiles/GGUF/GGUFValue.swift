/// What a GGUF file says under a key.
public enum GGUFValue: Hashable, Sendable {
  /// Any of the eight types of integers.
  case integer(Int)
  case number(Double)
  case flag(Bool)
  case text(String)
  case integers([Int])
  case numbers([Double])
  case flags([Bool])
  case texts([String])

  /// In words, for a sentence about a value that should be another.
  var kind: String {
    switch self {
    case .integer: "an integer"
    case .number: "a number"
    case .flag: "a flag"
    case .text: "text"
    case .integers: "a list of integers"
    case .numbers: "a list of numbers"
    case .flags: "a list of flags"
    case .texts: "a list of texts"
    }
  }
}

extension GGUFFile {
  /// The value of a key as it is expected, or nil where the file does not have the key.
  private func value<Value>(
    _ key: String, _ expected: String, _ taking: (GGUFValue) -> Value?
  ) throws(FileError) -> Value? {
    guard let found = metadata[key] else { return nil }
    guard let value = taking(found) else { throw .damaged("its \(key) is \(found.kind), expected \(expected)") }
    return value
  }

  public func text(_ key: String) throws(FileError) -> String? {
    try value(key, "text") { if case .text(let text) = $0 { text } else { nil } }
  }

  public func flag(_ key: String) throws(FileError) -> Bool? {
    try value(key, "a flag") { if case .flag(let flag) = $0 { flag } else { nil } }
  }

  public func integer(_ key: String) throws(FileError) -> Int? {
    try value(key, "an integer") { if case .integer(let number) = $0 { number } else { nil } }
  }

  public func number(_ key: String) throws(FileError) -> Double? {
    try value(key, "a number") {
      switch $0 {
      case .number(let number): number
      case .integer(let number): Double(number)
      default: nil
      }
    }
  }

  public func texts(_ key: String) throws(FileError) -> [String]? {
    try value(key, "a list of texts") { if case .texts(let texts) = $0 { texts } else { nil } }
  }

  public func integers(_ key: String) throws(FileError) -> [Int]? {
    try value(key, "a list of integers") { if case .integers(let numbers) = $0 { numbers } else { nil } }
  }

  public func numbers(_ key: String) throws(FileError) -> [Double]? {
    try value(key, "a list of numbers") { if case .numbers(let numbers) = $0 { numbers } else { nil } }
  }
}
