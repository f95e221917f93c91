import Foundation
import SwiftletMedia
import SwiftletVision

guard CommandLine.arguments.count == 3 else {
  print("usage: ImageClassifier MODEL IMAGE")
  exit(64)
}
do {
  let model = try Model(contentsOf: URL(filePath: CommandLine.arguments[1]))
  let photo = try Image(contentsOf: URL(filePath: CommandLine.arguments[2]))
  for found in try model.classify(photo, top: 3) {
    print("\(found.label): \(found.probability)")
  }
} catch {
  print("error: \(error)")
  exit(1)
}
