import SwiftletMedia
import SwiftletTensor
import SwiftletVision

/// Batches of labelled pictures: decoded, augmented, normalised and mixed.
public struct ImageBatches: BatchSource {
  public let dataset: any ImageDataset
  public let pipeline: ImagePipeline
  /// Mixes the pictures of a batch and makes its targets soft; nil for plain labels.
  public let mixing: BatchMixing?
  private let table: [Float]

  public init(_ dataset: any ImageDataset, pipeline: ImagePipeline, mixing: BatchMixing? = nil) {
    (self.dataset, self.pipeline, self.mixing) = (dataset, pipeline, mixing)
    table = pipeline.normalization.table
  }

  public var count: Int { dataset.count }

  public func batchMaker(
    threads: Int
  ) -> @Sendable (_ members: [Int], _ random: BatchRandom) throws -> HostImageBatch {
    let finder = UnreadablePictureFinder(dataset, threads: threads)
    return { members, random in
      var made = try finder.findingAll { try batch(of: members, random) }
      if let mixing {
        var random = random.batch
        mixing.apply(to: &made, classes: dataset.classes.count, using: &random)
      }
      return made
    }
  }

  private func batch(of members: [Int], _ random: BatchRandom) throws -> HostImageBatch {
    let channels = pipeline.normalization.channels
    var images: [Float] = []
    var size: (width: Int, height: Int)?
    var labels: [Int64] = []
    for (position, member) in members.enumerated() {
      var random = random.sample(member)
      let image = pipeline.applied(
        to: try dataset.image(at: member).converted(toChannels: channels), using: &random)
      let stride = image.width * image.height * channels
      if size == nil {
        size = (image.width, image.height)
        images = [Float](unsafeUninitializedCapacity: members.count * stride) { buffer, count in
          buffer.initialize(repeating: 0)
          count = members.count * stride
        }
      }
      guard let size, size == (image.width, image.height) else {
        throw DataError(
          .request,
          "sample \(member) has \(image.width) x \(image.height) pixels and its batch \(size?.width ?? 0) x \(size?.height ?? 0); end the pipeline with a crop or a resize"
        )
      }
      images.withUnsafeMutableBufferPointer { buffer in
        let slot = UnsafeMutableBufferPointer(rebasing: buffer[position * stride..<(position + 1) * stride])
        writePlanes(of: image, through: table, to: slot)
        pipeline.erasing?.apply(
          to: slot, channels: channels, height: image.height, width: image.width, using: &random)
      }
      labels.append(Int64(dataset.label(at: member)))
    }
    return HostImageBatch(
      images: images, count: members.count, channels: channels, height: size?.height ?? 0, width: size?.width ?? 0,
      labels: labels, indices: members, targets: nil)
  }
}

public typealias ImageLoader = DataLoader<ImageBatches>

extension DataLoader where Source == ImageBatches {
  /// Batches of labelled pictures.
  ///
  /// - Parameter dropsLast: leaves out a last batch with fewer than `batchSize` samples.
  public init(
    _ dataset: any ImageDataset, batchSize: Int, order: SampleOrder, pipeline: ImagePipeline,
    mixing: BatchMixing? = nil, dropsLast: Bool = false, mostBatches: Int? = nil, seed: UInt64 = 0, workers: Int = 1
  ) {
    self.init(
      of: ImageBatches(dataset, pipeline: pipeline, mixing: mixing), batchSize: batchSize, order: order,
      dropsLast: dropsLast, mostBatches: mostBatches, seed: seed, workers: workers)
  }
}
