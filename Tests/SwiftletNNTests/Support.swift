import SwiftletNN
import SwiftletTensor

/// Two layers and a norm, the first layer twice: enough structure for every rule about modules.
final class Sample: Layer {
  @Child var first: any Layer
  @Child var list: [any Layer]
  @Child var onlyNorm: BatchNorm
  @Child var optional: (any Layer)?
  @Parameter var someScale: Tensor
  @Buffer var seenCount: Tensor
  @Child var again: any Layer

  static let pathNames = ["someScale": "gamma", "again": "first_again"]

  init(using generator: Generator) {
    let shared = Linear(inputs: 4, outputs: 4, using: generator)
    first = shared
    list = [Linear(inputs: 4, outputs: 4, bias: false, using: generator), Dropout(rate: 0.5)]
    onlyNorm = BatchNorm(channels: 2)
    optional = nil
    someScale = .parameterOfOnes([4])
    seenCount = .zeros([], dataType: .int64)
    again = shared
  }

  private init(sharing other: Sample) {
    first = other.first
    list = other.list
    onlyNorm = other.onlyNorm
    optional = other.optional
    someScale = other.someScale
    seenCount = other.seenCount
    again = other.again
  }

  func shallowCopy() -> Sample { Sample(sharing: self) }

  func callAsFunction(_ x: Tensor) -> Tensor {
    again(list.reduce(first(x)) { $1($0) } * someScale)
  }
}

class Wide: Module {
  @Child var inherited: any Layer
  @Child var list: [any Layer]

  class var pathNames: [String: String] { ["list": ""] }

  required init(inherited: any Layer, list: [any Layer]) {
    self.inherited = inherited
    self.list = list
  }

  func shallowCopy() -> Self { Self(inherited: inherited, list: list) }
}

final class Narrow: Wide {
  @Parameter var own: Tensor = .parameterOfOnes([2])

  convenience init(using generator: Generator) {
    self.init(
      inherited: Linear(inputs: 2, outputs: 2, bias: false, using: generator),
      list: [Linear(inputs: 2, outputs: 2, bias: false, using: generator)])
  }
}

final class Misspelt: Module {
  @Parameter var scale: Tensor? = nil
  static let pathNames = ["scael": "gamma"]
  func shallowCopy() -> Misspelt { Misspelt() }
}
