/// What a plan may cost, as written on a command line.
///
/// | text | meaning |
/// |---|---|
/// | `flops=0.4` | at most 0.4 of the dense network's multiply-adds |
/// | `flops=1.96G` | at most 1.96 billion multiply-adds; `k`, `M` and `G` are powers of 1000 |
/// | `flops=0.38..0.42` | between the two, ends included |
/// | `bytes=1.2M`, `bytes=0.3` | of packed weights, or as a share of the dense network's in fp32 |
/// | `kv=0.2`, `kv=10k` | of the bytes that a cache keeps of each token, as a share of keys and values in 16 bits or in bytes |
/// | `ms=12` | milliseconds of a forward pass, on an accelerator with measured times |
/// | `time=0.5` | the share of the dense network's time on an accelerator |
///
/// Up to 1, `flops`, `bytes` and `kv` are shares. A single number is a ceiling: a search looks between 95 % of the costliest
/// plan that the ceiling allows and the ceiling, for cheaper plans are hardly better.
public struct Budget: Hashable, Sendable {
  /// What is limited.
  public enum Quantity: String, Hashable, Sendable, CaseIterable {
    case flops, bytes, kv, ms, time
  }

  /// A limit in the quantity's own unit, or relative to the dense network.
  public enum Amount: Hashable, Sendable {
    case absolute(Double)
    case share(Double)
  }

  public let quantity: Quantity
  /// Nil for a single number.
  public let lower: Amount?
  public let upper: Amount
  /// As it was written.
  public let text: String

  /// The share of the costliest allowed plan's cost that a search goes down to when only a ceiling is given.
  static let lowestShareOfCeiling = 0.95

  /// - Throws: ``BudgetTextError``, which says what is expected.
  public init(parsing text: String) throws(BudgetTextError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let quantity = Quantity(rawValue: String(parts[0])) else { throw BudgetTextError(text) }
    let value = String(parts[1])
    let ends: [String]
    if let dots = value.firstRange(of: "..") {
      ends = [String(value[..<dots.lowerBound]), String(value[dots.upperBound...])]
    } else {
      ends = [value]
    }
    var amounts: [Amount] = []
    for end in ends {
      guard let amount = Self.amount(end, of: quantity) else { throw BudgetTextError(text) }
      amounts.append(amount)
    }
    (self.quantity, self.text) = (quantity, text)
    (lower, upper) = (amounts.count == 2 ? amounts[0] : nil, amounts[amounts.count - 1])
  }

  private static func amount(_ text: String, of quantity: Quantity) -> Amount? {
    var digits = Substring(text)
    var factor = 1.0
    if let letter = digits.last, let power = ["k": 1e3, "M": 1e6, "G": 1e9][String(letter)] {
      (digits, factor) = (digits.dropLast(), power)
    }
    let allowed = digits.allSatisfy { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "e" || $0 == "-") }
    guard allowed, let number = Double(digits), number.isFinite, number >= 0 else { return nil }
    switch quantity {
    case .flops, .bytes, .kv: return factor == 1 && number <= 1 ? .share(number) : .absolute(number * factor)
    case .ms: return factor == 1 ? .absolute(number) : nil
    case .time: return factor == 1 ? .share(number) : nil
    }
  }

  /// The totals that a search may visit, both ends included; there is a plan for each end.
  ///
  /// - Throws: ``UnmetBudgetError`` with the reachable range if there is no such plan, ``BudgetError`` if the costs have
  ///   no common unit.
  public func window(in costs: PlanCosts) throws -> ClosedRange<Int> {
    guard quantity.units.contains(costs.unit) else { throw BudgetUnitError(quantity: quantity, unit: costs.unit) }
    let high = total(upper, in: costs, rounding: .down)
    let low = lower.map { total($0, in: costs, rounding: .up) } ?? costs.range.lowerBound
    let unmet = UnmetBudgetError(budget: self, costs: costs)
    guard low <= high else { throw unmet }
    let reached = try Self.reachable(low...high, in: costs, orThrow: unmet)
    if lower != nil { return reached }
    let floor = Int((Self.lowestShareOfCeiling * Double(reached.upperBound)).rounded(.up))
    return try Self.reachable(min(floor, reached.upperBound)...reached.upperBound, in: costs, orThrow: unmet)
  }

  private static func reachable(
    _ window: ClosedRange<Int>, in costs: PlanCosts, orThrow unmet: UnmetBudgetError
  ) throws -> ClosedRange<Int> {
    let budget = window.lowerBound.clampedSubtracting(costs.fixed)...window.upperBound.clampedSubtracting(costs.fixed)
    do {
      guard let sums = try BudgetTable(costs: costs.levels, budget: budget).reachable else { throw unmet }
      return sums.lowerBound + costs.fixed...sums.upperBound + costs.fixed
    } catch BudgetError.unsatisfiable {
      throw unmet
    }
  }

  private func total(_ amount: Amount, in costs: PlanCosts, rounding: FloatingPointRoundingRule) -> Int {
    let value =
      switch amount {
      case .absolute(let number): quantity == .ms ? number * 1e6 : number
      case .share(let share): share * Double(costs.dense)
      }
    return Int(exactly: value.rounded(rounding)) ?? .max
  }
}

