import Foundation
import SwiftletTraining

/// Why a network cannot be compressed.
public enum CompressorError: Error, CustomStringConvertible {
  case noCompressionSection
  case modelExists(URL)
  case scoreNeedsData(Recipe.Score)
  case noClasses
  case otherClasses(teacher: URL)

  public var description: String {
    switch self {
    case .noCompressionSection:
      "the recipe has no compression section: add one, or prune once without --finetune"
    case .modelExists(let file):
      "\(file.path) exists: choose another --out"
    case .scoreNeedsData(let score):
      "\(score.rawValue) looks at activations: say with --data where the recipe's data lies"
    case .noClasses:
      "the checkpoint does not name its classes: give --classes, or say with --data where the recipe's data lies"
    case .otherClasses(let teacher):
      "the teacher \(teacher.path) knows other classes than the checkpoint: give a network of the same data"
    }
  }
}
