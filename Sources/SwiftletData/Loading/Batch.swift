import SwiftletTensor

/// Samples side by side: tensors by name, each `[count, …]`, and which samples lack one.
public struct Batch {
  /// `[count]`: which samples of the data set these are.
  public let indices: [Int]
  private var tensors: [String: Tensor] = [:]
  private var lengths: [String: Tensor] = [:]
  /// By name, only where a sample may lack it: whether each has it.
  private var presence: [String: [Bool]] = [:]

  /// A batch that holds nothing yet.
  public init(indices: [Int]) { self.indices = indices }

  public var count: Int { indices.count }
  public var names: [String] { tensors.keys.sorted() }

  /// The samples' values under a name, `[count, …]`; nil where the batch has no such name.
  public subscript(name: String) -> Tensor? {
    get { tensors[name] }
    set { tensors[name] = newValue }
  }

  /// The values under a name that every batch of this kind has. Zeros stand for a sample that lacks them, and behind the
  /// end of one that is shorter than the longest.
  public func tensor(_ name: String) -> Tensor {
    guard let tensor = tensors[name] else {
      preconditionFailure("Batch.tensor(\"\(name)\"): the batch has \(names.joined(separator: ", "))")
    }
    return tensor
  }

  /// How long each sample is under a name, `[count]`, int64; nil where all are as long.
  public func lengths(of name: String) -> Tensor? { lengths[name] }

  /// 1 in front of each sample's end and 0 behind it, `[count, longest]`, float32; nil where all are as long.
  public func mask(of name: String) -> Tensor? {
    guard let lengths = lengths[name], let tensor = tensors[name] else { return nil }
    let steps = Tensor.range(from: 0, to: Double(tensor.shape[1]), dataType: .int64).to(device: lengths.device)
    return withNoGradient { lengths.unsqueezed(1).greater(than: steps).cast(to: .float32) }
  }

  /// Whether each sample has a name.
  public func has(_ name: String) -> [Bool] {
    presence[name] ?? [Bool](repeating: tensors[name] != nil, count: count)
  }

  /// The samples that have all these names, or nil if there are none.
  public func having(_ names: String...) -> Batch? {
    let rows = indices.indices.filter { row in names.allSatisfy { has($0)[row] } }
    if rows.isEmpty { return nil }
    if rows.count == count { return self }
    var part = Batch(indices: rows.map { indices[$0] })
    func select(_ tensor: Tensor) -> Tensor {
      tensor.indexSelect(along: 0, Tensor(rows, shape: [rows.count]).to(device: tensor.device))
    }
    part.tensors = tensors.mapValues(select)
    part.lengths = lengths.mapValues(select)
    part.presence = presence.mapValues { flags in rows.map { flags[$0] } }
    return part
  }

  public func to(device: Device) -> Batch {
    var batch = self
    batch.tensors = tensors.mapValues { $0.to(device: device) }
    batch.lengths = lengths.mapValues { $0.to(device: device) }
    return batch
  }

  mutating func set(_ name: String, _ tensor: Tensor, lengths: Tensor?, presence: [Bool]?) {
    (tensors[name], self.lengths[name], self.presence[name]) = (tensor, lengths, presence)
  }
}
