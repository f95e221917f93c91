/// Dotted paths of layers, such as `blocks.10.attn.qkv`.
public enum LayerPath {
  /// The order of paths: number by number, so that `blocks.2.mlp.fc1` comes before `blocks.10.attn.qkv`.
  static func precedes(_ left: String, _ right: String) -> Bool {
    let (left, right) = (left.split(separator: "."), right.split(separator: "."))
    for (a, b) in zip(left, right) where a != b {
      if let a = Int(a), let b = Int(b), a != b { return a < b }
      return a < b
    }
    return left.count < right.count
  }

  /// A path up to its last number, and what is behind it: `blocks.10` and `attn.qkv`. For people, where a plan is shown
  /// without the network, whose slots say it themselves.
  public static func parts(of path: String) -> (block: String, role: String) {
    let parts = path.split(separator: ".")
    let split = (parts.lastIndex { Int($0) != nil } ?? -1) + 1
    return (parts[..<split].joined(separator: "."), parts[split...].joined(separator: "."))
  }
}
