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
  }

  enum Filter: String, Sendable, CaseIterable {
    case trim, length, count, upper, lower, first, last, join, string, list, tojson, safe, `default`, reverse, items
    case replace
  }

  enum Method: String, Sendable, CaseIterable {
    case strip, lstrip, rstrip, split, startswith, endswith, upper, lower, replace, get, items, keys, values
  }

  enum Function: String, Sendable, CaseIterable {
    case raise = "raise_exception"
    case namespace, range
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
