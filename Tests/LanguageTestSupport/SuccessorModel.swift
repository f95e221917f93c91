import Foundation
import SwiftletLanguage
import SwiftletRuntime
import SwiftletText

/// A language model that says behind each token always the same one: its layers add nothing to a token, each of which lies along
/// an axis of its own.
public struct SuccessorModel {
  /// By token; those that are not named say the end.
  public var successors: [Int: Int]
  public var contextLength = 64
  public var tokenizer = ByteTokenizer.chat

  public init(_ successors: [Int: Int]) { self.successors = successors }

  /// Says the letters of a text in its order, and behind the last one the first again, or the end.
  public init(saying text: String, thenEnding: Bool = false) {
    let bytes = text.utf8.map(Int.init)
    precondition(Set(bytes).count == bytes.count, "SuccessorModel: each byte has one successor")
    successors = Dictionary(uniqueKeysWithValues: zip(bytes, bytes.dropFirst() + (thenEnding ? [] : bytes.prefix(1))))
  }

  public func write(to file: URL) throws {
    let (width, headWidth, hidden, vocabulary) = (ByteTokenizer.vocabulary, 8, 8, ByteTokenizer.vocabulary)
    var constants: [EncodedConstant] = []
    func add(_ name: String, _ shape: [Int], _ value: (Int) -> Float) throws {
      constants.append(
        try EncodedConstant(name: name, shape: shape, floats: (0..<shape.reduce(1, *)).map(value)))
    }
    try add("embedding", [vocabulary, width]) { $0 / width == $0 % width ? 1 : 0 }
    try add("head", [vocabulary, width]) { place in
      (successors[place % width] ?? ByteTokenizer.end) == place / width ? 1 : 0
    }
    try add("norm", [width]) { _ in 1 }
    try add("inputs", [3 * headWidth, width]) { _ in 0 }
    try add("output", [width, headWidth]) { _ in 0 }
    try add("gates", [2 * hidden, width]) { _ in 0 }
    try add("down", [width, hidden]) { _ in 0 }
    let memory = LanguageProgram.Memory(.float32, parts: 1, width: headWidth)
    let layer = LanguageProgram.Layer(
      attentionNorm: "norm", attentionInputs: [.init(weight: "inputs")], keys: memory, values: memory,
      attentionOutput: .init(weight: "output"), feedForwardNorm: "norm", feedForwardInputs: [.init(weight: "gates")],
      feedForwardOutput: .init(weight: "down"))
    let program = LanguageProgram(
      name: "successors", vocabulary: vocabulary, contextLength: contextLength, width: width, headWidth: headWidth,
      heads: 1, keyHeads: 1, hidden: hidden, normEpsilon: 1e-6, positions: .none, embedding: "embedding",
      layers: [layer], norm: "norm", head: .init(weight: "head"), ends: [ByteTokenizer.end],
      constants: constants.map(\.constant))
    try program.write(constants: constants, tokenizer: tokenizer, to: file)
  }
}
