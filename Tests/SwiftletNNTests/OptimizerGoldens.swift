import Foundation

/// What tools/goldens/optimizers.py wrote.
struct OptimizerGoldens: Decodable {
  struct OptimizerCase: Decodable {
    let name: String
    let start: [[Float]]
    let rates: [Double]
    let gradients, trace: [[[Float]]]
  }
  struct ScheduleCase: Decodable {
    let name: String
    let peak: Double
    let warmup, total: Int
    let rates: [Double]
  }
  struct Losses: Decodable {
    struct Case: Decodable {
      let name: String
      let loss: Double
      let gradient: [Float]
    }
    let shape: [Int]
    let logits, teacher, soft, target: [Float]
    let labels: [Int64]
    let cases: [Case]
  }
  struct Clipping: Decodable {
    struct Case: Decodable {
      let limit, norm: Double
      let clipped: [[Float]]
    }
    let shapes: [[Int]]
    let gradients: [[Float]]
    let cases: [Case]
  }
  struct Averages: Decodable {
    let decay: Double
    let values, trace: [[Float]]
  }

  let optimizers: [OptimizerCase]
  let schedules: [ScheduleCase]
  let losses: Losses
  let clipping: Clipping
  let averages: Averages

  static func load() throws -> OptimizerGoldens {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens/optimizers.json")
    return try JSONDecoder().decode(OptimizerGoldens.self, from: Data(contentsOf: file))
  }
}
