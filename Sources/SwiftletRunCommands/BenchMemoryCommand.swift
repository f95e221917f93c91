import ArgumentParser
import SwiftletBenchmarkKit
import SwiftletFiles
import SwiftletLanguage
import SwiftletRuntime
import SwiftletTerminal

/// `bench memory`: attention of one token to a long text, alone, by what is kept of keys and values.
public struct BenchMemoryCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "memory", abstract: "Time attention to long texts alone, by what is kept of keys and values.",
    discussion: """
      One layer with random numbers, one new token. What is kept is told as KEYS/VALUES, each f32, f16, bf16, the bits of \
      whole heads (8, 4, 3, 2), or rRANKxBITS@HEADS for latents that stand for so many heads, without xBITS in f16. All \
      take turns in one process, beside what a plain read of memory reaches here.
      """)

  @Option(help: "The heads: llama2 (32 of 128), llama3 (32 on 8 of 128), smollm2 (9 on 3 of 64).")
  var shape = ShapeWord.llama2
  @Option(help: "What is kept, separated by commas; the first one is what others are told beside.")
  var kept = ListOption(
    [KeptName("f16/f16"), KeptName("4/4"), KeptName("3/2"), KeptName("3/r256x3@4")].compactMap(\.self))
  @Option(help: "Tokens of the text, separated by commas.") var context = ListOption([4096, 16384])
  @Option(help: "Threads.") var threads = processorCount()
  @Option(help: "Timed rounds.") var rounds = 10
  @Flag(help: "Keys are not turned by positions, so that latents are read as they are.") var unplaced = false
  @Flag(help: "Print one JSON object a line.") var json = false

  public init() {}

  enum ShapeWord: String, ExpressibleByArgument, CaseIterable {
    case llama2, llama3, smollm2

    var shape: AttentionShape {
      switch self {
      case .llama2: .llama2
      case .llama3: .llama3
      case .smollm2: .smolLM2
      }
    }
  }

  struct Line: Encodable {
    let shape, kept, isa: String
    let context, threads, bytes: Int
    /// Of the bytes in 16 bits.
    let share: Double
    let ms, medianMs, gigabytesPerSecond, speedUp, readGigabytesPerSecond: Double
  }

  public func validate() throws {
    guard rounds >= 1 else { throw ValidationError("--rounds is \(rounds): at least one is needed") }
    guard (1...ThreadPool.limit).contains(threads) else {
      throw ValidationError("--threads is \(threads), expected 1 to \(ThreadPool.limit)")
    }
    guard context.values.allSatisfy({ (1...1 << 22).contains($0) }) else {
      throw ValidationError("--context takes numbers from 1 to \(1 << 22)")
    }
    for kept in kept.values {
      if let reason = kept.mismatch(with: shape.shape) { throw ValidationError("\(kept.text): \(reason)") }
    }
  }

  public func run() throws {
    let shape = shape.shape
    var table = Table(columns: [
      .number("tokens"), .text("kept"), .number("of 16 bits"), .number("ms"), .number("median"), .number("GB/s"),
      .number("of a read"), .number("speed-up"),
    ])
    for tokens in context.values {
      let memories = try kept.values.map { kept in
        let (keys, values) = kept.memories(of: shape)
        return try RandomMemory(shape, keys: keys, values: values, turned: !unplaced, tokens: tokens, threads: threads)
      }
      let read = try MachinePeaks.measure(threads: threads, precisions: []).gigabytesPerSecond
      let timings = try InterleavedTiming.measure(
        rounds: rounds, repeats: 3, memories.map { memory in { memory.run() } })
      for (kept, (memory, timing)) in zip(kept.values, zip(memories, timings)) {
        let speed = Double(memory.byteCount) / timing.best * 1e-6
        let share = Double(memory.byteCount) / Double(tokens * shape.plainBytesPerToken)
        let line = Line(
          shape: self.shape.rawValue, kept: kept.text, isa: InstructionSet.best.rawValue, context: tokens,
          threads: threads, bytes: memory.byteCount, share: share, ms: timing.best, medianMs: timing.median,
          gigabytesPerSecond: speed, speedUp: timings[0].best / timing.best, readGigabytesPerSecond: read)
        if json {
          try printJSON(line)
        } else {
          table.append([
            "\(tokens)", kept.text, share.text(decimals: 4), timing.best.text(decimals: 3),
            timing.median.text(decimals: 3), speed.text(decimals: 1), (speed / read).text(decimals: 2),
            line.speedUp.text(decimals: 2),
          ])
        }
      }
    }
    if !json { try StandardOutput.print(table.text) }
  }
}

/// `3/r96x4@3`: keys in 3 bits, values as latents of rank 96 in 4 bits for three heads each.
struct KeptName: ExpressibleByArgument, Sendable {
  let text: String
  private let keys, values: Side

  private struct Side {
    var rank: Int?
    var bits = 0
    var heads = 1
    var numbers = LanguageProgram.Memory.Format.float16

    init?(_ text: Substring) {
      switch text {
      case "f16": return
      case "bf16": numbers = .bfloat16
      case "f32": numbers = .float32
      case "8", "4", "3", "2": bits = Int(text) ?? 0
      default:
        guard text.first == "r" else { return nil }
        let parts = text.dropFirst().split(separator: "@", omittingEmptySubsequences: false)
        let numbers = parts[0].split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let heads = Int(parts[1]), heads > 0, (1...2).contains(numbers.count),
          let rank = numbers[0], rank > 0
        else { return nil }
        (self.rank, self.heads) = (rank, heads)
        if numbers.count == 2 {
          guard let bits = numbers[1], [8, 4, 3, 2].contains(bits) else { return nil }
          self.bits = bits
        }
      }
    }

    func memory(of shape: AttentionShape) -> LanguageProgram.Memory {
      let width = rank ?? shape.headWidth
      return LanguageProgram.Memory(
        bits == 0 ? numbers : .codes(bits: bits, slice: width), parts: shape.keyHeads / heads, width: width,
        up: rank == nil ? nil : "up")
    }
  }

  init?(_ text: String) { self.init(argument: text) }

  init?(argument: String) {
    let sides = argument.split(separator: "/", omittingEmptySubsequences: false)
    guard sides.count == 2, let keys = Side(sides[0]), let values = Side(sides[1]) else { return nil }
    (text, self.keys, self.values) = (argument, keys, values)
  }

  var defaultValueDescription: String { text }

  /// Why it cannot be kept; nil where it can.
  func mismatch(with shape: AttentionShape) -> String? {
    for side in [keys, values] {
      guard shape.keyHeads.isMultiple(of: side.heads) else {
        return "\(side.heads) do not divide \(shape.keyHeads) heads"
      }
      if let rank = side.rank, rank > side.heads * shape.headWidth {
        return "\(side.heads) heads of \(shape.headWidth) have no rank \(rank)"
      }
    }
    return nil
  }

  func memories(of shape: AttentionShape) -> (keys: LanguageProgram.Memory, values: LanguageProgram.Memory) {
    (keys.memory(of: shape), values.memory(of: shape))
  }
}
