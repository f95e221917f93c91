import SwiftletFiles
import SwiftletNN

extension Recipe {
  /// What decides a teacher's targets for an epoch, for people too: images, changes, teacher.
  func identityOfTargets(of teacher: any Layer, data: TrainingData, epoch: Int, kept: Int) throws -> String {
    var part = self
    // What changes neither an image nor what the teacher says about it.
    (part.supernet, part.compression) = (nil, nil)
    part.training = Training()
    part.training.seed = training.seed
    (part.training.batchSize, part.training.stepsPerEpoch) = (training.batchSize, training.stepsPerEpoch)
    (part.training.mixup, part.training.cutmix) = (training.mixup, training.cutmix)
    part.training.precision = training.precision
    part.training.distillation = Distillation(temperature: training.distillation?.temperature ?? 1)
    var text = Fingerprint(.plain)
    text.mix(bytesOf: try part.yaml())
    return "\(data.identity), seed \(training.seed), epoch \(epoch), recipe \(text.hexadecimal), "
      + "\(kept) classes of teacher \(teacher.stateDictionary().fingerprint)"
  }
}
