import Foundation
import SwiftletTraining

extension TrainedModel {
  /// The SHA-256 of the file of the weights; of shards that of the list which `sha256sum` prints of them.
  public func checksum() throws -> String {
    let sums = try files.map { SHA256.hexadecimal(of: try Data(contentsOf: $0, options: .mappedIfSafe)) }
    if sums.count == 1 { return sums[0] }
    let list = zip(sums, files).map { "\($0)  \($1.lastPathComponent)\n" }.joined()
    return SHA256.hexadecimal(of: Data(list.utf8))
  }
}
