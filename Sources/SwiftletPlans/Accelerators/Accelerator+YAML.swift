import Foundation
import SwiftletFiles
import SwiftletRuntime
import Yams

/// The file of an accelerator. Unknown keys are errors.
///
/// ```yaml
/// name: vegeta
/// source: Jeong et al. (2023)
/// levels: ["1:4", "2:4", "4:4"]
/// precisions: [bf16]
/// cost:
///   kind: speeds            # or multiplyAdds, or measured
///   speeds: {"1:4": 3.74, "2:4": 2.20, "4:4": 1.09}
/// ```
extension Accelerator {
  /// The accelerators that come with the package.
  public static let builtIn = ["nvidia-ampere", "s2ta", "vegeta"]

  /// An accelerator by the path of its file; by the name of a file in `accelerators/` under the working directory; or
  /// by the name of one that comes with the package.
  public static func named(_ name: String) throws(AcceleratorError) -> Accelerator {
    let local = "accelerators/\(name).yaml"
    for path in [name, local] where path.hasSuffix(".yaml") || path.hasSuffix(".yml") {
      if FileManager.default.fileExists(atPath: path) { return try Accelerator(contentsOf: URL(filePath: path)) }
    }
    let bytes: [UInt8]? =
      switch name {
      case "nvidia-ampere": PackageResources.nvidia_ampere_yaml
      case "s2ta": PackageResources.s2ta_yaml
      case "vegeta": PackageResources.vegeta_yaml
      default: nil
      }
    guard let bytes else {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: "accelerators")) ?? []
      let found = files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
      throw .unknown(name, known: Set(builtIn + found).sorted())
    }
    return try Accelerator(yaml: String(decoding: bytes, as: UTF8.self), source: name)
  }

  public init(contentsOf file: URL) throws(AcceleratorError) {
    let text: String
    do { text = try String(contentsOf: file, encoding: .utf8) } catch {
      throw .unreadable(file.relativePath, reason: reason(of: error))
    }
    try self.init(yaml: text, source: file.relativePath)
  }

  /// - Parameter source: names the text in errors.
  public init(yaml: String, source: String) throws(AcceleratorError) {
    do {
      self = try YAMLDecoder().decode(Accelerator.self, from: yaml)
    } catch let error as DecodingError {
      throw .malformed("\(source): \(error.sentence)")
    } catch {
      throw .malformed("\(source): it is not valid YAML: \(error)")
    }
  }

  /// Writes the file, whole or not at all, and the folder that it lies in.
  public func write(to file: URL) throws {
    do {
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try AtomicFile.write(yaml(), replacing: file.path)
    } catch {
      throw AcceleratorError.unwritable(file.relativePath, reason: reason(of: error))
    }
  }

  public func yaml() throws -> String {
    let encoder = YAMLEncoder()
    encoder.options.sortKeys = false
    encoder.options.width = -1
    return try encoder.encode(self)
  }
}

extension Accelerator: Codable {
  private enum Key: String, CodingKey, CaseIterable { case name, source, levels, precisions, cost }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: Key.self)
    name = try values.decode(String.self, forKey: .name)
    source = try values.decode(String.self, forKey: .source)
    levels = try values.decode([SparsityPattern].self, forKey: .levels)
    precisions = try values.decode([Precision].self, forKey: .precisions)
    cost = try values.decode(Cost.self, forKey: .cost)
    guard !levels.isEmpty else {
      throw DecodingError.dataCorruptedError(forKey: .levels, in: values, debugDescription: "no level is listed")
    }
    guard !precisions.isEmpty else {
      throw DecodingError.dataCorruptedError(
        forKey: .precisions, in: values, debugDescription: "no precision is listed")
    }
    if case .speeds(let speeds) = cost {
      for level in levels where speeds[level] == nil {
        throw DecodingError.dataCorruptedError(
          forKey: .cost, in: values, debugDescription: "the speed of \(level) is missing")
      }
      guard levels.contains(where: \.isDense) else {
        throw DecodingError.dataCorruptedError(
          forKey: .levels, in: values, debugDescription: "a dense level such as 4:4 is missing")
      }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(name, forKey: .name)
    try values.encode(source, forKey: .source)
    try values.encode(levels, forKey: .levels)
    try values.encode(precisions, forKey: .precisions)
    try values.encode(cost, forKey: .cost)
  }
}

