import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletModels
import SwiftletNN
import SwiftletPlans
import SwiftletTensor

/// A language model with low-rank keys and values as a folder: that of the network, with two matrices in the place of one, the
/// plan in `plan.json`, and in `cache.json` what a cache does besides.
///
/// `model.layers.0.self_attn.k_proj` holds `down` `[groups · rank, inputs]` and `up` `[groups, outputs, rank]`.
struct CacheFile: Codable, Hashable {
  static let name = "cache.json", planName = "plan.json"
  private static let format = "swiftlet.cache", version = 1

  /// Of whole heads in few bits; that of latents is in their weights.
  var rotation: LatentRotation
  var seed: Int
  var whole: WholeTokens

  private enum Key: String, CodingKey, CaseIterable { case format, version, rotation, seed, newestWhole, firstWhole }

  init(_ method: LowRankMethod) { (rotation, seed, whole) = (method.rotation, method.seed, method.whole) }

  init(contentsOf file: URL) throws(LowRankError) {
    do { self = try StrictJSON.decode(CacheFile.self, from: Data(contentsOf: file)) } catch let error as DecodingError {
      throw .cacheFile(file.path, reason: StrictJSON.sentence(of: error))
    } catch {
      throw .cacheFile(file.path, reason: reason(of: error))
    }
  }

  var method: LowRankMethod {
    var method = LowRankMethod()
    (method.rotation, method.seed, method.whole) = (rotation, seed, whole)
    return method
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: Key.self)
    let format = try container.decode(String.self, forKey: .format)
    let version = try container.decode(Int.self, forKey: .version)
    guard format == Self.format, version == Self.version else {
      throw DecodingError.dataCorruptedError(
        forKey: .format, in: container,
        debugDescription: "expected \(Self.format) of version \(Self.version), found \(format) of version \(version)")
    }
    rotation = try container.decode(LatentRotation.self, forKey: .rotation)
    seed = try container.decode(Int.self, forKey: .seed)
    let (newest, first) = try (
      container.decode(Int.self, forKey: .newestWhole), container.decode(Int.self, forKey: .firstWhole)
    )
    guard newest >= 0, first >= 0 else {
      throw DecodingError.dataCorruptedError(
        forKey: .newestWhole, in: container, debugDescription: "a number of whole tokens is below 0")
    }
    whole = WholeTokens(newest: newest, first: first)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(Self.format, forKey: .format)
    try container.encode(Self.version, forKey: .version)
    try container.encode(rotation, forKey: .rotation)
    try container.encode(seed, forKey: .seed)
    try container.encode(whole.newest, forKey: .newestWhole)
    try container.encode(whole.first, forKey: .firstWhole)
  }
}

extension LlamaModel {
  /// Whether a folder holds a network with low-rank keys and values.
  public static func isLowRank(folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: CacheFile.name).path)
  }

  /// The tokens that the cache of such a folder's network keeps whole.
  ///
  /// - Throws: ``LowRankError/cacheFile(_:reason:)``.
  public static func wholeTokens(folder: URL) throws(LowRankError) -> WholeTokens {
    try CacheFile(contentsOf: folder.appending(path: CacheFile.name)).whole
  }

  /// Writes `config.json`, `model.safetensors`, `plan.json` and `cache.json` of a network that was decomposed to `plan` by
  /// `method`. The tokenizer's files are the caller's to copy.
  ///
  /// - Throws: what cannot be written; each file is there whole or not at all.
  public func writeLowRank(to folder: URL, plan: CompressionPlan, method: LowRankMethod) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try stateDictionary().write(to: folder.appending(path: "model.safetensors"), format: .safetensors)
    try AtomicFile.write(configuration.huggingFace(), replacing: folder.appending(path: "config.json").path)
    var plan = plan
    plan.method = "\(method)"
    try plan.write(to: folder.appending(path: CacheFile.planName))
    // Last, as it says that all the others are there.
    try AtomicFile.write(
      StrictJSON.encode(CacheFile(method), pretty: true), replacing: folder.appending(path: CacheFile.name).path)
  }

  /// The network of a folder that ``writeLowRank(to:plan:method:)`` wrote.
  ///
  /// - Throws: what cannot be read, and plan, method and weights that do not fit each other.
  public static func lowRank(folder: URL) throws -> LlamaModel {
    let method = try CacheFile(contentsOf: folder.appending(path: CacheFile.name)).method
    let plan = try CompressionPlan(contentsOf: folder.appending(path: CacheFile.planName))
    let model = try LlamaModel(unfilled: LlamaConfiguration(folder: folder))
    try model.replaceKeysAndValues(by: plan, method) { _, _, linears, shape, quantizer in
      let (groups, rank, first) = (shape.groups, shape.rank, linears[0])
      func up() -> Tensor { .empty([groups, first.outputs / groups, rank]) }
      let lender = LowRankProjection(
        down: .empty([groups * rank, first.inputs]), up: up(), bias: first.bias, quantizer: quantizer)
      return [lender]
        + linears.dropFirst().enumerated().map { place, linear in
          BorrowedProjection(up: up(), bias: linear.bias, from: lender, layersBefore: place + 1)
        }
    }
    try model.fill(from: Checkpoint.read(from: folder), source: folder.path)
    return model
  }
}
