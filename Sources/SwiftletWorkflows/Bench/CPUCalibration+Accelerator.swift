import Foundation
import SwiftletBenchmarkKit
import SwiftletExport
import SwiftletFiles
import SwiftletModels
import SwiftletPlans
import SwiftletRuntime
import SwiftletSearch
import SwiftletTensor
import SwiftletTerminal

extension CPUCalibration {
  /// Measures what every layer of a network costs on this processor, writes that as an accelerator, then draws plans and
  /// times them, to see how well it predicts.
  ///
  /// ```swift
  /// let model = try recipe.model.make(seed: 1)
  /// let calibration = CPUCalibration(levels: [SparsityPattern(keeping: 2, of: 4), .dense], precisions: [.fp32])
  /// print(try calibration.accelerator(for: model, named: "\(recipe.model)", to: URL(filePath: "this-cpu.yaml")))
  /// ```
  /// A search for `ms=…` takes the file. The times hold for this processor, network, batch and number of threads.
  ///
  /// - Parameters:
  ///   - name: the network in words, as searches compare it.
  ///   - checks: plans to draw and time, beside the uniform ones.
  ///   - progress: told of each round of measuring.
  /// - Throws: `CompressionPlanError` where a level does not fit a layer, `ExportError`, or `AcceleratorError` where the
  ///   file cannot be written.
  public func accelerator(
    for model: any ImageClassifier, named name: String, to file: URL, checks: Int = 6,
    progress: (_ round: Int, _ rounds: Int) -> Void = { _, _ in }
  ) throws -> CalibrationResult {
    let work = model.multiplyAdds
    let layers = work.slots.map(\.path)
    for level in levels { try CompressionPlan.uniform(level, layers: layers).validate(for: work) }
    model.evaluate()
    // Grids only have to be there: what they are changes no time.
    let noise = Tensor.normal([4] + model.inputShape, using: Generator(seed: 1))
    let planned = try PlannedNetwork(
      model, inputShape: model.inputShape, layers: layers,
      calibration: precisions.contains(.int8) ? Calibration(batches: [noise], rule: .minMax) : nil)
    let times = try measure(
      planned, of: work, named: name, on: Machine.description(threads: threads), progress: progress)
    let accelerator = Accelerator(
      name: file.deletingPathExtension().lastPathComponent,
      source: "swiftlet bench calibrate, best of \(rounds) runs in turn", levels: levels, precisions: precisions,
      cost: .measured(times))
    try accelerator.write(to: file)
    return CalibrationResult(
      file: file.relativePath, times, try compare(planned, accelerator, of: work, drawing: checks))
  }

  /// Draws plans, and times them all in turn.
  private func compare(
    _ planned: PlannedNetwork, _ accelerator: Accelerator, of work: MultiplyAdds, drawing count: Int
  ) throws -> [CalibrationResult.Check] {
    let space = SearchSpace(levels, precisions: precisions, over: work.slots.map(\.path))
    let costs = try accelerator.costs(of: space, in: work)
    let sampler = UniformSampler(space)
    var random = RandomStream(seed: 1)
    var named = space.uniformPlans.map { levels in
      let choice = space.slots[0].levels[levels[0]]
      return ("uniform \(choice.sparsity) \(choice.format.rawValue)", levels)
    }
    named += (0..<count).map { ("drawn \($0 + 1)", sampler.levels(using: &random)) }
    let measured = try milliseconds(of: named.map { space.plan($0.1) }, planned)
    return zip(named, measured).map { plan, measured in
      .init(plan: plan.0, predicted: Double(costs.total(of: plan.1)) / 1e6, measured: measured)
    }
  }
}

/// What was measured of a processor, and how well it predicts; for people and for programs.
public struct CalibrationResult: Hashable, Sendable, Encodable {
  /// A plan that was timed whole.
  public struct Check: Hashable, Sendable, Encodable {
    public let plan: String
    /// Milliseconds of a forward pass.
    public let predicted, measured: Double
  }

  /// One kind of layer in one pattern and precision.
  public struct Layer: Hashable, Sendable, Encodable {
    public let layer, pattern, precision, kernel: String
    public let tokens, inputs, outputs, nanoseconds: Int
  }

  public let file: String
  /// Nanoseconds of everything but the layers.
  public let fixed: Int
  public let layers: [Layer]
  public let checks: [Check]

  init(file: String, _ times: MeasuredTimes, _ checks: [Check]) {
    (self.file, fixed, self.checks) = (file, times.fixed, checks)
    layers = times.layers.map { layer in
      Layer(
        layer: layer.name, pattern: layer.choice.sparsity.displayName, precision: layer.choice.format.rawValue,
        kernel: layer.kernel, tokens: layer.tokens, inputs: layer.inputs, outputs: layer.outputs,
        nanoseconds: layer.nanoseconds)
    }
  }
}

extension CalibrationResult: CustomStringConvertible {
  public var description: String {
    var table = Table(columns: [
      .text("layer"), .number("inputs"), .number("outputs"), .text("level"), .text("precision"), .number("µs"),
      .text("kernel"),
    ])
    for layer in layers {
      table.append([
        layer.layer, "\(layer.inputs)", "\(layer.outputs)", layer.pattern, layer.precision,
        (Double(layer.nanoseconds) / 1000).text(decimals: 1), layer.kernel,
      ])
    }
    var comparison = Table(columns: [
      .text("plan"), .number("predicted ms"), .number("measured ms"), .number("off by"),
    ])
    for check in checks {
      comparison.append([
        check.plan, check.predicted.text(decimals: 3), check.measured.text(decimals: 3),
        (100 * (check.predicted / check.measured - 1)).text(decimals: 1) + " %",
      ])
    }
    return [
      table.text, "everything else: \((Double(fixed) / 1000).text(decimals: 1)) µs", comparison.text,
      "written to \(file)",
    ].joined(separator: "\n\n")
  }
}
