import SwiftletFiles

/// The order of class folders, which decides which label each has.
enum ClassOrder {
  /// By bytes, as torchvision's `ImageFolder` orders them; where all names are numbers, by their values.
  static func sorted(_ names: some Collection<FileName>) -> [FileName] {
    let byBytes = names.sorted()
    guard byBytes.allSatisfy(isNumber) else { return byBytes }
    return byBytes.sorted { (value($0).count, value($0), $0) < (value($1).count, value($1), $1) }
  }

  /// A sentence where the numbers' order is not the bytes' order; nil elsewhere.
  static func note(_ classes: [FileName], path: String) -> String? {
    guard classes != classes.sorted(), let last = classes.last else { return nil }
    return
      "\(path): the class folders are numbers and are ordered by value, \(classes[0]) to \(last); torchvision orders them "
      + "as text (1, 10, 2), so a network that it trained has other labels unless its class names say so"
  }

  private static func isNumber(_ name: FileName) -> Bool {
    !name.bytes.isEmpty && name.bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// The digits without zeros in front.
  private static func value(_ name: FileName) -> FileName {
    FileName(bytes: name.bytes.drop { $0 == UInt8(ascii: "0") })
  }
}

extension FileName {
  fileprivate var count: Int { bytes.count }
}
