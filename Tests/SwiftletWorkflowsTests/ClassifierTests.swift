import Foundation
import SwiftletBenchmarkKit
import SwiftletData
import SwiftletMedia
import SwiftletVision
import TestSupport
import Testing

@testable import SwiftletRuntime
@testable import SwiftletWorkflows

@Suite struct ClassifierTests {
  private func classifier(_ classes: [String]) throws -> Classifier {
    var settings = RandomVisionTransformer(size: .tiny, precision: .fp32, pattern: nil)
    (settings.imageSize, settings.patch, settings.depth, settings.classes) = (16, 8, 1, 3)
    settings.metadata.classNames = classes
    settings.metadata.preprocessing = .init(height: 16, width: 16)
    return try Classifier(file: settings.model(), threads: 1)
  }

  @Test func `scores are matched with the images' classes by name`() throws {
    #expect(try classifier(["a", "b", "c"]).columns(of: ["a", "b", "c"]) == nil)
    #expect(try classifier([]).columns(of: ["a", "b"]) == nil)
    #expect(try classifier(["0", "10", "2"]).columns(of: ["0", "2", "10"]) == [0, 2, 1])
    #expect(throws: EvalError.self) { try classifier(["a", "b", "c"]).columns(of: ["a", "b", "d"]) }
    #expect(throws: EvalError.self) { try classifier(["a", "b", "c"]).columns(of: ["a", "b"]) }
  }

  private struct Pictures: ImageDataset {
    struct Broken: Error {}
    let bad: Set<Int>
    var classes: [String] { ["a", "b", "c"] }
    var count: Int { 10 }
    func label(at index: Int) -> Int { index % 3 }
    func image(at index: Int) throws -> Image {
      if bad.contains(index) { throw MediaError.corrupt("\(index).png: damaged") }
      return Image(width: 20, height: 30, colour: [UInt8(index), 2, 3])
    }
  }

  @Test func `batches hold what a classifier sees, in order`() throws {
    let side = try classifier([])
    let pictures = Pictures(bad: [])
    var batches = PreparedBatches(of: pictures, for: [side, side], size: 4)
    var (inputs, labels, sizes): ([Float], [Int], [Int]) = ([], [], [])
    while let batch = try batches.next() {
      #expect(batch.inputs[0] == batch.inputs[1])
      inputs += batch.inputs[0]
      labels += batch.labels
      sizes.append(batch.labels.count)
    }
    #expect(sizes == [4, 4, 2] && labels == (0..<10).map { $0 % 3 })
    #expect(try inputs == (0..<10).flatMap { side.prepare(try pictures.image(at: $0)) })
  }

  @Test func `all images that cannot be read are the error`() throws {
    var batches = PreparedBatches(of: Pictures(bad: [5, 9]), for: [try classifier([])], size: 4)
    #expect(try batches.next()?.labels.count == 4)
    let error = #expect(throws: UnreadablePictures.self) { try batches.next() }
    #expect(error?.description == "2 of 10 pictures cannot be read:\n  5.png: damaged\n  9.png: damaged")
  }
}
