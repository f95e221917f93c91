import ArgumentParser
import SwiftletBenchmarkKit
import SwiftletRuntime

/// Values separated by commas: `--threads 1,2`.
package struct ListOption<Element: ExpressibleByArgument & Sendable>: ExpressibleByArgument, Sendable {
  package let values: [Element]

  package init(_ values: [Element]) { self.values = values }

  package init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    values = parts.compactMap(Element.init(argument:))
    guard values.count == parts.count else { return nil }
  }

  package var defaultValueDescription: String { values.map(\.defaultValueDescription).joined(separator: ",") }
}

extension Precision: ExpressibleByArgument {}

/// `dense`, or a pattern such as `2:4`.
package struct PatternName: ExpressibleByArgument, Sendable, CustomStringConvertible {
  package static let denseName = "dense"
  package static let usual = [
    PatternName(pattern: .dense), PatternName(pattern: SparsityPattern(keeping: 2, of: 4)),
    PatternName(pattern: SparsityPattern(keeping: 1, of: 4)),
  ]

  package let pattern: SparsityPattern

  package init(pattern: SparsityPattern) { self.pattern = pattern }

  package init?(argument: String) {
    if argument == Self.denseName {
      pattern = .dense
    } else {
      guard let pattern = try? SparsityPattern(parsing: argument) else { return nil }
      self.pattern = pattern
    }
  }

  package var description: String { pattern.isDense ? Self.denseName : pattern.description }
  package var defaultValueDescription: String { description }
}

/// `1576x384x1536`: tokens, inputs, outputs.
struct ShapeName: ExpressibleByArgument, Sendable, CustomStringConvertible {
  /// The linear layers of DeiT-S at batch 8 and 1, and of DeiT-B.
  static let usual = [
    (1576, 384, 1536), (1576, 1536, 384), (1576, 768, 3072), (197, 384, 1536), (197, 768, 768),
  ].map { ShapeName(size: Gemm.Size(tokens: $0.0, inputs: $0.1, outputs: $0.2)) }

  let size: Gemm.Size

  init(size: Gemm.Size) { self.size = size }

  init?(argument: String) {
    let numbers = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 3, let tokens = numbers[0], let inputs = numbers[1], let outputs = numbers[2],
      [tokens, inputs, outputs].allSatisfy({ (1...65536).contains($0) })
    else { return nil }
    size = Gemm.Size(tokens: tokens, inputs: inputs, outputs: outputs)
  }

  var description: String { "\(size.tokens)x\(size.inputs)x\(size.outputs)" }
  var defaultValueDescription: String { description }
}

/// The name of an instruction set that this processor runs.
struct InstructionSetName: ExpressibleByArgument, Sendable {
  let value: InstructionSet

  init?(argument: String) {
    guard let value = InstructionSet(rawValue: argument), InstructionSet.best.includes(value) else { return nil }
    self.value = value
  }
}
