import SwiftletRuntime

/// Packs each matrix once, however many layers multiply by it.
struct MatrixMaker {
  private let constants: [String: Graph.Constant]
  private let file: StoredWeights
  private let instructionSet: InstructionSet
  private var known: [String: PackedLinear] = [:]
  private(set) var packed: [PackedLinear] = []

  init(_ program: LanguageProgram, _ file: StoredWeights, _ instructionSet: InstructionSet) {
    constants = Dictionary(program.constants.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    (self.file, self.instructionSet) = (file, instructionSet)
  }

  func constant(_ name: String) -> Graph.Constant? { constants[name] }

  mutating func callAsFunction(_ projections: [LanguageProgram.Projection]) throws(SessionError) -> [Matrix] {
    var matrices: [Matrix] = []
    for projection in projections { matrices.append(try self(projection)) }
    return matrices
  }

  mutating func callAsFunction(_ projection: LanguageProgram.Projection) throws(SessionError) -> Matrix {
    guard let constant = constants[projection.weight] else { preconditionFailure("there is no \(projection.weight)") }
    var layer = known[projection.weight]
    if layer == nil {
      let made = try PackedLinear(
        constant, groups: 1, inIntegers: Matrix.isOfIntegers(constant), tokens: 1, instructionSet: instructionSet)
      known[projection.weight] = made
      packed.append(made)
      layer = made
    }
    guard let layer else { preconditionFailure("\(projection.weight) was not packed") }
    return Matrix(layer, constant, bias: projection.bias, in: file)
  }
}
