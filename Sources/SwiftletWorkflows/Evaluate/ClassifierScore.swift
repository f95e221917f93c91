import SwiftletRuntime
import SwiftletVision

/// How well a classifier does on labelled images.
public struct ClassifierScore: Encodable, Hashable, Sendable {
  /// The classifier's.
  public let name: String
  public private(set) var images = 0
  /// Images whose class has the highest score, and whose class is among the five highest.
  public private(set) var top1Count = 0
  public private(set) var top5Count = 0
  /// The class with the highest score for each image; like the next two, not part of what is printed.
  public private(set) var winners: [Int] = []
  /// Whether each image's class has the highest score.
  public private(set) var isRight: [Bool] = []
  /// The cross-entropy of each image, in nats.
  public private(set) var losses: [Double] = []

  public init(name: String) { self.name = name }

  /// Shares in 0...1, and the mean cross-entropy in nats.
  public var top1: Double { Double(top1Count) / Double(max(images, 1)) }
  public var top5: Double { Double(top5Count) / Double(max(images, 1)) }
  public var loss: Double { losses.reduce(0, +) / Double(max(images, 1)) }

  /// Counts a batch. A class whose score ties with others comes after them: constant scores earn nothing.
  ///
  /// - Precondition: `scores` holds one row for each label, and labels are below the row's length.
  /// - Throws: `EvalError.scoresNotFinite` where a score is no finite number; nothing is counted from there on.
  public mutating func add(_ scores: [Float], labels: [Int]) throws(EvalError) {
    for (scores, label) in zip(ClassScores.rows(scores, samples: labels.count), labels) {
      guard let rank = scores.rank(of: label), let winner = scores.winner else {
        throw .scoresNotFinite(model: name, image: images)
      }
      top1Count += rank < 1 ? 1 : 0
      top5Count += rank < 5 ? 1 : 0
      isRight.append(rank < 1)
      losses.append(scores.loss(of: label))
      winners.append(winner)
      images += 1
    }
  }

  /// The share of images for which both give the same class.
  public func agreement(with other: ClassifierScore) -> Double {
    Double(zip(winners, other.winners).count { $0 == $1 }) / Double(max(images, 1))
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
