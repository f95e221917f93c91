import Foundation
import SwiftletRuntime

/// Linear layers one behind the other, with weights of every kind, in a file of more than 100 MB.
struct LargeModel {
  static let width = 3072

  /// Returns the file's size in bytes.
  func write(to url: URL) throws -> Int {
    let width = Self.width
    // Of every group of four the first and third are kept; every row repeats every few rows, as the numbers do not matter.
    let block = (0..<width * 16).map { $0 % 2 == 0 ? Float($0 % 61) - 30 : 0 }
    let floats = Array(repeatElement(block, count: width / 16).joined())
    var graph = Graph(name: "large")
    graph.appendInput("x", shape: [.batch, .fixed(4), .fixed(width)])
    var value = "x"
    var constants: [EncodedConstant] = []
    func append(_ constant: EncodedConstant) throws {
      constants.append(constant)
      graph.constants.append(constant.constant)
      value = try graph.append(
        .linear(weight: constant.constant.name, bias: nil, activation: nil), named: "after.\(constant.constant.name)",
        of: [value])
    }
    let pattern = SparsityPattern(keeping: 2, of: 4)
    for number in 0..<2 {
      try append(EncodedConstant(name: "dense.\(number)", shape: [width, width], floats: floats))
    }
    try append(EncodedConstant(name: "sparse", shape: [width, width], floats: floats, pattern: pattern))
    try append(EncodedConstant(name: "half", shape: [width, width], floats: floats, type: .float16))
    try append(
      EncodedConstant(name: "int4", shape: [512, width], floats: Array(floats[..<(512 * width)]), int4GroupsOf: 32))
    graph.outputs = [value]
    try ModelFile.write(graph, constants: constants, to: url)
    return try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int ?? 0
  }
}
