import Foundation
import SwiftletFiles
import SwiftletTensor
import TestSupport
import Testing

@testable import SwiftletCheckpoint

let torch: ConditionTrait = .enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup")

/// The golden files, which tools/goldens/checkpoints.py writes.
let goldens = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens")

func golden(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: goldens.appending(path: name))) }

/// What a golden says about one tensor.
struct Described: Codable, Equatable {
  let dataType: String
  let shape: [Int]
  let values: [Double]

  init(_ tensor: Tensor) {
    dataType = "\(tensor.dataType)"
    shape = tensor.shape
    values = tensor.scalars(as: Double.self)
  }
}

func expected(_ name: String) throws -> [String: Described] {
  let all = try JSONDecoder().decode([String: [String: Described]].self, from: Data(golden("expected.json")))
  return try #require(all[name])
}

func described(_ state: StateDictionary) -> [String: Described] {
  Dictionary(uniqueKeysWithValues: state.map { ($0.name, Described($0.tensor)) })
}

/// One tensor of every type, names and values that stress the formats.
func everyType() -> StateDictionary {
  var state = StateDictionary(metadata: ["note": "tab\t, quote \", accent é, \u{1}", "step": "12"])
  for type in DataType.allCases {
    state["layer.\(type)"] = Tensor([0, 1, 3] as [Float], shape: [3, 1]).cast(to: type)
  }
  state["empty"] = Tensor.zeros([0, 3])
  state["scalar"] = Tensor(1.5 as Float)
  state["transposed \"é\""] = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]).transposed(0, 1)
  return state
}

/// A file as torch.save lays it out, with this pickle and these members beside it.
func torchFile(_ pickle: [UInt8], storages: [String: [UInt8]] = [:]) throws -> MappedFile {
  let folder = try TemporaryFolder()
  let path = folder.url.appending(path: "x").path
  let file = try AtomicFile(replacing: path)
  var zip = ZipWriter(file)
  try zip.add("archive/data.pkl", pickle)
  for (key, content) in storages { try zip.add("archive/data/\(key)", content) }
  try zip.finish()
  try file.commit()
  return MappedFile(copying: Array(try Data(contentsOf: URL(filePath: path))))
}

/// Reads what may be anything, and touches every element of what it gives.
func readEverything(_ file: MappedFile) throws(CheckpointError) {
  for (_, tensor) in try Checkpoint.read(file).state { _ = tensor.sum().item() }
}
