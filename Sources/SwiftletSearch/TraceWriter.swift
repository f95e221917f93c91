import Foundation
import SwiftletFiles
import SwiftletPlans
import SwiftletTraining

/// Appends to a trace.
final class TraceWriter<Score: PlanScore> {
  let file: URL
  private let lines: JSONLinesWriter

  init(_ file: URL, header: SearchTrace<Score>.Header) throws {
    self.file = file
    do { lines = try JSONLinesWriter(replacing: file.path, with: [header]) } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }

  func append(_ candidate: Candidate<Score>) throws {
    do { try lines.append(SearchTrace<Score>.Line(candidate)) } catch {
      throw RunError.cannotWrite(file, reason: reason(of: error))
    }
  }
}
