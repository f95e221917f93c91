import SwiftletFiles

extension TemplateRenderer {
  mutating func evaluate(_ expression: TemplateExpression) throws(TokenizerError) -> TemplateValue {
    switch expression {
    case .constant(let value): return value
    case .name(let name): return value(of: name)
    case .list(let expressions):
      return try made(.list(try evaluate(all: expressions)))
    case .object(let entries):
      var members: [(key: String, value: TemplateValue)] = []
      var places: [[UInt8]: Int] = [:]
      for (key, value) in entries {
        let (key, value) = (try printed(try evaluate(key)), try evaluate(value))
        // Of equal keys the last value counts, at the first one's place, as in Python.
        if let place = places[Array(key.utf8)] {
          members[place].value = value
        } else {
          places[Array(key.utf8)] = members.count
          members.append((key, value))
        }
      }
      return try made(.object(members))
    case .member(let base, let key): return try member(try evaluate(base), try evaluate(key))
    case .slice(let base, let from, let to, let step):
      return try slice(try evaluate(base), try bound(from), try bound(to), try bound(step))
    case .not(let expression): return .flag(try !evaluate(expression).isTrue)
    case .negative(let expression):
      guard case .integer(let value) = try evaluate(expression) else {
        throw .damaged("the chat template negates what is no number")
      }
      return .integer(0 &- value)
    case .binary(let operation, let left, let right): return try binary(operation, left, right)
    case .conditional(let value, let condition, let otherwise):
      if try evaluate(condition).isTrue { return try evaluate(value) }
      return try otherwise.map { (other) throws(TokenizerError) in try evaluate(other) } ?? .undefined
    case .test(let value, let test, let arguments):
      return .flag(try self.test(try evaluate(value), test, try evaluate(all: arguments.values)))
    case .filter(let value, let filter, let arguments): return try self.filter(try evaluate(value), filter, arguments)
    case .method(let value, let method, let arguments): return try self.method(try evaluate(value), method, arguments)
    case .function(let function, let arguments): return try call(function, arguments)
    }
  }

  /// Pays for a value of others that is small by itself; what is in it may be large, and deep.
  mutating func made(_ value: TemplateValue) throws(TokenizerError) -> TemplateValue {
    _ = try weigh(value)
    return value
  }

  /// A value as Python prints it.
  mutating func printed(_ value: TemplateValue) throws(TokenizerError) -> String {
    _ = try weigh(value)
    return value.printed
  }

  private mutating func evaluate(all expressions: [TemplateExpression]) throws(TokenizerError) -> [TemplateValue] {
    var values: [TemplateValue] = []
    for expression in expressions { values.append(try evaluate(expression)) }
    return values
  }

  private mutating func bound(_ expression: TemplateExpression?) throws(TokenizerError) -> Int? {
    guard let expression else { return nil }
    switch try evaluate(expression) {
    case .null: return nil
    case .integer(let value): return value
    case let other: throw .damaged("a slice of the chat template has \(other.kind) as a bound")
    }
  }

  private mutating func member(_ base: TemplateValue, _ key: TemplateValue) throws(TokenizerError) -> TemplateValue {
    switch (base, key) {
    case (.object(let members), .text(let key)):
      try pass(through: base)
      return members.value(of: key) ?? .undefined
    case (.namespace(let index), .text(let key)): return namespaces[index][key] ?? .undefined
    case (.list(let values), .integer(let index)):
      let place = index < 0 ? index &+ values.count : index
      return values.indices.contains(place) ? values[place] : .undefined
    case (.text(let text), .integer(let index)):
      try pass(through: base)
      let scalars = Array(text.unicodeScalars)
      let place = index < 0 ? index &+ scalars.count : index
      return scalars.indices.contains(place) ? .text(String(scalars[place])) : .undefined
    case (.undefined, _): throw .damaged("the chat template takes \(key.printed.quotedAsJSON) of an undefined value")
    default: return .undefined
    }
  }

  private mutating func slice(
    _ base: TemplateValue, _ from: Int?, _ to: Int?, _ step: Int?
  ) throws(TokenizerError) -> TemplateValue {
    /// Python's rules: negative bounds count from the end, a negative step goes backwards.
    func places(_ count: Int) throws(TokenizerError) -> [Int] {
      let step = step ?? 1
      guard step == 1 || step == -1 else {
        throw .unsupported("the chat template slices with step \(step), which is not carried out")
      }
      let limits = step > 0 ? 0...count : -1...(count - 1)
      func place(_ bound: Int?, _ otherwise: Int) -> Int {
        guard let bound else { return otherwise }
        return min(max(bound < 0 ? bound + count : bound, limits.lowerBound), limits.upperBound)
      }
      let (start, end) = step > 0 ? (place(from, 0), place(to, count)) : (place(from, count - 1), place(to, -1))
      return Array(stride(from: start, to: end, by: step))
    }
    try pass(through: base)
    switch base {
    case .list(let values): return .list(try places(values.count).map { values[$0] })
    case .text(let text):
      let scalars = Array(text.unicodeScalars)
      return .text(String(String.UnicodeScalarView(try places(scalars.count).map { scalars[$0] })))
    default: throw .damaged("the chat template slices \(base.kind)")
    }
  }

