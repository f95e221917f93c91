import Foundation
import SwiftletTerminal

/// What a finished run reached.
public struct TrainingResult: Hashable, Sendable {
  public let steps, epochs: Int
  /// The mean loss of the last epoch.
  public let trainingLoss: Double?
  /// The task's metrics on the search split after the last epoch, by name.
  public let validation: [String: Double]
  /// The accuracy there of subnets of a supernet, by name: `dense`, `2:4`.
  public let subnets: [String: Double]?
  /// Training time in all sessions.
  public let seconds: Double
  /// The file of the trained weights.
  public let model: String
}

extension TrainingResult: Encodable {
  private enum Key: String, CodingKey { case steps, epochs, trainingLoss, subnets, seconds, model }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(steps, forKey: .steps)
    try container.encode(epochs, forKey: .epochs)
    try container.encodeIfPresent(trainingLoss, forKey: .trainingLoss)
    try container.encodeIfPresent(subnets, forKey: .subnets)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(model, forKey: .model)
    try encoder.encodeValidation(validation)
  }
}

extension TrainingResult: CustomStringConvertible {
  public var description: String {
    let accuracy = validationAccuracy.map { String(format: ", %.2f %% right on the search split", 100 * $0) }
    let metrics =
      accuracy
      ?? validation.sorted { $0.key < $1.key }.map { String(format: ", %@ %.4f", $0, $1) }.joined()
      + (validation.isEmpty ? "" : " on the search split")
    let others = (subnets ?? [:]).filter { $0.key != "dense" }.sorted { $0.key > $1.key }
      .map { String(format: ", %.2f %% in %@", 100 * $0.value, $0.key) }.joined()
    let loss = trainingLoss.map { String(format: ", training loss %.4f", $0) } ?? ""
    return
      "\(model): \(epochs) epochs, \(steps) steps in \(ConsoleBar.duration(seconds))\(loss)\(metrics)\(others)"
  }
}
