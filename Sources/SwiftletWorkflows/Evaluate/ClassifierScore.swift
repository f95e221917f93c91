import SwiftletVision

/// How well a classifier does on labelled images.
public struct ClassifierScore: Encodable, Hashable, Sendable {
  /// The classifier's.
  public let name: String
  /// What became of each image; not part of what is printed.
  public private(set) var tally = ClassificationTally()

  public init(name: String) { self.name = name }

  public var images: Int { tally.count }
  /// The shares of images whose class has the highest score, and whose class is among the five highest, 0...1.
  public var top1: Double { tally.accuracy() }
  public var top5: Double { tally.accuracy(within: 5) }
  /// The mean cross-entropy in nats.
  public var loss: Double { tally.loss }

  /// Counts a batch.
  ///
  /// - Precondition: `scores` holds one row for each label, and labels are below the row's length.
  /// - Throws: `EvalError.scoresNotFinite` where a score is no finite number.
  public mutating func add(_ scores: [Float], labels: [Int]) throws(EvalError) {
    tally.add(scores, labels: labels)
    if let image = tally.firstUndecided { throw .scoresNotFinite(model: name, image: image) }
  }

  enum CodingKeys: String, CodingKey { case name, images, top1, top5, loss }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(images, forKey: .images)
    try container.encode(top1, forKey: .top1)
    try container.encode(top5, forKey: .top5)
    try container.encode(loss, forKey: .loss)
  }
}
