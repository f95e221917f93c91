import TestSupport
import Testing

@testable import SwiftletFiles

@Suite struct JSONWritingTests {
  private func parsed(_ text: String) throws -> JSONValue {
    try Array(text.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
  }
  private func written(_ value: JSONValue) -> String { String(decoding: value.prettyBytes, as: UTF8.self) }

  @Test func `what was read is written with the same keys, order and numbers`() throws {
    let text = """
      {
        "b": 1e-05,
        "a": [
          1,
          true,
          null,
          "é \\"x\\" \\n"
        ],
        "empty": {},
        "none": [],
        "wide": 9007199254740993
      }

      """
    #expect(written(try parsed(text)) == text)
  }

  @Test func `a key gets another value at its place, a new one stands at the end`() throws {
    var value = try parsed("{\"a\": 1, \"b\": 2}")
    value.set("a", to: .flag(true))
    value.set("c", to: .number(Float(1e-5)))
    #expect(written(value) == "{\n  \"a\": true,\n  \"b\": 2,\n  \"c\": 1e-05\n}\n")
  }
}
