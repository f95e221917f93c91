import SwiftletMedia
import Testing

@testable import SwiftletData

@Suite struct DataSplitTests {
  static func dataset(labels: [Int], classes: [String] = ["a", "b", "c"]) -> InMemoryDataset {
    InMemoryDataset(
      images: labels.indices.map { Image(width: 1, height: 1, colour: [UInt8($0 % 256), UInt8($0 / 256), 0]) },
      labels: labels, classes: classes)
  }

  @Test(arguments: [0, 1, 2, 3] as [UInt64])
  func `parts are disjoint, complete and stratified`(seed: UInt64) throws {
    let labels = (0..<1000).map { $0 % 10 < 6 ? 0 : $0 % 10 < 9 ? 1 : 2 }  // 600, 300, 100
    let partition = try Partition(labels: labels, counts: [700, 200, 100], seed: seed)
    #expect(partition.parts.flatMap(\.self).sorted() == Array(0..<1000))
    for (part, size) in zip(partition.parts, [700, 200, 100]) {
      for (label, share) in [(0, 0.6), (1, 0.3), (2, 0.1)] {
        let count = part.count { labels[$0] == label }
        #expect(abs(Double(count) - share * Double(size)) <= 1.5, "class \(label) in a part of \(size)")
      }
    }
    #expect(try Partition(labels: labels, counts: [700, 200, 100], seed: seed) == partition)
    #expect(try Partition(labels: labels, counts: [700, 200, 100], seed: seed + 1) != partition)
  }

  @Test func `search samples leave the training data`() throws {
    let training = Self.dataset(labels: (0..<90).map { $0 % 3 })
    let test = Self.dataset(labels: [0, 1, 2])
    let split = try DataSplit(training: training, test: test, searchCount: 9, seed: 4)
    #expect((split.training.count, split.search.count, split.test.count) == (81, 9, 3))
    let indices = try [split.training, split.search].map { try #require($0 as? Subset).indices }
    #expect(Set(indices[0]).isDisjoint(with: indices[1]))
    #expect((0..<3).allSatisfy { label in split.search.labels.count { $0 == label } == 3 })
    let three = try DataSplit(of: training, searchCount: 30, testCount: 30, seed: 4)
    let all = try [three.training, three.search, three.test].flatMap { try #require($0 as? Subset).indices }
    #expect(all.sorted() == Array(0..<90))
  }

  @Test func `impossible splits say why`() throws {
    let data = Self.dataset(labels: [0, 1, 2])
    #expect(throws: DataError(.request, "3 samples cannot be cut into -1 + 4")) {
      try DataSplit(training: data, test: data, searchCount: 4, seed: 0)
    }
    let other = Self.dataset(labels: [0], classes: ["a", "b", "d"])
    #expect(throws: DataError(.layout, "the training and the test data have different classes (c, d)")) {
      try DataSplit(training: data, test: other, searchCount: 1, seed: 0)
    }
  }
}
