import Foundation
import TestSupport
import Testing

@testable import SwiftletFiles

@Suite struct JSONLinesTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path("lines.jsonl") }

  init() throws { folder = try TemporaryFolder() }

  private func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func `lines are appended, and read back`() throws {
    let writer = try JSONLinesWriter(continuing: path)
    try writer.append(["loss": 0.5])
    try writer.append(["loss": Double.infinity])
    #expect(try text() == "{\"loss\":0.5}\n{\"loss\":\"inf\"}\n")
    #expect(try JSONLines.read([String: Double].self, from: path) == [["loss": 0.5], ["loss": .infinity]])
    #expect(JSONLines.first(of: path) == Array("{\"loss\":0.5}".utf8))
  }

  @Test func `a line that was cut short is passed over, and cut off before the next`() throws {
    try folder.write(Array("[1]\n\n[2]\n[3".utf8), to: "lines.jsonl")
    #expect(try JSONLines.read([Int].self, from: path) == [[1], [2]])
    try JSONLinesWriter(continuing: path).append([4])
    #expect(try text() == "[1]\n\n[2]\n[4]\n")
    try folder.write(Array("[3".utf8), to: "lines.jsonl")
    #expect(try JSONLines.read([Int].self, from: path).isEmpty)
    try JSONLinesWriter(continuing: path).append([4])
    #expect(try text() == "[4]\n")
  }

  @Test func `a file is begun anew whole`() throws {
    try folder.write(Array("[1]\n".utf8), to: "lines.jsonl")
    try JSONLinesWriter(replacing: path, with: [[2], [3]]).append([4])
    #expect(try text() == "[2]\n[3]\n[4]\n")
  }

  @Test func `a line that is something else is told by its number`() throws {
    try folder.write(Array("[1]\n{}\n".utf8), to: "lines.jsonl")
    #expect(throws: JSONLines.Malformed(line: 2)) { try JSONLines.read([Int].self, from: path) }
    #expect(throws: FileError.self) { try JSONLines.read([Int].self, from: folder.path("none")) }
    #expect(JSONLines.first(of: folder.path("none")) == nil)
    #expect(throws: FileError.unwritable(.open, code: ENOENT)) { try JSONLinesWriter(continuing: "/nowhere/lines") }
  }
}