  private mutating func binary(
    _ operation: TemplateExpression.Operator, _ left: TemplateExpression, _ right: TemplateExpression
  ) throws(TokenizerError) -> TemplateValue {
    let a = try evaluate(left)
    switch operation {
    case .and: return a.isTrue ? try evaluate(right) : a
    case .or: return a.isTrue ? a : try evaluate(right)
    default: break
    }
    let b = try evaluate(right)
    switch (operation, a, b) {
    case (.equal, _, _): return .flag(try equals(a, b))
    case (.unequal, _, _): return .flag(try !equals(a, b))
    case (.joined, _, _):
      try make(try weigh(a) + weigh(b))
      return .text(a.printed + b.printed)
    case (.contains, .text(let part), .text(let text)):
      return .flag(part.isEmpty ? true : try count(of: part, in: text) > 0)
    case (.contains, _, .list(let values)):
      _ = try weigh(b)
      return .flag(values.contains { $0 == a })
    case (.contains, .text(let key), .object(let members)):
      try pass(through: b)
      return .flag(members.value(of: key) != nil)
    case (.contains, _, .undefined): return .flag(false)
    case (.plus, .text(let x), .text(let y)):
      try make(x.utf8.count + y.utf8.count)
      return .text(x + y)
    case (.plus, .list(let x), .list(let y)):
      try make((x.count + y.count) * TemplateValue.ownWeight)
      return try made(.list(x + y))
    case (.less, .text(let x), .text(let y)): return .flag(precedes(x, y))
    case (.greater, .text(let x), .text(let y)): return .flag(precedes(y, x))
    case (.lessOrEqual, .text(let x), .text(let y)): return .flag(!precedes(y, x))
    case (.greaterOrEqual, .text(let x), .text(let y)): return .flag(!precedes(x, y))
    case (_, .integer(let x), .integer(let y)): return try compute(operation, x, y)
    default:
      throw .damaged("the chat template computes \(a.kind) \(operation.rawValue) \(b.kind), which is not possible")
    }
  }

  private mutating func equals(_ a: TemplateValue, _ b: TemplateValue) throws(TokenizerError) -> Bool {
    _ = try weigh(a)
    return a == b
  }

  private func precedes(_ x: String, _ y: String) -> Bool {
    x.unicodeScalars.lexicographicallyPrecedes(y.unicodeScalars)
  }

  private func compute(_ operation: TemplateExpression.Operator, _ x: Int, _ y: Int) throws(TokenizerError)
    -> TemplateValue
  {
    switch operation {
    case .less: return .flag(x < y)
    case .greater: return .flag(x > y)
    case .lessOrEqual: return .flag(x <= y)
    case .greaterOrEqual: return .flag(x >= y)
    case .plus: return .integer(x &+ y)
    case .minus: return .integer(x &- y)
    case .times: return .integer(x &* y)
    case .quotient, .remainder:
      guard y != 0, y != -1 else { throw .damaged("the chat template divides by \(y)") }
      // Python rounds down, so that the rest has the divisor's sign.
      let (quotient, rest) = x.quotientAndRemainder(dividingBy: y)
      let isDown = rest != 0 && (rest < 0) != (y < 0)
      return .integer(operation == .remainder ? (isDown ? rest + y : rest) : (isDown ? quotient - 1 : quotient))
    default: throw .damaged("the chat template computes a number \(operation.rawValue) a number, which is not possible")
    }
  }

  private mutating func test(
    _ value: TemplateValue, _ test: TemplateExpression.Test, _ arguments: [TemplateValue]
  ) throws(TokenizerError) -> Bool {
    switch (test, value) {
    case (.undefined, .undefined), (.none, .null), (.string, .text), (.mapping, .object), (.number, .integer),
      (.integer, .integer), (.boolean, .flag), (.true, .flag(true)), (.false, .flag(false)),
      (.sequence, .list), (.sequence, .text), (.sequence, .object), (.iterable, .list), (.iterable, .text),
      (.iterable, .object), (.iterable, .undefined), (.sequence, .undefined):
      return true
    case (.defined, .undefined): return false
    case (.defined, _): return true
    case (.odd, .integer(let number)): return number % 2 != 0
    case (.even, .integer(let number)): return number % 2 == 0
    case (.equalTo, _):
      guard let other = arguments.first else { throw .damaged("the chat template's test equalto has no value") }
      return try equals(value, other)
    default: return false
    }
  }

  private mutating func call(
    _ function: TemplateExpression.Function, _ arguments: TemplateExpression.Arguments
  ) throws(TokenizerError) -> TemplateValue {
    let values = try evaluate(all: arguments.values)
    switch function {
    case .raise:
      throw .unsupported("the chat template refuses the conversation: \(values.first?.printed ?? "")")
    case .namespace:
      var members: [String: TemplateValue] = [:]
      for (name, value) in arguments.named { members[name] = try evaluate(value) }
      namespaces.append(members)
      return .namespace(namespaces.count - 1)
    case .range:
      var bounds: [Int] = []
      for value in values {
        guard case .integer(let bound) = value, (-1 << 16...1 << 16).contains(bound) else {
          throw .unsupported("the chat template counts to \(value.printed)")
        }
        bounds.append(bound)
      }
      let step = bounds.count > 2 ? bounds[2] : 1
      guard (1...3).contains(bounds.count), step != 0 else { throw .damaged("the chat template's range has no end") }
      let (start, end) = bounds.count > 1 ? (bounds[0], bounds[1]) : (0, bounds[0])
      return try made(.list(stride(from: start, to: end, by: step).map { .integer($0) }))
    }
  }
}

extension [(key: String, value: TemplateValue)] {
  /// By the key's bytes: as `String` two that look alike would be equal.
  func value(of key: String) -> TemplateValue? { first { $0.key.utf8.elementsEqual(key.utf8) }?.value }
}
