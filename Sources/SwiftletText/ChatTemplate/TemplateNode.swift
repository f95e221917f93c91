/// A part of a template that gives a value.
indirect enum TemplateExpression: Sendable {
  enum Operator: String, Sendable {
    case and, or
    case equal = "=="
    case unequal = "!="
    case less = "<"
    case greater = ">"
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case contains = "in"
    case plus = "+"
    case minus = "-"
    case times = "*"
    case quotient = "//"
    case remainder = "%"
    case joined = "~"
  }

  enum Test: String, Sendable, CaseIterable {
    case defined, undefined, none, string, mapping, sequence, iterable, number, integer, boolean, odd, even
    case `true`, `false`
    case equalTo = "equalto"

    var parameterCount: Int { self == .equalTo ? 1 : 0 }
  }

  enum Filter: String, Sendable, CaseIterable {
    case trim, length, count, upper, lower, first, last, join, string, list, tojson, safe, `default`, reverse, items
    case replace

    /// Of Jinja's and transformers' those that are carried out.
    var parameters: [String] {
      switch self {
      case .trim: ["chars"]
      case .join: ["d"]
      case .tojson: ["indent"]
      case .default: ["default_value", "boolean"]
      case .replace: Method.replace.parameters
      case .length, .count, .upper, .lower, .first, .last, .string, .list, .safe, .reverse, .items: []
      }
    }
  }

  enum Method: String, Sendable, CaseIterable {
    case strip, lstrip, rstrip, split, startswith, endswith, upper, lower, replace, get, items, keys, values

    /// Of Python's those that are carried out.
    var parameters: [String] {
      switch self {
      case .strip, .lstrip, .rstrip: ["chars"]
      case .split: ["sep"]
      case .startswith: ["prefix"]
      case .endswith: ["suffix"]
      case .replace: ["old", "new"]
      case .get: ["key", "default"]
      case .upper, .lower, .items, .keys, .values: []
      }
    }
  }

  enum Function: String, Sendable, CaseIterable {
    case raise = "raise_exception"
    case namespace, range

    var parameterCount: Int {
      switch self {
      case .raise: 1
      case .namespace: 0  // Only such as are named.
      case .range: 3
      }
    }
  }

  struct Arguments: Sendable {
    var values: [TemplateExpression] = []
    var named: [(name: String, value: TemplateExpression)] = []
  }

  case constant(TemplateValue)
  case name(String)
  case list([TemplateExpression])
  case object([(key: TemplateExpression, value: TemplateExpression)])
  case member(TemplateExpression, TemplateExpression)
  case slice(TemplateExpression, from: TemplateExpression?, to: TemplateExpression?, step: TemplateExpression?)
  case not(TemplateExpression)
  case negative(TemplateExpression)
  case binary(Operator, TemplateExpression, TemplateExpression)
  case conditional(TemplateExpression, condition: TemplateExpression, otherwise: TemplateExpression?)
  case test(TemplateExpression, Test, Arguments)
  case filter(TemplateExpression, Filter, Arguments)
  case method(TemplateExpression, Method, Arguments)
  case function(Function, Arguments)
}

/// A part of a template that writes or changes something.
indirect enum TemplateStatement: Sendable {
  case text(String)
  case output(TemplateExpression)
  case condition([(condition: TemplateExpression?, body: [TemplateStatement])])
  /// Two names take a pair apart.
  case loop(
    names: [String], TemplateExpression, filter: TemplateExpression?, body: [TemplateStatement],
    otherwise: [TemplateStatement])
  case set(String, TemplateExpression)
  /// `{% set namespace.member = … %}`
  case setMember(String, member: String, TemplateExpression)
  /// `{% set name %} … {% endset %}`
  case capture(String, [TemplateStatement])
}