extension Accelerator.Cost: Codable {
  private enum Kind: String, Codable { case multiplyAdds, speeds, measured }
  private enum KindKey: String, CodingKey, CaseIterable { case kind }
  private enum SpeedsKey: String, CodingKey, CaseIterable { case kind, speeds }
  private enum MeasuredKey: String, CodingKey, CaseIterable {
    case kind, processor, threads, batch, network, fixed, layers
  }

  public init(from decoder: any Decoder) throws {
    let name = try decoder.container(keyedBy: KindKey.self).decode(String.self, forKey: .kind)
    guard let kind = Kind(rawValue: name) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath + [KindKey.kind],
          debugDescription: "found “\(name)”, expected multiplyAdds, speeds or measured"))
    }
    switch kind {
    case .multiplyAdds:
      _ = try decoder.strictContainer(keyedBy: KindKey.self)
      self = .multiplyAdds
    case .speeds:
      let values = try decoder.strictContainer(keyedBy: SpeedsKey.self)
      var speeds: [SparsityPattern: Double] = [:]
      for (text, speed) in try values.decode([String: Double].self, forKey: .speeds) {
        guard let level = try? SparsityPattern(parsing: text), speed.isFinite, speed > 0 else {
          throw DecodingError.dataCorruptedError(
            forKey: .speeds, in: values, debugDescription: "\(text): \(speed) is no level with a speed above 0")
        }
        speeds[level] = speed
      }
      self = .speeds(speeds)
    case .measured:
      let values = try decoder.strictContainer(keyedBy: MeasuredKey.self)
      self = .measured(
        MeasuredTimes(
          processor: try values.decode(String.self, forKey: .processor),
          threads: try values.decode(Int.self, forKey: .threads), batch: try values.decode(Int.self, forKey: .batch),
          network: try values.decode(String.self, forKey: .network),
          fixed: try values.nanoseconds(forKey: .fixed),
          layers: try values.decode([MeasuredTimes.Layer].self, forKey: .layers)))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .multiplyAdds:
      var values = encoder.container(keyedBy: KindKey.self)
      try values.encode(Kind.multiplyAdds, forKey: .kind)
    case .speeds(let speeds):
      var values = encoder.container(keyedBy: SpeedsKey.self)
      try values.encode(Kind.speeds, forKey: .kind)
      try values.encode(
        Dictionary(speeds.map { ("\($0)", $1) }, uniquingKeysWith: { first, _ in first }), forKey: .speeds)
    case .measured(let times):
      var values = encoder.container(keyedBy: MeasuredKey.self)
      try values.encode(Kind.measured, forKey: .kind)
      try values.encode(times.processor, forKey: .processor)
      try values.encode(times.threads, forKey: .threads)
      try values.encode(times.batch, forKey: .batch)
      try values.encode(times.network, forKey: .network)
      try values.encode(times.fixed, forKey: .fixed)
      try values.encode(times.layers, forKey: .layers)
    }
  }
}

extension MeasuredTimes.Layer: Codable {
  private enum Key: String, CodingKey, CaseIterable { case name, tokens, inputs, outputs, kernel, nanoseconds }

  public init(from decoder: any Decoder) throws {
    let choice = try LayerChoice(from: decoder)
    for axis in [LayerChoice.Axis.pattern, .precision] where !choice.decided.contains(axis) {
      throw DecodingError.keyNotFound(axis, .init(codingPath: decoder.codingPath, debugDescription: ""))
    }
    try decoder.refuseKeys(except: Key.allCases.map(\.rawValue) + LayerChoice.axes.map(\.axis.rawValue))
    let values = try decoder.container(keyedBy: Key.self)
    self.init(
      name: try values.decode(String.self, forKey: .name), tokens: try values.decode(Int.self, forKey: .tokens),
      inputs: try values.decode(Int.self, forKey: .inputs), outputs: try values.decode(Int.self, forKey: .outputs),
      choice: choice,
      kernel: try values.decode(String.self, forKey: .kernel),
      nanoseconds: try values.nanoseconds(forKey: .nanoseconds))
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(name, forKey: .name)
    try values.encode(tokens, forKey: .tokens)
    try values.encode(inputs, forKey: .inputs)
    try values.encode(outputs, forKey: .outputs)
    try choice.encode(to: encoder)
    try values.encode(kernel, forKey: .kernel)
    try values.encode(nanoseconds, forKey: .nanoseconds)
  }
}

extension KeyedDecodingContainer {
  /// A time of at most an hour.
  fileprivate func nanoseconds(forKey key: Key) throws -> Int {
    let time = try decode(Int.self, forKey: key)
    guard (0...3_600_000_000_000).contains(time) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "\(time) ns is no time between 0 and an hour")
    }
    return time
  }
}
