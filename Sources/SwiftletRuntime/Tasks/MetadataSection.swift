/// A section of a graph's metadata: what a program must know to read the outputs of one task, or to make an input.
///
/// A section refuses unknown keys when it is read, and whatever contradicts the graph when that is validated.
protocol MetadataSection: Hashable, Sendable, Codable {
  func check(against graph: Graph) throws(Graph.Mismatch)
}

extension Graph {
  /// The shape of an output that a section names.
  func shape(ofOutput name: String) throws(Mismatch) -> Shape {
    guard outputs.contains(name), let value = value(named: name) else {
      throw Mismatch("\(name) is no output of the graph")
    }
    return value.shape
  }

  /// Names of what an output's numbers stand for: some, different, none empty.
  static func checkNames(_ names: [String], of what: String) throws(Mismatch) {
    guard !names.isEmpty, names.count <= Limit.parts, names.allSatisfy({ !$0.isEmpty }), Set(names).count == names.count
    else { throw Mismatch("the names of \(what) are none, too many, empty or there twice") }
  }

  /// Outputs that a section names: some, each once.
  static func checkOutputs(_ names: [String]) throws(Mismatch) {
    guard !names.isEmpty, Set(names).count == names.count else {
      throw Mismatch("it names no output, or one of \(names) twice")
    }
  }
}
