import Foundation
import SwiftletBenchmarkKit
import SwiftletExport
import SwiftletPlans
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining
import SwiftletWorkflows
import TestSupport
import Testing
import TrainingTestSupport

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"), .serialized)
struct ModelExportTests {
  @Test func `a checkpoint becomes a model file that says where it comes from`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      var export = ModelExport(of: try TrainedModel(reading: checkpoint))
      export.notes = ["accuracy": "10"]
      #expect(!export.needsCalibration)
      let file = directory.appending(path: "small.swiftlet")
      let result = try export.write(to: file)
      #expect(result.differenceFromTorch < 1e-5 && result.int8 == nil && result.int8Warning == nil)
      #expect(result.layers.count == 6 && result.layers.allSatisfy { $0.pattern == "dense" && $0.precision == "fp32" })
      let written = try ModelFile(contentsOf: file)
      #expect(result.bytes == written.byteCount && written.graph.name == "small")
      #expect(written.graph.metadata.classNames == export.source.classes)
      let notes = written.graph.metadata.notes
      let checksum = try export.source.checksum()
      #expect(notes["accuracy"] == "10" && notes[ModelNotes.checkpoint] == checksum)
      #expect(try Recipe.parse(notes[ModelNotes.recipe] ?? "") == export.source.recipe)
      #expect("\(result)".contains("blocks.0.mlp.fc2") && "\(result)".contains("\(result.bytes) bytes"))
    }
  }

  @Test func `int8 looks at the search split, and needs it`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      var export = ModelExport(of: try TrainedModel(reading: checkpoint))
      (export.precision, export.range) = (.uniform(.int8), .minMax)
      let file = directory.appending(path: "int8.swiftlet")
      #expect(export.needsCalibration)
      #expect(throws: ExportError.self) { try export.write(to: file) }
      #expect(!FileManager.default.fileExists(atPath: file.path))
      let result = try export.write(to: file, calibratingOn: export.openData(at: nil))
      #expect(result.int8?.calibrationImages == 16)
      #expect(result.layers.filter { $0.precision == "int8" }.count == 4)
    }
  }

  @Test func `a plan says what becomes of each layer`() throws {
    try SmallNetwork.withCheckpoint { checkpoint, directory in
      let source = try TrainedModel(reading: checkpoint)
      var export = ModelExport(of: source, plan: CompressionPlan())
      export.plan?["blocks.0.mlp.fc1"] = LayerChoice(pattern: .dense, precision: .bf16)
      export.precision = .planned
      let result = try export.write(to: directory.appending(path: "planned.swiftlet"))
      #expect(
        Dictionary(uniqueKeysWithValues: result.layers.map { ($0.path, $0.precision) })["blocks.0.mlp.fc1"] == "bf16")
      #expect(result.layers.count { $0.precision == "fp32" } == 5)
      export.plan?["blocks.0.mlp.fc2"] = LayerChoice(pattern: .dense, precision: .int8)
      #expect(export.needsCalibration)
    }
  }
}
