import Foundation
import SwiftletPlans
import SwiftletTraining

/// Appends to a trace.
final class TraceWriter<Score: PlanScore> {
  let file: URL
  private let handle: FileHandle

  init(_ file: URL, header: SearchTrace<Score>.Header) throws {
    self.file = file
    do {
      try JSONLines.line(header).write(to: file, options: .atomic)
      handle = try FileHandle(forWritingTo: file)
      try handle.seekToEnd()
    } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }

  func append(_ candidate: Candidate<Score>) throws {
    do {
      try handle.write(contentsOf: JSONLines.line(SearchTrace<Score>.Line(candidate)))
    } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }
}
