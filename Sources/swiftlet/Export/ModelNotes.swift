/// Keys of the notes that export leaves in a model file.
enum ModelNotes {
  /// The network's shape, as JSON.
  static let configuration = "configuration"
  /// The recipe that it was trained by, as YAML.
  static let recipe = "recipe"
  /// The SHA-256 of the checkpoint that the weights come from.
  static let checkpoint = "checkpoint.sha256"
}
