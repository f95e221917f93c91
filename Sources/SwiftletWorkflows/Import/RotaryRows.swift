/// Where the rows of a query's or key's projection stand whose pairs of channels a rotation turns.
///
/// Meta's and llama2.c's files, and those that GGUF makes of Llamas, have the two channels of a pair next to each other;
/// Hugging Face has the first of every pair in the first half of a head and the second in the other.
enum RotaryRows {
  /// The row with neighbouring pairs that is `row` with halves.
  static func neighbouring(_ row: Int, headWidth: Int) -> Int {
    let (head, channel) = (row / headWidth, row % headWidth)
    let half = headWidth / 2
    return head * headWidth + 2 * (channel % half) + channel / half
  }
}
