// Tests draw their inputs from the project's own generator.
@_exported import struct SwiftletFiles.SplitMix64

extension SplitMix64 {
  public mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }

  public mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }

  /// Roughly normal: the sum of twelve uniform numbers.
  public mutating func normal() -> Float {
    (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &self) }
  }

  public mutating func normals(_ count: Int) -> [Float] { (0..<count).map { _ in normal() } }
}
