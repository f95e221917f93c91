import CSwiftletTorch

/// Runs `body` with matrix products and convolutions in `type`, and what needs range or precision in float32.
///
/// Parameters stay float32 and so do their gradients. Holds for the calling thread; run `backward` outside.
///
/// - Precondition: `type` is `.bfloat16` or `.float16`.
public func withAutocast<Result>(
  _ type: DataType = .bfloat16, device: Device = .cpu, file: StaticString = #fileID, line: UInt = #line,
  _ body: () throws -> Result
) rethrows -> Result {
  precondition(
    type == .bfloat16 || type == .float16, "withAutocast(\(type)): expected .bfloat16 or .float16", file: file,
    line: line)
  return try withAutocast(enabled: true, type, device, file, line, body)
}

/// Runs `body` in the tensors' own precision, inside `withAutocast` too.
public func withoutAutocast<Result>(
  device: Device = .cpu, file: StaticString = #fileID, line: UInt = #line, _ body: () throws -> Result
) rethrows -> Result {
  try withAutocast(enabled: false, .bfloat16, device, file, line, body)
}

private func withAutocast<Result>(
  enabled: Bool, _ type: DataType, _ device: Device, _ file: StaticString, _ line: UInt, _ body: () throws -> Result
) rethrows -> Result {
  var before = swt_autocast()
  guard check(swt_autocast_enter(device.code, enabled, type.rawValue, &before), "withAutocast(\(type))", file, line)
  else { return try body() }
  defer { check(swt_autocast_leave(device.code, before), "withAutocast(\(type))", file, line) }
  return try body()
}
