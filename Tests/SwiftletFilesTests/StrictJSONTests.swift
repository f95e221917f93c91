import SwiftletFiles
import Testing

@Suite struct StrictJSONTests {
  struct Plate: Codable, Equatable {
    enum CodingKeys: String, CodingKey, CaseIterable { case name, count, parts }
    var name: String
    var count: Double
    var parts: [Plate] = []

    init(name: String, count: Double, parts: [Plate] = []) {
      (self.name, self.count, self.parts) = (name, count, parts)
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
      name = try container.decode(String.self, forKey: .name)
      count = try container.decode(Double.self, forKey: .count)
      parts = try container.decodeIfPresent([Plate].self, forKey: .parts) ?? []
    }
  }

  private func sentence(_ text: String) -> String {
    do {
      _ = try StrictJSON.decode(Plate.self, from: text.utf8)
      return "read"
    } catch {
      return StrictJSON.sentence(of: error)
    }
  }

  @Test func `equal values give equal bytes, keys sorted, slashes as they are`() throws {
    let plate = Plate(name: "a/b", count: 0.1, parts: [Plate(name: "\u{1}\"", count: -3)])
    let json = String(decoding: try StrictJSON.encode(plate), as: UTF8.self)
    #expect(
      json == #"{"count":0.1,"name":"a/b","parts":[{"count":-3,"name":"\u0001\"","parts":[]}]}"#)
    #expect(try StrictJSON.decode(Plate.self, from: json.utf8) == plate)
  }

  @Test(arguments: [
    (#"{"name":"a","count":1} "#, "read"),
    (#"{"name":"a","cuont":1}"#, #"unknown key "cuont"; did you mean count?"#),
    (#"{"name":"a","zzzzzzzz":1}"#, #"unknown key "zzzzzzzz"; known keys are count, name, parts"#),
    (#"{"name":"a","count":1,"parts":[{"nmae":"b"}]}"#, #"parts[0]: unknown key "nmae"; did you mean name?"#),
    (#"{"name":"a"}"#, #"the key "count" is missing"#),
    (#"{"name":"a","count":"1"}"#, "count: expected a number here"),
    (#"{"name":null,"count":1}"#, "name: expected text here, found null"),
    (#"{"name":"a","name":"b","count":1}"#, "it is not JSON: at byte 18, the key name appears twice"),
    (#"{"name":"a","count":1}x"#, "it is not JSON: at byte 22, something follows its end"),
    (#"{"name":"a","count":1e999}"#, "it is not JSON: at byte 25, 1e999 is no value"),
    (#"{"name":"a","count":1"#, "it is not JSON: at byte 21, a closing brace is missing"),
    ("", "it is not JSON: at byte 0, it ends early"),
    (String(repeating: "[", count: 100_000), "it is not JSON: at byte 16, it nests too deeply"),
  ])
  func `what is wrong is told in one sentence with its place`(text: String, expected: String) {
    #expect(sentence(text) == expected)
  }

  @Test func `numbers that JSON cannot spell are texts where a file of measurements needs them`() throws {
    let values = [Double.infinity, -.infinity, 0.5]
    #expect(throws: EncodingError.self) { try StrictJSON.encode(values) }
    let json = try StrictJSON.encode(values + [.nan], nonFinite: .asText)
    #expect(String(decoding: json, as: UTF8.self) == #"["inf","-inf",0.5,"nan"]"#)
    let read = try StrictJSON.decode([Double].self, from: json, nonFinite: .asText)
    #expect(read.prefix(3) == values[...] && read[3].isNaN)
    #expect(throws: DecodingError.self) { try StrictJSON.decode([Double].self, from: json) }
  }
}
