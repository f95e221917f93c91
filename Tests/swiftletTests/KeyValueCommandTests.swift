import Foundation
import SwiftletTensor
import TestSupport
import Testing

@testable import swiftlet

/// Runs the built `swiftlet` as a shell does, from a model of others to small keys and values.
@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct KeyValueCommandTests {
  private static let text = (0..<60).map { "Line \($0) tells of \($0 * 7919 % 1000) sheep.\n" }.joined()

  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(Array(text.utf8), to: "text")
    let (status, said) = try OutputPathTests.run(["import", ImportCommandTests.golden, "--out", "m"], in: folder.url)
    #expect(status == 0, "\(said)")
    return folder
  }

  @Test func `a model is compressed, searched and compared`() throws {
    let folder = try Self.folder()
    func run(_ arguments: String) throws -> String {
      let (status, text) = try OutputPathTests.run(arguments.split(separator: " ").map(String.init), in: folder.url)
      #expect(status == 0, "\(arguments): \(text)")
      return text
    }
    let compressed = try run(
      "compress --method palu --checkpoint m --keep 0.5 --bits 4 --calibrate text --window 32 --windows 4 --out p")
    #expect(compressed.contains("p: 32 bytes a token of 128 in 16 bits, 0.2500 of them, 16 of them grids"))
    #expect(try run("plan p/plan.json --checkpoint p").contains("32 B a token, 0.2500 of the 128 B in 16 bits"))
    _ = try run(
      "compress --method palu --checkpoint m --keep 0.5 --bits 4 --ranks uniform --newest-whole 8 --calibrate text "
        + "--window 32 --windows 4 --out w")
    let whole = try run("plan w/plan.json --checkpoint w --context 100")
    #expect(
      whole.contains("at 100 tokens, 8 newest of them whole") && whole.contains("8 newest tokens whole"), "\(whole)")
    #expect(
      try run("eval p --against m --metric perplexity --data text --window 32").contains("KL divergence from m: mean "))

    try folder.write(
      Array(
        """
        task: keys-and-values
        calibration: {files: [text], windows: 4, window: 32}
        levels: {headGroups: [1], shares: [0.5, 1], step: 2, bits: [4, 8, 16]}
        search: {judged: {files: [text], windows: 2, window: 32}}
        """.utf8), to: "search.yaml")
    let search = "search search.yaml --checkpoint m --data . --budget kv=0.4 --out found/plan.json"
    #expect(try run(search).contains("of 16 bits"))
    #expect(try run(search).contains(" 0 of them measured now"))
    #expect(
      try run("compress --method palu --checkpoint m --recipe search.yaml --data . --plan found/plan.json --out s")
        .contains("of 128 in 16 bits"))
    // A plan is for the method that it was searched with.
    for other in ["--set method.weighsKeys=true", "--rotation none"] {
      let (status, said) = try OutputPathTests.run(
        ("compress --method palu --checkpoint m --recipe search.yaml --data . --plan found/plan.json --out t " + other)
          .split(separator: " ").map(String.init), in: folder.url)
      #expect(status == 1 && said.contains("the plan was made for “eigen, hadamard rotation”"), "\(other): \(said)")
    }
    #expect(try run("report found/plan.trace.jsonl --out report.html").contains("report.html"))

    try folder.write(
      Array(
        """
        task: compare-keys-and-values
        calibration: {files: [text], windows: 4, window: 32}
        judged: [{files: [text], windows: 2, window: 32}]
        settings:
          - {kind: low-rank, keep: 0.5, bits: 4, step: 2}
          - {kind: low-rank, keep: 0.5, layerGroup: 2, step: 2}
          - {kind: whole, keyBits: 4, valueBits: 4}
        """.utf8), to: "compare.yaml")
    let compared = try run("compare compare.yaml --checkpoint m --data . --out compared.jsonl")
    #expect(compared.contains("layers by 2") && compared.contains("3/3  whole, 4-bit keys, 4-bit values"))
  }

  @Test func `each failure has its status and its sentence`() throws {
    let folder = try Self.folder()
    let compress = "compress --method palu --checkpoint m --out q"
    try folder.write(
      Array(
        """
        task: keys-and-values
        calibration: {files: [text], windows: 4, window: 32}
        levels: {headGroups: [1], step: 2}
        search: {judged: {files: [text], windows: 2, window: 32}}
        """.utf8), to: "search.yaml")
    try folder.write(
      Array(
        """
        task: compare-keys-and-values
        calibration: {files: [text], windows: 4, window: 32}
        judged: [{files: [text], windows: 2, window: 32}]
        settings: [{kind: low-rank, keep: 0.5, headGroup: 1, step: 2}]
        """.utf8), to: "compare.yaml")
    let search = "search search.yaml --checkpoint m --data . --out q"
    let compare = "compare compare.yaml --checkpoint m --data . --out q"
    for (arguments, expected, part) in [
      ("\(compress) --keep 0.5 --group 3 --calibrate text", 1, "2 heads do not fall into groups of 3"),
      ("\(compress) --keep 0.5 --layers 3 --calibrate text", 1, "2 layers do not fall into groups of 3"),
      ("\(compress) --keep 0 --calibrate text", 64, "--keep is above 0"),
      ("\(compress) --keep 0.5 --bits 5 --calibrate text", 64, "--bits is 16, 8, 4, 3 or 2"),
      ("\(compress) --keep 0.5", 64, "give --calibrate"),
      ("\(compress) --keep 0.5 --pattern 2:4 --calibrate text", 64, "--pattern is for pruning"),
      ("\(compress) --keep 0.5 --calibrate gone", 66, "gone cannot be used as a text"),
      ("\(compress) --keep 0.5 --calibrate m/model.safetensors", 66, "is no text in UTF-8"),
      (
        "\(compress) --keep 0.5 --calibrate text --set method.seed=2", 64, "--set changes the recipe: give --recipe too"
      ),
      (
        "\(compress) --keep 0.01 --calibrate text", 1,
        "a share of 0.01 of the ranks cannot be met, the least ranks are 0.5"
      ),
      (
        "\(compress) --budget kv=3 --bits 4 --calibrate text", 1,
        "3 bytes a token cannot be met, the least ranks take 32"
      ),
      ("\(search) --budget flops=0.5", 1, "does not limit what a cache keeps: give --budget kv=0.2"),
      ("\(search) --budget kv=0.01", 1, "no plan meets kv=0.01"),
      ("\(search) --budget kv=0.3 --set levels.bits=[5]", 64, "levels.bits is [5], expected some of"),
      ("\(search) --budget kv=0.3 --set levels.headGroups=[3]", 1, "2 heads do not fall into groups of 3"),
      ("\(search) --budget kv=0.3 --set calibration.window=9999", 1, "calibration (text): the text has"),
      ("\(compare) --set settings=[{\"kind\":\"whole\",\"keyBits\":5}]", 64, "settings[0].keyBits is 5, expected 16"),
      ("\(compare) --set judged=[]", 64, "judged is empty"),
      ("compare search.yaml --checkpoint m --data . --out q", 1, "task is 'keys-and-values'"),
      ("compress --checkpoint m --keep 0.5 --pattern 2:4 --out q", 64, "--keep is for --method palu"),
      ("compress --method palu --checkpoint m --keep 0.5 --calibrate text --out m", 1, "holds files already"),
    ] as [(String, Int32, String)] {
      let (status, text) = try OutputPathTests.run(
        arguments.split(separator: " ").map(String.init), in: folder.url)
      #expect(status == expected && text.contains(part), "\(arguments): \(status) \(text)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("q")))
    for (task, command) in [("keys-and-values", "search"), ("compare-keys-and-values", "compare")] {
      try folder.write(Array("task: \(task)\n".utf8), to: "other.yaml")
      let (status, said) = try OutputPathTests.run(["train", "other.yaml"], in: folder.url)
      #expect(status == 64 && said.contains("other.yaml trains nothing: it is for swiftlet \(command)"), "\(said)")
    }
  }
}
