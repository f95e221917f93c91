import SwiftletNN

extension Recipe {
  /// What decides a teacher's targets for an epoch, for people too: images, changes, teacher.
  func identityOfTargets(of teacher: any Layer, data: TrainingData, epoch: Int, kept: Int) throws -> String {
    var part = self
    // What changes neither an image nor what the teacher says about it.
    (part.supernet, part.compression) = (nil, nil)
    part.training = Training()
    part.training.seed = training.seed
    part.training.batchSize = training.batchSize
    (part.training.mixup, part.training.cutmix) = (training.mixup, training.cutmix)
    part.training.precision = training.precision
    part.training.distillation = Distillation(temperature: training.distillation?.temperature ?? 1)
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
    for byte in try part.yaml().utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return "\(data.identity), seed \(training.seed), epoch \(epoch), recipe \(String(hash, radix: 16)), "
      + "\(kept) classes of teacher \(teacher.stateDictionary().fingerprint)"
  }
}
