import SwiftletMedia
import SwiftletTensor
import SwiftletVision
import Testing

@testable import SwiftletData

@Suite struct DataLoaderTests {
  let dataset = ProceduralShapes(count: 53, seed: 3, side: 16)
  let pipeline = ImagePipeline(
    [.randomCrop(size: 16, padding: 2), .horizontalFlip(), .randAugment(RandAugment())], normalization: .cifar10,
    erasing: RandomErasing(probability: 0.5))

  func loader(workers: Int, mixing: BatchMixing? = nil, dropsLast: Bool = false, seed: UInt64 = 9) -> ImageLoader {
    DataLoader(
      dataset, batchSize: 8, order: .shuffled, pipeline: pipeline, mixing: mixing, dropsLast: dropsLast, seed: seed,
      workers: workers)
  }

  func read(_ reader: BatchReader<HostImageBatch>) throws -> [HostImageBatch] {
    var batches: [HostImageBatch] = []
    while let batch = try reader.nextHostBatch() { batches.append(batch) }
    return batches
  }

  @Test(arguments: [1, 2, 5]) func `workers change nothing`(workers: Int) throws {
    let mixing = BatchMixing()
    let alone = try read(loader(workers: 0, mixing: mixing).epoch(2))
    #expect(alone.map(\.count) == [8, 8, 8, 8, 8, 8, 5])
    #expect(try read(loader(workers: workers, mixing: mixing).epoch(2)) == alone)
  }

  @Test func `an epoch can be entered anywhere`() throws {
    let whole = try read(loader(workers: 2).epoch(1))
    for start in [0, 1, 4, 6] {
      #expect(try read(loader(workers: 2).epoch(1, startingAt: start)) == Array(whole[start...]))
    }
    #expect(try read(loader(workers: 2).epoch(1, startingAt: 7)).isEmpty)
  }

  @Test func `epochs and seeds differ, and each shows every sample once`() throws {
    let first = try read(loader(workers: 1).epoch(0))
    let second = try read(loader(workers: 1).epoch(1))
    #expect(first != second)
    #expect(try read(loader(workers: 1, seed: 10).epoch(0)) != first)
    for epoch in [first, second] {
      #expect(epoch.flatMap(\.labels).sorted() == dataset.labels.map(Int64.init).sorted())
    }
  }

  @Test func `a last batch that is not full can be left out`() throws {
    let batches = try read(loader(workers: 2, dropsLast: true).epoch(0))
    #expect(batches.map(\.count) == [Int](repeating: 8, count: 6))
    #expect(loader(workers: 0, dropsLast: true).batchCount == 6)
  }

  @Test func `an epoch that ends early is the beginning of the whole one`() throws {
    let whole = try read(loader(workers: 1).epoch(1))
    let early = DataLoader(
      dataset, batchSize: 8, order: .shuffled, pipeline: pipeline, mostBatches: 2, seed: 9, workers: 1)
    #expect(early.batchCount == 2)
    #expect(try read(early.epoch(1)) == Array(whole.prefix(2)))
    #expect(try read(early.epoch(1, startingAt: 1)) == [whole[1]])
    let none = DataLoader(
      dataset, batchSize: 8, order: .shuffled, pipeline: pipeline, mostBatches: 1000, seed: 9, workers: 1)
    #expect(none.batchCount == whole.count)
  }

  @Test func `without augmentation pixels are normalised planes in order`() throws {
    let plain = DataLoader(
      dataset, batchSize: 3, order: .sequential, pipeline: ImagePipeline([], normalization: .cifar10), workers: 1)
    let batch = try #require(try plain.epoch().nextHostBatch())
    #expect(batch.labels == [0, 1, 2])
    let image = dataset.image(at: 1)
    for (channel, x, y) in [(0, 0, 0), (1, 15, 3), (2, 7, 15)] {
      let value = batch.images[((1 * 3 + channel) * 16 + y) * 16 + x]
      let wanted =
        (Float(image[x, y, channel]) / 255 - Normalization.cifar10.mean[channel])
        / Normalization.cifar10.deviation[channel]
      #expect(value == wanted)
    }
  }

  @Test func `grey data becomes the channels the normalisation has`() throws {
    let grey = InMemoryDataset(
      images: [Image(width: 2, height: 2, channels: 1, pixels: [0, 51, 102, 255])], labels: [0], classes: ["x"])
    let three = DataLoader(
      grey, batchSize: 1, order: .sequential,
      pipeline: ImagePipeline([], normalization: Normalization(mean: [0, 0, 0], deviation: [1, 1, 1])), workers: 0)
    let batch = try #require(try three.epoch().nextHostBatch())
    #expect(batch.channels == 3 && batch.images[0..<4] == batch.images[8..<12])
    let one = DataLoader(
      grey, batchSize: 1, order: .sequential, pipeline: ImagePipeline([], normalization: .mnist), workers: 0)
    #expect(try one.epoch().nextHostBatch()?.channels == 1)
  }

  struct Failing: ImageDataset {
    struct Broken: Error {}
    let classes = ["x"], count = 40
    func label(at index: Int) -> Int { 0 }
    func image(at index: Int) throws -> Image {
      if index == 21 { throw Broken() }
      return Image(width: 1, height: 1, colour: [0, 0, 0])
    }
  }

  @Test(arguments: [0, 1, 3]) func `a sample that cannot be read is an error in its place`(workers: Int) throws {
    let loader = DataLoader(
      Failing(), batchSize: 4, order: .sequential, pipeline: ImagePipeline([], normalization: .half), workers: workers)
    let reader = loader.epoch()
    for _ in 0..<5 { #expect(try reader.nextHostBatch() != nil) }
    #expect(throws: Failing.Broken.self) { try reader.nextHostBatch() }
    #expect(throws: Failing.Broken.self) { try InMemoryDataset(Failing()) }
  }

  @Test func `pictures of several sizes in a batch are an error`() throws {
    let mixed = InMemoryDataset(
      images: [Image(width: 2, height: 2, colour: [0, 0, 0]), Image(width: 3, height: 2, colour: [0, 0, 0])],
      labels: [0, 0], classes: ["x"])
    let loader = DataLoader(
      mixed, batchSize: 2, order: .sequential, pipeline: ImagePipeline([], normalization: .half), workers: 1)
    #expect(
      throws: DataError(
        .request, "sample 1 has 3 x 2 pixels and its batch 2 x 2; end the pipeline with a crop or a resize")
    ) { try loader.epoch().nextHostBatch() }
  }

  @Test func `letting go of a reader stops its workers`() throws {
    for _ in 0..<20 { _ = try loader(workers: 3).epoch(0).nextHostBatch() }
  }

  @Test(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
  func `batches arrive as tensors`() throws {
    let batch = try #require(try loader(workers: 1, mixing: BatchMixing()).epoch(0).next())
    #expect(batch.images.shape == [8, 3, 16, 16] && batch.labels.shape == [8])
    #expect(batch.images.dataType == .float32 && batch.labels.dataType == .int64)
    #expect(batch.softTargets?.shape == [8, 10])
  }
}
