/// Keys of the notes that export leaves in a model file.
public enum ModelNotes {
  /// The recipe that it was trained by, as YAML, with the network's shape.
  public static let recipe = "recipe"
  /// The SHA-256 of the checkpoint that the weights come from, see `TrainedModel.checksum()`.
  public static let checkpoint = "checkpoint.sha256"
}
