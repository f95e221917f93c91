import Foundation
import TestSupport
import Testing

@testable import swiftlet

/// Runs the built `swiftlet tokenize` as a shell does.
@Suite(.serialized) struct TokenizeCommandTests {
  private static func run(_ arguments: [String], input: [UInt8], in folder: URL) throws -> (Int32, [UInt8]) {
    let process = Process()
    process.executableURL = OutputPathTests.executable
    process.arguments = ["tokenize", ImportCommandTests.golden] + arguments
    process.currentDirectoryURL = folder
    let (standardInput, standardOutput) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput, process.standardError) =
      (standardInput, standardOutput, standardOutput)
    try process.run()
    try standardInput.fileHandleForWriting.write(contentsOf: Data(input))
    try standardInput.fileHandleForWriting.close()
    let bytes = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, [UInt8](bytes))
  }

  /// Law: the text comes back byte for byte, of standard input as of a file, with bytes that are no text.
  @Test func `standard input becomes ids, and ids a text`() throws {
    let folder = try TemporaryFolder()
    let input = Array("ab \u{20ac}\n".utf8) + [0xff, 0x00, 0xe2]
    let (status, ids) = try Self.run(["--no-special"], input: input, in: folder.url)
    #expect(status == 0 && ids.last == 0x0a && ids.filter { $0 == 0x0a }.count == 1)
    #expect(try Self.run(["-", "--decode"], input: ids, in: folder.url) == (0, input))
    try folder.write(input, to: "text")
    #expect(try Self.run(["text", "--no-special"], input: [], in: folder.url) == (0, ids))
    let (_, count) = try Self.run(["text", "--count", "--json"], input: [], in: folder.url)
    #expect(String(decoding: count, as: UTF8.self).hasPrefix("{\"bytes\":10,\"bytesPerToken\":"))
  }

  @Test func `each failure has its status and one line`() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("1 -2".utf8), to: "ids")
    for (arguments, expected, part) in [
      (["gone"], 66, "gone cannot be opened"),
      (["ids", "--decode"], 1, "ids, line 1: \"-2\" is no token id"),
    ] as [([String], Int32, String)] {
      let (status, bytes) = try Self.run(arguments, input: [], in: folder.url)
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(status == expected && text.contains(part), "\(arguments): \(status) \(text)")
      #expect(text.hasPrefix("error: ") && text.split(separator: "\n").count == 1, "\(text)")
    }
    let (status, bytes) = try Self.run(["--count", "--pieces"], input: [], in: folder.url)
    #expect(status == 64 && String(decoding: bytes, as: UTF8.self).contains("give one of --pieces and --count"))
  }
}
