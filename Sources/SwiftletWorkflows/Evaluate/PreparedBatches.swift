import SwiftletData

/// The images of a data set as each classifier wants them, batch by batch. An image is let go of once it is prepared: sixty-four photographs take
/// gigabytes, what networks see of them a few megabytes.
struct PreparedBatches {
  struct Batch {
    /// For each classifier its inputs, one after the other.
    var inputs: [[Float]]
    var labels: [Int] = []
  }

  private let images: any ImageDataset
  private let sides: [Classifier]
  private let size: Int
  private var position = 0
  private var unreadable = UnreadablePictures()

  init(of images: any ImageDataset, for sides: [Classifier], size: Int) {
    (self.images, self.sides, self.size) = (images, sides, size)
  }

  /// The next batch, or nil after the last.
  ///
  /// - Throws: `UnreadablePictures` with all images that cannot be read, once every image was looked at.
  mutating func next() throws -> Batch? {
    while position < images.count {
      var batch = Batch(inputs: sides.map { _ in [] })
      for index in position..<min(position + size, images.count) {
        do {
          let image = try images.image(at: index)
          guard unreadable.count == 0 else { continue }
          for side in sides.indices { batch.inputs[side] += sides[side].prepare(image) }
          batch.labels.append(images.label(at: index))
        } catch  where UnreadablePictures.concerns(error) {
          unreadable.add(error, at: index)
        }
      }
      position = min(position + size, images.count)
      if unreadable.count == 0 { return batch }
    }
    unreadable.add(looked: images.count)
    try unreadable.check()
    return nil
  }
}
