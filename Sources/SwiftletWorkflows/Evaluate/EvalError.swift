/// Why classifiers cannot be evaluated.
public enum EvalError: Error, Hashable, CustomStringConvertible {
  case noData
  case otherClasses(model: String, expected: [String], found: [String])
  case tooFewScores(model: String, scores: Int, classes: Int)
  case scoresNotFinite(model: String, image: Int)

  public var description: String {
    switch self {
    case .noData: "there are no images to evaluate on: give --data"
    case .otherClasses(let model, let expected, let found):
      "\(model) knows \(expected.count) classes (\(expected.prefix(3).joined(separator: ", "))…), the images have "
        + "\(found.count) (\(found.prefix(3).joined(separator: ", "))…): these are other images than it was trained for, or other names for them: --classes of export gives it the folders' names"
    case .tooFewScores(let model, let scores, let classes):
      "\(model) gives \(scores) scores, the images have \(classes) classes"
    case .scoresNotFinite(let model, let image):
      "\(model) gives scores that are infinite or not numbers for image \(image) of the split, counted from 0: its "
        + "activations overflow, so there is nothing to compare"
    }
  }
}
