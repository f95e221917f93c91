import SwiftletFiles
import SwiftletTensor
import Testing

@testable import SwiftletData

/// Six clips: `frames` of 1 to 4 steps of 2 numbers, which every third lacks; `vector` of 3; a `label`.
private struct Clips: SampleDataset {
  let features: [FeatureDescription] = [
    .sequence("frames", of: [2], isOptional: true), .array("vector", [3]), .whole("label"),
  ]
  let count = 6

  func length(_ index: Int) -> Int { index % 4 + 1 }

  func sample(_ index: Int, using random: inout RandomStream) throws -> [String: Feature] {
    var sample: [String: Feature] = [
      "vector": .real([Float(index), 0, Float(random.uniform())]), "label": .whole(index % 2),
    ]
    if index % 3 != 2 {
      sample["frames"] = .real((0..<2 * length(index)).map { Float(10 * index + $0) })
    }
    return sample
  }
}

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct SampleTests {
  private func loader(batchSize: Int = 4, workers: Int = 1) -> DataLoader<StackedSamples<Clips>> {
    DataLoader(of: StackedSamples(Clips()), batchSize: batchSize, order: .sequential, workers: workers)
  }

  /// By hand.
  @Test func `samples of several lengths lie side by side, with zeros behind their ends`() throws {
    let batch = try #require(try loader().epoch().next())
    #expect(batch.names == ["frames", "label", "vector"])
    let frames = batch.tensor("frames")
    #expect(frames.shape == [4, 4, 2] && batch.tensor("vector").shape == [4, 3])
    #expect(batch.tensor("label").scalars(as: Int64.self) == [0, 1, 0, 1])
    #expect(batch.lengths(of: "frames")?.scalars(as: Int64.self) == [1, 2, 0, 4])
    #expect(batch.lengths(of: "vector") == nil)
    #expect(batch.has("frames") == [true, true, false, true] && batch.has("label") == [true, true, true, true])
    let values = frames.scalars(as: Float.self)
    #expect(values[0..<8] == [0, 1, 0, 0, 0, 0, 0, 0])
    #expect(values[8..<16] == [10, 11, 12, 13, 0, 0, 0, 0])
    #expect(values[16..<24].allSatisfy { $0 == 0 })
    #expect(
      batch.mask(of: "frames")?.scalars(as: Float.self) == [1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
  }

  @Test func `the samples that have what is asked for are a batch`() throws {
    let batch = try #require(try loader().epoch().next())
    let part = try #require(batch.having("frames", "vector"))
    #expect(part.indices == [0, 1, 3] && part.tensor("frames").shape == [3, 4, 2])
    #expect(part.lengths(of: "frames")?.scalars(as: Int64.self) == [1, 2, 4])
    #expect(part.having("frames")?.count == 3)
    let last = try #require(try loader(batchSize: 1).epoch(0, startingAt: 2).next())
    #expect(last.having("frames") == nil && last.having("vector")?.count == 1)
    #expect(last.tensor("frames").shape == [1, 1, 2])
  }

  /// Law: a sample does not depend on its neighbours, on the batch's size, or on the workers.
  @Test func `what a sample draws is its own`() throws {
    func vectors(_ batchSize: Int, _ workers: Int) throws -> [Float] {
      let reader = loader(batchSize: batchSize, workers: workers).epoch(2)
      var values: [Float] = []
      while let batch = try reader.next() { values += batch.tensor("vector").scalars(as: Float.self) }
      return values
    }
    let alone = try vectors(1, 0)
    #expect(try vectors(4, 2) == alone && vectors(3, 1) == alone)
  }

  @Test func `values of another shape are refused with the sample's number`() {
    func message(_ feature: FeatureDescription, _ value: Feature?) -> String {
      do {
        _ = try FeatureStack(feature, [(7, value)])
        return ""
      } catch { return "\(error)" }
    }
    #expect(message(.array("vector", [3]), .real([1])) == "sample 7 has 1 numbers as vector, expected 3 numbers")
    #expect(
      message(.sequence("frames", of: [2]), .real([1]))
        == "sample 7 has 1 numbers as frames, expected a multiple of 2 numbers")
    #expect(message(.whole("label"), .real([1])) == "sample 7 has 1 numbers as label, expected a whole number")
    #expect(message(.whole("label"), nil) == "sample 7 has no label")
  }
}
