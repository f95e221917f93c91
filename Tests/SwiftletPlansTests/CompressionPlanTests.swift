import Foundation
import SwiftletRuntime
import TestSupport
import Testing

@testable import SwiftletPlans

@Suite struct CompressionPlanTests {
  static let plan = CompressionPlan([
    "blocks.10.attn.qkv": LayerChoice(pattern: SparsityPattern(keeping: 1, of: 4), precision: .int8),
    "blocks.2.mlp.fc1": LayerChoice(pattern: SparsityPattern(keeping: 4, of: 4), precision: .bf16),
    "blocks.2.attn.proj": LayerChoice(pattern: SparsityPattern(keeping: 3, of: 8)),
  ])

  @Test func `the file has a line a layer in the order of the blocks`() {
    #expect(
      Self.plan.json == """
        {
          "format": "swiftlet.plan",
          "version": 1,
          "layers": [
            { "layer": "blocks.2.attn.proj", "pattern": "3:8", "precision": "fp32" },
            { "layer": "blocks.2.mlp.fc1", "pattern": "4:4", "precision": "bf16" },
            { "layer": "blocks.10.attn.qkv", "pattern": "1:4", "precision": "int8" }
          ]
        }

        """)
  }

  @Test func `a plan reads back from its file and from nested JSON`() throws {
    let odd = CompressionPlan(["a \"quoted\\\u{1}\" päth": LayerChoice(pattern: .dense)])
    for plan in [Self.plan, CompressionPlan(), odd] {
      #expect(try CompressionPlan(json: Data(plan.json.utf8)) == plan)
      #expect(try JSONDecoder().decode([CompressionPlan].self, from: JSONEncoder().encode([plan])) == [plan])
    }
  }

  @Test func `a plan with other decisions is version 2, with a line of what was decided`() throws {
    var pruned = LayerChoice()
    pruned.pattern = SparsityPattern(keeping: 2, of: 4)
    let plan = CompressionPlan([
      "layers.1.k": LayerChoice(rank: 96, headGroup: 4, keyBits: 4), "layers.0.fc1": pruned,
      "layers.2.all": LayerChoiceTests.everything, "layers.3.none": LayerChoice(),
    ])
    #expect(
      plan.json == """
        {
          "format": "swiftlet.plan",
          "version": 2,
          "layers": [
            { "layer": "layers.0.fc1", "pattern": "2:4" },
            { "layer": "layers.1.k", "rank": 96, "headGroup": 4, "keyBits": 4 },
            { "layer": "layers.2.all", "pattern": "2:4", "rank": 96, "headGroup": 4, "layerGroup": 2, "precision": "int8", \
        "groupSize": 64, "activationBits": 8, "latentGroup": 32, "keyBits": 4, "valueBits": 3, "observer": "99.99" },
            { "layer": "layers.3.none" }
          ]
        }

        """)
    #expect(try CompressionPlan(json: Data(plan.json.utf8)) == plan)
    #expect(try JSONDecoder().decode([CompressionPlan].self, from: JSONEncoder().encode([plan])) == [plan])
  }

  @Test func `a plan that was found for a method is version 3, and says so`() throws {
    let plan = CompressionPlan(["layers.1.k": LayerChoice(rank: 96)], for: "eigen, \"turned\"")
    #expect(
      plan.json == #"""
        {
          "format": "swiftlet.plan",
          "version": 3,
          "method": "eigen, \"turned\"",
          "layers": [
            { "layer": "layers.1.k", "rank": 96 }
          ]
        }

        """#)
    #expect(try CompressionPlan(json: Data(plan.json.utf8)) == plan)
    #expect(try JSONDecoder().decode([CompressionPlan].self, from: JSONEncoder().encode([plan])) == [plan])
  }

  /// A plan of version 1 that version 2 spells differently is the same plan.
  @Test func `both versions read to the same plan`() throws {
    let second = Self.plan.json.replacing("\"version\": 1", with: "\"version\": 2")
    #expect(try CompressionPlan(json: Data(second.utf8)) == Self.plan)
  }

  @Test(arguments: [
    (#"{"layer":"a","rank":0}"#, "layers[0].rank: 0, expected 1 to 1048576"),
    (#"{"layer":"a","keyBits":17}"#, "layers[0].keyBits: 17, expected 1 to 16"),
    (
      #"{"layer":"a","observer":"guess"}"#,
      "layers[0].observer: found “guess”, expected least-squares, min-max or a percentile such as 99.99"
    ),
    (
      #"{"layer":"a","rnak":8}"#,
      "layers[0]: unknown key \"rnak\"; did you mean rank?"
    ),
  ])
  func `a line of version 2 is checked`(line: String, reason: String) {
    let text = #"{"format":"swiftlet.plan","version":2,"layers":[\#(line)]}"#
    #expect(throws: CompressionPlanError.malformed(reason)) { try CompressionPlan(json: Data(text.utf8)) }
  }

  @Test func `a file of either version is known as a plan, and as one that was written`() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "plan-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    for plan in [Self.plan, CompressionPlan(["a": LayerChoice(rank: 3)])] {
      try plan.write(to: file)
      #expect(CompressionPlan.isPlan(at: file) && CompressionPlan.isWritten(at: file))
      try Data((plan.json + " ").utf8).write(to: file)
      #expect(CompressionPlan.isPlan(at: file) && !CompressionPlan.isWritten(at: file))
    }
  }

  static let line = #"{ "layer": "a", "pattern": "2:4", "precision": "fp32" }"#

  @Test(arguments: [
    (
      #"{"format":"swiftlet.plan","version":1,"layers":[],"comment":""}"#,
      "unknown key \"comment\"; known keys are format, layers, method, version"
    ),
    (
      #"{"format":"swiftlet.plan","version":4,"layers":[]}"#,
      "version: this program reads versions 1 to 3, the plan has version 4"
    ),
    (
      #"{"format":"swiftlet.plan","version":2,"method":"a","layers":[]}"#,
      "method: a plan of version 2 has no method"
    ),
    (#"{"format":"other","version":1,"layers":[]}"#, "format: expected “swiftlet.plan”, found “other”"),
    (#"{"version":1,"layers":[]}"#, "the key \"format\" is missing"),
    (#"{"format":"swiftlet.plan","version":1,"layers":{}}"#, "layers: expected a list here"),
    (#"{"format":"swiftlet.plan","version":1,"layers":[\#(line),\#(line)]}"#, "layers[2]: layer a is named twice"),
    (
      #"{"format":"swiftlet.plan","version":1,"layers":[{"layer":"a","pattern":"5:4","precision":"fp32"}]}"#,
      "layers[0].pattern: pattern 5:4 keeps more than it has: N:M needs N <= M, such as 2:4"
    ),
    (
      #"{"format":"swiftlet.plan","version":1,"layers":[{"layer":"a","patern":"2:4","precision":"fp32"}]}"#,
      "layers[0]: unknown key \"patern\"; did you mean pattern?"
    ),
  ])
  func `a malformed file is refused in one sentence`(text: String, reason: String) {
    #expect(throws: CompressionPlanError.malformed(reason)) { try CompressionPlan(json: Data(text.utf8)) }
  }

  @Test(arguments: [
    "", "{", "[]", "null", "\u{0}",
    #"{"format":"swiftlet.plan","version":1,"layers":[{"layer":"a","pattern":"2:4","precision":"fp64"}]}"#,
  ])
  func `other text is refused`(text: String) {
    #expect(throws: CompressionPlanError.self) { try CompressionPlan(json: Data(text.utf8)) }
  }

  /// Bytes of a plan changed, dropped and doubled: it reads back as some plan or throws, and never ends the process.
  @Test(arguments: 0..<300)
  func `damaged files are read or refused`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    var bytes = Array(Self.plan.json.utf8)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(contentsOf: bytes[place...].prefix(40), at: place)
      default: bytes.removeLast(bytes.count - place - 1)
      }
    }
    do throws(CompressionPlanError) {
      let plan = try CompressionPlan(json: Data(bytes))
      #expect(plan.choices.values.allSatisfy { $0.sparsity.kept <= $0.sparsity.group })
    } catch {
      #expect(error.description.hasPrefix("this is no compression plan: "))
    }
  }

  @Test func `a plan file is written whole and read back`() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "plan-\(UUID().uuidString)")
    let file = directory.appending(path: "plan.json")
    #expect(throws: CompressionPlanError.self) { try Self.plan.write(to: file) }
    #expect(throws: CompressionPlanError.self) { try CompressionPlan(contentsOf: file) }
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try Self.plan.write(to: file)
    #expect(try CompressionPlan(contentsOf: file) == Self.plan)
    try Data("{}".utf8).write(to: file)
    #expect(throws: CompressionPlanError.malformed("\(file.path): the key \"format\" is missing")) {
      try CompressionPlan(contentsOf: file)
    }
  }

  @Test func `validation names the layer and the way out`() {
    let layers = [(0, 12), (1, 10)].map { block, inputs in
      Slot(block: "blocks.\(block)", role: "mlp.fc1", inputs: inputs, outputs: 4, positions: 1)
    }
    let half = SparsityPattern(keeping: 2, of: 4)
    let indivisible = CompressionPlan.uniform(half, layers: layers.map(\.path))
    #expect(throws: CompressionPlanError.indivisible(path: "blocks.1.mlp.fc1", inputs: 10, pattern: half)) {
      try indivisible.validate(for: layers)
    }
    #expect(
      CompressionPlanError.indivisible(path: "blocks.1.mlp.fc1", inputs: 10, pattern: half).description
        == "blocks.1.mlp.fc1 has 10 inputs, which groups of 4 do not divide: choose a pattern other than 2:4 for it")
    #expect(throws: CompressionPlanError.unknownLayer(path: "head", known: layers.map(\.path))) {
      try CompressionPlan.uniform(.dense, layers: ["head"]).validate(for: layers)
    }
    #expect(throws: Never.self) {
      try CompressionPlan.uniform(half, layers: ["blocks.0.mlp.fc1"]).validate(for: layers)
    }
  }
}
