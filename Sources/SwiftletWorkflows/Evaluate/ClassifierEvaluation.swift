import SwiftletData
import SwiftletTerminal

/// Classifiers on the same labelled images: how well each does, and where the first two differ, image by image.
///
/// ```swift
/// let sides = try ["deit.swiftlet", "run/model.safetensors"].map { try Classifier(path: $0, threads: 2) }
/// print(try ClassifierEvaluation(of: sides, on: sides.images(at: "cifar-10")))
/// ```
/// An image is read once, and prepared by each side in its own way.
public struct ClassifierEvaluation {
  /// Of each classifier, in order.
  public let scores: [ClassifierScore]
  /// Nil for one classifier alone.
  public let comparison: PairedComparison?

  /// - Parameters:
  ///   - batch: images in each run.
  ///   - progress: told after each how many images are done.
  /// - Precondition: there is a classifier, and `batch` is 1 or more.
  /// - Throws: ``EvalError`` where a classifier knows other classes than the images, or its scores are no finite numbers;
  ///   `UnreadablePictures` with all images that cannot be read.
  public init(
    of classifiers: [Classifier], on images: any ImageDataset, batch: Int = 64, progress: (Int) -> Void = { _ in }
  ) throws {
    precondition(!classifiers.isEmpty && batch >= 1, "ClassifierEvaluation: nothing to evaluate")
    let columns = try classifiers.map { try $0.columns(of: images.classes) }
    var scores = classifiers.map { ClassifierScore(name: $0.name) }
    var batches = PreparedBatches(of: images, for: classifiers, size: batch)
    while let samples = try batches.next() {
      for (index, classifier) in classifiers.enumerated() {
        var rows = try classifier.score(samples.inputs[index], samples.labels.count)
        let classes = rows.count / samples.labels.count
        guard images.classes.count <= classes else {
          throw EvalError.tooFewScores(model: classifier.name, scores: classes, classes: images.classes.count)
        }
        if let columns = columns[index] {
          rows = samples.labels.indices.flatMap { row in columns.map { rows[row * classes + $0] } }
        }
        try scores[index].add(rows, labels: samples.labels)
      }
      progress(scores[0].images)
    }
    self.scores = scores
    comparison = scores.count > 1 ? PairedComparison(scores[0].tally, scores[1].tally) : nil
  }
}

extension ClassifierEvaluation: CustomStringConvertible {
  public var description: String {
    var table = Table(columns: [
      .text("model"), .number("images"), .number("top-1"), .number("top-5"), .number("loss"),
    ])
    func percent(_ share: Double) -> String { (100 * share).text(decimals: 2) + " %" }
    for score in scores {
      table.append([
        score.name, "\(score.images)", percent(score.top1), percent(score.top5), score.loss.text(decimals: 4),
      ])
    }
    return table.text + (comparison.map { "\n\($0)" } ?? "")
  }
}
