/// The order of dotted layer paths: number by number, so that `blocks.2.mlp.fc1` comes before `blocks.10.attn.qkv`.
enum LayerPath {
  static func precedes(_ left: String, _ right: String) -> Bool {
    let (left, right) = (left.split(separator: "."), right.split(separator: "."))
    for (a, b) in zip(left, right) where a != b {
      if let a = Int(a), let b = Int(b), a != b { return a < b }
      return a < b
    }
    return left.count < right.count
  }
}
