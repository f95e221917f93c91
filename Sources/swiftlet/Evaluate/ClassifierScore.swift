import Foundation

/// How well a classifier does on labelled images.
struct ClassifierScore: Encodable, Hashable {
  let name: String
  private(set) var images = 0
  /// Images whose class has the highest score, and whose class is among the five highest.
  private(set) var top1Count = 0
  private(set) var top5Count = 0
  /// The class with the highest score for each image; like the next two, not part of what is printed.
  private(set) var winners: [Int] = []
  /// Whether each image's class has the highest score.
  private(set) var isRight: [Bool] = []
  /// The cross-entropy of each image, in nats.
  private(set) var losses: [Double] = []

  init(name: String) { self.name = name }

  /// Shares in 0...1, and the mean cross-entropy in nats.
  var top1: Double { Double(top1Count) / Double(max(images, 1)) }
  var top5: Double { Double(top5Count) / Double(max(images, 1)) }
  var loss: Double { losses.reduce(0, +) / Double(max(images, 1)) }

  /// Counts a batch. A class whose score ties with others comes after them: constant scores earn nothing.
  ///
  /// - Precondition: `scores` holds one row for each label, and labels are below the row's length.
  mutating func add(_ scores: [Float], labels: [Int]) {
    guard !labels.isEmpty else { return }
    let classes = scores.count / labels.count
    for (sample, label) in labels.enumerated() {
      let row = scores[sample * classes..<(sample + 1) * classes].map(Double.init)
      let own = row[label]
      let ahead = row.indices.count { $0 != label && !(row[$0] < own) }
      if !own.isNaN {
        top1Count += ahead < 1 ? 1 : 0
        top5Count += ahead < 5 ? 1 : 0
      }
      isRight.append(!own.isNaN && ahead < 1)
      let greatest = row.max() ?? 0
      losses.append(log(row.reduce(0) { $0 + exp($1 - greatest) }) + greatest - own)
      winners.append(row.indices.max { row[$0] < row[$1] } ?? 0)
    }
    images += labels.count
  }

  /// The share of images for which both give the same class.
  func agreement(with other: ClassifierScore) -> Double {
    Double(zip(winners, other.winners).count { $0 == $1 }) / Double(max(images, 1))
  }

  enum CodingKeys: String, CodingKey { case name, images, top1, top5, loss }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(images, forKey: .images)
    try container.encode(top1, forKey: .top1)
    try container.encode(top5, forKey: .top5)
    try container.encode(loss, forKey: .loss)
  }
}