extension Budget {
  /// What the plans of a space cost in the quantity that this limits.
  ///
  /// - Throws: ``BudgetUnitError`` if the quantity needs an accelerator or a cache that is not there; what the costs throw.
  public func costs(
    of space: SearchSpace, in network: MultiplyAdds, on accelerator: Accelerator?
  ) throws -> PlanCosts {
    switch quantity {
    case .flops: return try .multiplyAdds(of: space, in: network)
    case .bytes: return try .packedBytes(of: space, in: network)
    case .kv: return try .cacheBytes(of: space, in: network.slots)
    case .ms, .time:
      guard let accelerator else { throw BudgetUnitError(quantity: quantity, unit: .multiplyAdds) }
      return try accelerator.costs(of: space, in: network).rounded()
    }
  }
}

extension Budget: CustomStringConvertible {
  public var description: String { text }
}

extension Budget.Quantity {
  /// The costs that this limits.
  public var units: [PlanCosts.Unit] {
    switch self {
    case .flops: [.multiplyAdds]
    case .bytes: [.bytes]
    case .kv: [.cacheBytes]
    case .ms: [.nanoseconds]
    case .time: [.nanoseconds, .denseMultiplyAdds]
    }
  }
}

/// A budget that cannot be read.
public struct BudgetTextError: Error, Hashable, Sendable, CustomStringConvertible {
  public let text: String

  init(_ text: String) { self.text = text }

  public var description: String {
    "“\(text)” is no budget: write flops=0.4 or flops=1.96G, bytes=1.2M, kv=0.2, ms=12, time=0.5, or a window such as "
      + "flops=0.38..0.42"
  }
}

/// A budget in a quantity that the costs at hand do not measure.
public struct BudgetUnitError: Error, Hashable, Sendable, CustomStringConvertible {
  public let quantity: Budget.Quantity
  public let unit: PlanCosts.Unit

  public init(quantity: Budget.Quantity, unit: PlanCosts.Unit) { (self.quantity, self.unit) = (quantity, unit) }

  public var description: String {
    switch quantity {
    case .ms: "ms= needs measured times: choose an accelerator that swiftlet bench calibrate has written"
    case .time: "time= needs an accelerator: give --accelerator"
    case .kv: "kv= needs a network that remembers keys and values of earlier tokens"
    case .flops, .bytes: "\(quantity.rawValue)= does not limit \(unit.rawValue)"
    }
  }
}

/// No plan of the space meets a budget.
public struct UnmetBudgetError: Error, Hashable, Sendable, CustomStringConvertible {
  public let budget: Budget
  public let costs: PlanCosts

  public var description: String {
    let range = costs.range
    func share(_ total: Int) -> String { "\((Double(total) / Double(costs.dense) * 1e4).rounded() / 1e4)" }
    return "no plan meets \(budget): this space reaches \(costs.unit.text(range.lowerBound)) to "
      + "\(costs.unit.text(range.upperBound)), \(share(range.lowerBound)) to \(share(range.upperBound)) of the dense network, "
      + "and not every total between"
  }
}

extension Int {
  fileprivate func clampedSubtracting(_ other: Int) -> Int {
    let (difference, overflows) = subtractingReportingOverflow(other)
    return overflows ? (self < 0 ? .min : .max) : difference
  }
}
