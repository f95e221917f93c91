import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import SwiftletPlans
import SwiftletTensor

/// A teacher's soft targets for the augmented images of one epoch: of each image the most probable classes.
///
/// A file is a safetensors container with three tensors, a row an image of the data set: `classes` `[images, kept]`
/// (int16), `probabilities` `[images, kept]` (float16) and `fingerprints` `[images]` (int64). What an image was augmented
/// to depends on seed, epoch and index alone; the fingerprint proves that it was.
/// Source: Wu et al., "TinyViT: Fast Pretraining Distillation for Small Vision Transformers" (2022), section 3.1.
struct EpochTargets {
  private let classes, probabilities, fingerprints: Tensor
  private let file: URL

  /// - Throws: `CheckpointError`, or `RunError` if the file holds the targets of other images or another teacher.
  static func read(from file: URL, identity: String, images: Int) throws -> EpochTargets {
    let state = try Checkpoint.read(from: file)
    guard let found = state.metadata["swiftlet.targets"], let classes = state["classes"],
      let probabilities = state["probabilities"], let fingerprints = state["fingerprints"],
      classes.shape == probabilities.shape, classes.rank == 2, classes.shape[0] == images,
      fingerprints.shape == [images], classes.dataType == .int16, probabilities.dataType == .float16,
      fingerprints.dataType == .int64
    else { throw RunError.damaged(file, problem: "it holds no teacher's targets for \(images) images") }
    guard found == identity else { throw RunError.otherTargets(file, was: found, now: identity) }
    return EpochTargets(classes: classes, probabilities: probabilities, fingerprints: fingerprints, file: file)
  }

  /// The probabilities `[batch, classes]` of these images of the data set; what the kept classes leave is spread evenly
  /// over the others.
  ///
  /// - Throws: `RunError.otherAugmentation` if an image is not the one that the teacher saw.
  func targets(for indices: [Int], images: Tensor, classes count: Int) throws -> Tensor {
    try withNoGradient {
      let rows = Tensor(indices, shape: [indices.count])
      let expected = fingerprints.indexSelect(along: 0, rows).scalars(as: Int.self)
      let found = images.fingerprints.scalars(as: Int.self)
      if let other = indices.indices.first(where: { expected[$0] != found[$0] }) {
        throw RunError.otherAugmentation(file, image: indices[other])
      }
      let kept = probabilities.indexSelect(along: 0, rows).cast(to: .float32)
      let places = classes.indexSelect(along: 0, rows).cast(to: .int64)
      let others = count - kept.shape[1]
      let rest = (1 - kept.sum(along: [1], keepingAxes: true)).clampInPlace(min: 0)
      let even =
        others > 0
        ? (rest / Double(others)).expanded([indices.count, count])
        : Tensor.zeros([indices.count, count])
      return even.scatter(along: 1, places, kept)
    }
  }
}

/// Gathers the targets of an epoch, batch by batch, and writes them.
struct TargetWriter {
  private static let indexCopy = Operator("aten::index_copy_")
  private let classes, probabilities, fingerprints: Tensor
  private let kept: Int

  init(images: Int, kept: Int) {
    classes = .zeros([images, kept], dataType: .int16)
    probabilities = .zeros([images, kept], dataType: .float16)
    fingerprints = .zeros([images], dataType: .int64)
    self.kept = kept
  }

  /// Keeps the most probable classes of `probabilities`, `[batch, classes]`.
  func add(_ probabilities: Tensor, for indices: [Int], images: Tensor) {
    withNoGradient {
      let (values, places) = probabilities.to(device: .cpu).topK(kept, along: 1)
      let rows = Tensor(indices, shape: [indices.count])
      let parts = [
        (classes, places.cast(to: .int16)), (self.probabilities, values.cast(to: .float16)),
        (fingerprints, images.fingerprints),
      ]
      for (all, new) in parts { _ = Self.indexCopy(.tensor(all), .int(0), .tensor(rows), .tensor(new)) }
    }
  }

  /// - Throws: `RunError.cannotWrite`.
  func write(to file: URL, identity: String) throws {
    let state = StateDictionary(
      [
        ("classes", classes), ("probabilities", probabilities), ("fingerprints", fingerprints),
      ], metadata: ["swiftlet.targets": identity])
    do {
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Checkpoint.write(state, to: file, format: .safetensors)
    } catch let error as CheckpointError {
      throw error  // Says all that is to say.
    } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }
}

extension Tensor {
  private static let viewAs = Operator("aten::view.dtype")

  /// A number for each row of a float32 tensor `[rows, …]` that changes, but for rare accidents, when an element's bits or
  /// their order do.
  fileprivate var fingerprints: Tensor {
    let rows = to(device: .cpu).contiguous().reshaped([shape[0], -1])
    let bits = Self.viewAs(.tensor(rows), .int(Int(DataType.int32.rawValue))).cast(to: .int64)
    return (bits * Tensor.range(from: 1, to: Double(bits.shape[1] + 1))).sum(along: [1])
  }
}

extension StateDictionary {
  /// A number that changes, but for rare accidents, when a weight or a name does.
  var fingerprint: String {
    var all = Fingerprint(.plain)
    for (name, tensor) in self {
      all.mix(bytesOf: name)
      let values = tensor.cast(to: .float32)
      all.mix(values.reshaped([1, values.count]).fingerprints.scalars(as: Int.self)[0])
    }
    return all.hexadecimal
  }
}
