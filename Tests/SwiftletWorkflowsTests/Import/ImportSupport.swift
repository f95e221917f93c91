import Foundation
import SwiftletCheckpoint
import SwiftletFiles
import TestSupport
import Testing

@testable import SwiftletWorkflows

let importGoldens = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "Goldens")

/// All weights of a folder or a file by name, as bits of floats.
func weights(in place: URL) throws -> [String: [UInt32]] {
  let stored = try StoredTensors(in: CheckpointFiles(at: place)).entries
  return Dictionary(
    uniqueKeysWithValues: stored.map { entry in
      let rows = 0..<(entry.shape.first ?? 1)
      return (
        entry.name,
        entry.withBytes(ofRows: rows) { bytes in
          switch entry.type {
          case .float32: stride(from: 0, to: bytes.count, by: 4).map { bytes.little(UInt32.self, at: $0) }
          default: stride(from: 0, to: bytes.count, by: 2).map { UInt32(bytes.little(UInt16.self, at: $0)) << 16 }
          }
        }
      )
    })
}

/// What lies in a folder, by name.
func contents(of folder: URL) throws -> [String: Data] {
  let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
  return try Dictionary(
    uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: folder.appending(path: $0))) })
}

/// The one sentence that an import ends with.
func sentence(_ work: () throws -> some Any) -> String {
  do {
    _ = try work()
  } catch {
    #expect(!"\(error)".contains("\n"), "\(error)")
    return "\(error)"
  }
  Issue.record("nothing was refused")
  return ""
}
