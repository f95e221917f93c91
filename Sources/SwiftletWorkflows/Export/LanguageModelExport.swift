import Foundation
import SwiftletExport
import SwiftletFiles
import SwiftletLanguage
import SwiftletModels
import SwiftletRuntime
import SwiftletTensor
import SwiftletTerminal

/// From a language model's folder, plain or with compressed keys and values, to one model file for the runtime, compared
/// with libtorch before it is written.
///
/// ```swift
/// var export = LanguageModelExport(of: try LanguageModelFolder(URL(filePath: "models/smollm2-palu")))
/// export.exporter.weights = .int4(groupSize: 32)
/// print(try export.write(to: URL(filePath: "small.swiftlet")))
/// ```
public struct LanguageModelExport {
  public let source: LanguageModelFolder
  public var exporter = LanguageExporter()
  public var threads = processorCount()

  public init(of source: LanguageModelFolder) { self.source = source }

  /// Writes the model file, and nothing where its scores are not libtorch's.
  ///
  /// - Throws: `ExportError`, ``ExportCheckError``, `LanguageError`, or `ModelFileError`.
  public func write(to file: URL) throws -> Result {
    let name = file.deletingPathExtension().lastPathComponent
    let (program, constants) = try exporter.export(source.model, name: name)
    let container = try program.container(constants: constants, tokenizer: source.tokenizer)
    let difference = try differenceFromTorch(LanguageModel(container, threads: threads), program)
    try container.write(to: file)
    return Result(program, file: file.relativePath, bytes: container.byteCount, difference: difference)
  }

  /// What was written, for people and for programs.
  public struct Result: Encodable, CustomStringConvertible {
    public let file: String
    public let bytes: Int
    /// On tokens that make no sense, relative to the greatest score.
    public let differenceFromTorch: Double
    /// Bytes that are kept of a token, and what that is of keys and values in 16 bits.
    public let memoryBytesPerToken, memoryShare: Double

    init(_ program: LanguageProgram, file: String, bytes: Int, difference: Double) {
      (self.file, self.bytes, differenceFromTorch) = (file, bytes, difference)
      memoryBytesPerToken = program.memoryBytesPerToken
      memoryShare = memoryBytesPerToken / Double(program.plainMemoryBytesPerToken)
    }

    public var description: String {
      let isWhole = memoryBytesPerToken == memoryBytesPerToken.rounded()
      return
        "\(file): \(bytes) bytes; \(memoryBytesPerToken.text(decimals: isWhole ? 0 : 1)) bytes are kept of a token, "
        + String(format: "%.3f", memoryShare)
        + " of those in 16 bits; scores on drawn tokens differ from libtorch's by at "
        + "most " + String(format: "%.2g", differenceFromTorch) + " of the greatest"
    }
  }

  /// Tokens that both read.
  private static let checkedTokens = 48

  private func differenceFromTorch(_ found: LanguageModel, _ program: LanguageProgram) throws -> Double {
    var random = SplitMix64(seed: 7)
    let tokens = (0..<min(Self.checkedTokens, program.contextLength)).map { _ in
      Int.random(in: 0..<program.vocabulary, using: &random)
    }
    let expected = withNoGradient {
      source.model(Tensor(tokens.map(Int64.init), shape: [1, tokens.count])).cast(to: .float32)
    }.scalars(as: Float.self)
    var scores: [Float] = []
    var text = found.makeSequence()
    try found.forEachScores(after: tokens, in: &text) { _, own in scores += own }
    let difference = try ExportCheckError.relativeDifference(scores, from: expected, isExact: false)
    if let most = exactness(of: program), difference > most { throw ExportCheckError.differs(relative: difference) }
    return difference
  }

  /// The most that scores may differ by where nothing is rounded but numbers in 16 bits; nil where more is.
  private func exactness(of program: LanguageProgram) -> Double? {
    let formats = program.layers.flatMap { [$0.keys.format, $0.values.format] }
    guard exporter.weights == .fp32, exporter.tableWeights ?? .fp32 == .fp32,
      !formats.contains(where: { if case .codes = $0 { true } else { false } })
    else { return nil }
    return formats.allSatisfy { $0 == .float32 } ? ExportCheckError.rounding : 20 * ExportCheckError.rounding
  }
}
