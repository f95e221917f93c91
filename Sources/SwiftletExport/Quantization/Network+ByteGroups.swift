import SwiftletRuntime

/// Images that stay in 8 bits between int8 layers.
///
/// What an int8 convolution reads need not be written by a layer: maps are joined, cut, enlarged and pooled, which leaves
/// their bytes as they are where all of them lie on one grid, and an activation of its own maps bytes by a table.
extension Network {
  /// The values of images that can be 8 bits wide throughout, in groups that share a grid. The first of a group is what the
  /// grid goes by.
  func byteGroups(_ formats: [String: WeightFormat]) -> [[String]] {
    let carriers = graph.nodes.filter { isImage($0.output) && ($0.operation.keepsBytes || $0.operation.mapsBytes) }
    var groups = Partition()
    // A table needs bytes on both sides.
    var chains = Partition()
    for node in carriers {
      for input in node.inputs {
        chains.join(input, node.output)
        if node.operation.keepsBytes { groups.join(input, node.output) }
      }
    }
    let carrierOutputs = Set(carriers.map(\.output))
    let images = graph.values.map(\.name).filter(isImage)
    let members = Dictionary(grouping: images + graph.constants.map(\.name)) { chains.root(of: $0) }
    let usable = members.values.filter { $0.allSatisfy { canBeBytes($0, carrierOutputs, formats) } }

    var narrow = Set<String>()
    while true {
      let more = usable.filter { chain in
        !narrow.contains(chain[0])
          && chain.contains { value in
            readers(of: value).contains { reader in
              reader.operation.readsBytes ? narrow.contains(reader.output) : reader.int8Input(formats) == value
            }
          }
      }.joined()
      if more.isEmpty { break }
      narrow.formUnion(more)
    }
    // A layer's output that int8 layers alone read is no group: its grid is its own.
    let isPlain = { (value: String) in
      !carrierOutputs.contains(value)
        && !readers(of: value).contains { carrierOutputs.contains($0.output) || $0.operation.readsBytes }
    }
    return Dictionary(grouping: images.filter { narrow.contains($0) && !isPlain($0) }) { groups.root(of: $0) }.values
      .map { group in
        let first = group.first { value in readers(of: value).contains { $0.int8Input(formats) == value } } ?? group[0]
        return [first] + group.filter { $0 != first }
      }
  }

  private func isImage(_ name: String) -> Bool { graph.value(named: name)?.shape.count == 4 }

  /// Whether whoever computes a value can write bytes, and whoever reads it reads them.
  private func canBeBytes(_ value: String, _ carried: Set<String>, _ formats: [String: WeightFormat]) -> Bool {
    guard !graph.outputs.contains(value), let producer = producer(of: value),
      producer.operation.writesQuantized || carried.contains(value)
    else { return false }
    return readers(of: value).allSatisfy { reader in
      carried.contains(reader.output) || reader.operation.readsBytes
        || reader.int8Input(formats) == value && !reader.inputs.dropFirst().contains(value)
    }
  }
}

extension Graph.Operation {
  /// The output's bytes are the inputs', on their grid.
  fileprivate var keepsBytes: Bool {
    if let pool = self.as(Graph.Pool.self) { return pool.pooling == .max }
    if let resize = self.as(Graph.Resize.self) { return resize.interpolation == .nearest }
    return self.is(Graph.Concatenate.self) || self.is(Graph.Slice.self)
  }

  /// The output's bytes follow from the input's one by one.
  fileprivate var mapsBytes: Bool { self.is(Graph.Activate.self) }

  /// It reads bytes or floats, and writes either.
  fileprivate var readsBytes: Bool {
    if let pool = self.as(Graph.Pool.self) { return pool.pooling != .max }
    if let resize = self.as(Graph.Resize.self) { return resize.interpolation != .nearest }
    return false
  }
}

/// Names in parts that grow together.
private struct Partition {
  private var parents: [String: String] = [:]

  func root(of name: String) -> String {
    var name = name
    while let parent = parents[name] { name = parent }
    return name
  }

  mutating func join(_ a: String, _ b: String) {
    let (a, b) = (root(of: a), root(of: b))
    if a != b { parents[a] = b }
  }
}
