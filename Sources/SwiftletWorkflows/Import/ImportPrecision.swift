import SwiftletFiles

/// The floats that imported weights are written in.
public enum ImportPrecision: String, Hashable, Sendable, CaseIterable {
  case f32, bf16, f16

  var elementType: SafetensorsHeader.ElementType {
    switch self {
    case .f32: .float32
    case .bf16: .bfloat16
    case .f16: .float16
    }
  }

  /// PyTorch's word, which a config.json has.
  var torchName: String {
    switch self {
    case .f32: "float32"
    case .bf16: "bfloat16"
    case .f16: "float16"
    }
  }
}
