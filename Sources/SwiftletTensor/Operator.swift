import CSwiftletTorch

/// One operator of libtorch, by its schema name: `Operator("aten::add.Tensor")`.
///
/// Every tensor operation passes ``call(_:file:line:)``, where ``recordingOperations(_:)`` can listen.
public struct Operator: @unchecked Sendable {
  /// Such as `aten::add.Tensor`: namespace, name and overload.
  public let name: String
  let handle: swt_operator

  /// - Precondition: libtorch has an operator of this name.
  public init(_ name: String, file: StaticString = #fileID, line: UInt = #line) {
    do { self = try Operator.named(name) } catch { fatalError(error.description, file: file, line: line) }
  }

  /// The operator of this name, for names that come from outside the program.
  ///
  /// - Throws: ``TensorError`` when libtorch has none.
  public static func named(_ name: String) throws(TensorError) -> Operator {
    var (base, overload) = (name, "")
    if let dot = name.lastIndex(of: ".") {
      base = String(name[..<dot])
      overload = String(name[name.index(after: dot)...])
    }
    Torch.keepToAvailableProcessors
    var handle: swt_operator?
    guard swt_operator_find(base, overload, &handle) == 0, let handle else { throw .last("Operator(\"\(name)\")") }
    return Operator(name: name, handle: handle)
  }

  private init(name: String, handle: swt_operator) {
    (self.name, self.handle) = (name, handle)
  }

  /// The schema: arguments with their types and defaults, and results.
  public var schema: String {
    text { swt_operator_schema(handle, $0) }
  }

  /// The arguments' names, in order.
  public var argumentNames: [String] {
    text { swt_operator_argument_names(handle, $0) }.split(separator: "\n").map(String.init)
  }

  private func text(_ fetch: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> swt_status) -> String {
    var text: UnsafeMutablePointer<CChar>?
    guard fetch(&text) == 0, let text else { fatalError(TensorError.last(name).description) }
    defer { swt_free(text) }
    return String(cString: text)
  }

  /// The results for `arguments` in schema order; those left out at the end take the schema's defaults.
  ///
  /// A failure stops the program at the caller's line; inside ``withError(_:)`` it answers one placeholder.
  public func call(_ arguments: [Value], file: StaticString = #fileID, line: UInt = #line) -> [Value] {
    perform(arguments, file, line) { results in results.map { Value(taking: $0) } }
      ?? [.tensor(.placeholder(for: arguments))]
  }

  /// The only result, a tensor.
  public func callAsFunction(_ arguments: Value..., file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    tensor(arguments, file, line)
  }

  // The fast path: no array of results.
  func tensor(_ arguments: [Value], _ file: StaticString, _ line: UInt) -> Tensor {
    let tensor: Tensor?? = perform(arguments, file, line) { results in
      if let first = results.first, first.tag == SWT_TENSOR, let pointer = first.u.p {
        return Tensor(owning: swt_tensor(pointer))
      }
      for result in results { _ = Value(taking: result) }
      return nil
    }
    switch tensor {
    case .some(.some(let tensor)): return tensor
    case .some(.none): fatalError("\(name): the first result is not a tensor", file: file, line: line)
    case .none: return .placeholder(for: arguments)
    }
  }

  /// The first `count` results, all tensors.
  func tensors(_ count: Int, _ arguments: [Value], _ file: StaticString, _ line: UInt) -> [Tensor] {
    let tensors = call(arguments, file: file, line: line).prefix(count).compactMap(\.asTensor)
    if tensors.count == count { return tensors }
    guard ErrorScope.hasFailed else {
      fatalError("\(name): fewer than \(count) tensors came back", file: file, line: line)
    }
    return (0..<count).map { _ in .placeholder(for: arguments) }
  }

  /// The only result, a list of tensors.
  func list(_ arguments: [Value], _ file: StaticString, _ line: UInt) -> [Tensor] {
    call(arguments, file: file, line: line).first?.allTensors ?? []
  }

  /// The one place every operation passes. Answers nil after a failure inside `withError`.
  func perform<Result>(
    _ arguments: [Value], _ file: StaticString, _ line: UInt, _ take: (UnsafeBufferPointer<swt_value>) -> Result
  ) -> Result? {
    if ErrorScope.hasFailed { return nil }
    let valueBytes = MemoryLayout<swt_value>.stride * arguments.count
    let resultBytes = MemoryLayout<swt_value>.stride * Int(SWT_RESULT_LIMIT)
    var byteCount = valueBytes + resultBytes
    for argument in arguments { byteCount += argument.scratchByteCount }
    return withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 16) { memory -> Result? in
      guard let base = memory.baseAddress else { return nil }
      let values = base.bindMemory(to: swt_value.self, capacity: arguments.count)
      let results = (base + valueBytes).bindMemory(to: swt_value.self, capacity: Int(SWT_RESULT_LIMIT))
      var scratch = base + valueBytes + resultBytes
      for (i, argument) in arguments.enumerated() { (values + i).initialize(to: argument.lower(&scratch)) }
      var count: Int32 = 0
      let status = withExtendedLifetime(arguments) {
        swt_operator_call(handle, values, Int32(arguments.count), results, &count)
      }
      guard check(status, describe(arguments), file, line) else { return nil }
      let taken = UnsafeBufferPointer(start: results, count: Int(count))
      OperationRecorder.current?.note(self, arguments, taken)
      return take(taken)
    }
  }

  /// For messages: the name and the shapes of the tensors that came in.
  private func describe(_ arguments: [Value]) -> String {
    let shapes = arguments.flatMap(\.allTensors).prefix(8).map { "\($0.dataType)\($0.shape)" }
    return shapes.isEmpty ? name : "\(name)(\(shapes.joined(separator: ", ")))"
  }
}

extension Tensor {
  /// What a failed operation answers inside `withError`.
  static func placeholder(for arguments: [Value]) -> Tensor {
    var shape = arguments.lazy.flatMap(\.allTensors).first?.shape ?? []
    // What failed may have lacked memory: a large one would trap.
    if shape.reduce(1, *) > 1 << 22 { shape = shape.map { _ in 1 } }
    return Tensor([Float](repeating: .nan, count: shape.reduce(1, *)), shape: shape)
  }
}
