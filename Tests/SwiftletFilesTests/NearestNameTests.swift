import SwiftletFiles
import Testing

@Suite struct NearestNameTests {
  @Test func `the name with the fewest slips is meant, or none`() {
    let names = ["train", "search", "run", "export", "eval"]
    for (word, meant) in [
      ("trian", "train"), ("Train", "train"), ("exprot", "export"), ("rnu", "run"), ("evl", "eval"),
    ] {
      #expect(NearestName.of(word, among: names) == meant)
    }
    #expect(NearestName.of("finetune", among: names) == nil)
    #expect(NearestName.of("train", among: []) == nil)
  }
}
