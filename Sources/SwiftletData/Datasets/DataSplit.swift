import SwiftletFiles

/// Training, search and test samples that share none: what chooses a plan must not have trained it, and what judges it must not have chosen it.
///
/// The search part is taken out of the training data, the same share of every class, by the seed alone. Disjointness holds by construction: one
/// permutation of each class is cut into consecutive pieces.
public struct DataSplit: Sendable {
  public let training, search, test: any ImageDataset

  /// Training data and a separate test set, such as CIFAR-10's two files: `searchCount` samples leave the training data for the search.
  public init(
    training: any ImageDataset, test: any ImageDataset, searchCount: Int, seed: UInt64
  ) throws(DataError) {
    guard training.classes == test.classes else {
      let differing =
        Set(training.classes).symmetricDifference(test.classes).sorted().prefix(6).joined(separator: ", ")
      throw DataError(
        .layout,
        "the training and the test data have different classes (\(differing.isEmpty ? "in another order" : differing))")
    }
    let partition = try Partition(
      labels: training.labels, counts: [training.count - searchCount, searchCount], seed: seed)
    self.training = Subset(training, partition.parts[0])
    search = Subset(training, partition.parts[1])
    self.test = test
  }

  /// One data set cut into three.
  public init(
    of dataset: any ImageDataset, searchCount: Int, testCount: Int, seed: UInt64
  ) throws(DataError) {
    let partition = try Partition(
      labels: dataset.labels, counts: [dataset.count - searchCount - testCount, searchCount, testCount], seed: seed)
    training = Subset(dataset, partition.parts[0])
    search = Subset(dataset, partition.parts[1])
    test = Subset(dataset, partition.parts[2])
  }
}

/// `0..<labels.count` cut into disjoint parts with the same share of each class, to one sample.
public struct Partition: Hashable, Sendable {
  /// Ascending indices.
  public let parts: [[Int]]

  /// - Parameter counts: the size of each part; together all samples. A part may be empty.
  public init(labels: [Int], counts: [Int], seed: UInt64) throws(DataError) {
    guard counts.allSatisfy({ $0 >= 0 }), counts.reduce(0, +) == labels.count else {
      throw DataError(
        .request,
        "\(labels.count) samples cannot be cut into \(counts.map(String.init).joined(separator: " + "))")
    }
    // Ordering every class at random and then all samples by their relative place in their class spreads the classes evenly, so that any
    // consecutive piece holds each class in proportion.
    let stream = RandomStream(seed: seed).child(0x5911)
    let members = Dictionary(grouping: labels.indices, by: { labels[$0] })
    var places: [(place: Double, label: Int, index: Int)] = []
    places.reserveCapacity(labels.count)
    for (label, indices) in members {
      var random = stream.child(label)
      for (rank, member) in random.permutation(indices.count).enumerated() {
        places.append(((Double(rank) + 0.5) / Double(indices.count), label, indices[member]))
      }
    }
    places.sort { ($0.place, $0.label) < ($1.place, $1.label) }
    var parts: [[Int]] = []
    var start = 0
    for count in counts {
      parts.append(places[start..<start + count].map(\.index).sorted())
      start += count
    }
    self.parts = parts
  }
}
