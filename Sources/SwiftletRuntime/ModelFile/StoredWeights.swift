/// The constants of one of a container's programs: each is there, of its type, shape and size, and holds numbers that
/// kernels may trust. The weights stay in the file, mapped.
package struct StoredWeights: Sendable {
  package let constants: [Graph.Constant]
  let container: ModelContainer
  /// Where each stored tensor lies in the container's bytes.
  let ranges: [String: Range<Int>]

  /// - Precondition: the constants are valid.
  package init(
    _ constants: [Graph.Constant], ofProgram kind: String, in container: ModelContainer
  ) throws(ModelFileError) {
    (self.constants, self.container) = (constants, container)
    ranges = try container.places(of: constants.flatMap(\.storedTensors), for: kind)
    for constant in constants { try check(constant) }
  }

  /// The bytes of a stored tensor.
  ///
  /// - Precondition: the name is one of `constant.storedTensors` of a constant of the program.
  package func tensor(_ name: String) -> UnsafeRawBufferPointer {
    guard let range = ranges[name] else { preconditionFailure("\(name) is no tensor of \(container.path)") }
    return UnsafeRawBufferPointer(rebasing: container.content.bytes[range])
  }
}
