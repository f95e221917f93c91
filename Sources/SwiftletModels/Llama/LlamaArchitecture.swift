/// The spellings of a network of the Llama family in a `config.json`.
enum LlamaArchitecture: String, CaseIterable {
  case llama = "LlamaForCausalLM"
  case mistral = "MistralForCausalLM"
  case qwen2 = "Qwen2ForCausalLM"
  /// Ours, for what the others cannot say, such as positions without rotations.
  case swiftlet = "SwiftletLlamaForCausalLM"

  /// As the key `model_type` says it.
  var modelType: String {
    switch self {
    case .llama: "llama"
    case .mistral: "mistral"
    case .qwen2: "qwen2"
    case .swiftlet: "swiftlet_llama"
    }
  }

  /// - Throws: ``ConfigurationError`` for another architecture, or none.
  init(_ fields: inout ConfigurationFields) throws(ConfigurationError) {
    let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
    let type = try fields.text("model_type")
    let names = try fields.list("architectures") ?? []
    guard names.count <= 1 else { throw ConfigurationError("config.json names \(names.count) architectures") }
    guard let name = names.first else {
      guard let type else { throw ConfigurationError("config.json names no architecture, expected one of \(known)") }
      guard let found = Self.allCases.first(where: { $0.modelType == type }) else {
        throw ConfigurationError("the model_type \(type.debugDescription) is not read here, only that of \(known)")
      }
      self = found
      return
    }
    guard let found = name.text.flatMap(Self.init(rawValue:)) else {
      throw ConfigurationError("the architecture \(name) is not read here, only \(known)")
    }
    guard type == nil || type == found.modelType else {
      throw ConfigurationError(
        "config.json contradicts itself: the architecture is \(found.rawValue), the model_type \(type ?? "")")
    }
    self = found
  }
}
