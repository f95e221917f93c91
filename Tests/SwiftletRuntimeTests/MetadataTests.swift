import Testing

@testable import SwiftletRuntime

@Suite struct MetadataTests {
  /// A graph whose outputs have these shapes behind the batch.
  static func graph(_ outputs: [(name: String, shape: [Int])], _ metadata: Graph.Metadata) throws -> Graph {
    var graph = Graph(name: "test")
    for (name, shape) in outputs {
      let input = graph.appendInput("to \(name)", shape: [.batch] + shape.map { .fixed($0) })
      graph.outputs.append(try graph.append(.activation(.relu), named: name, of: [input]))
    }
    graph.metadata = metadata
    return graph
  }

  static let outputs: [(name: String, shape: [Int])] = [
    ("scores", [6, 40]), ("near", [14, 12, 20]), ("far", [7, 6, 10]), ("area", [3, 24, 40]), ("lines", [2, 48, 80]),
    ("voice", [3]), ("face", [3]),
  ]
  static let boxes = Graph.Detection(
    classes: ["vehicle", "person"],
    scales: [
      .init(output: "near", stride: 8, anchors: [.init(height: 16, width: 12), .init(height: 36.5, width: 19)]),
      .init(output: "far", stride: 16, anchors: [.init(height: 75, width: 36)]),
    ])
  static let maps = Graph.Segmentation(maps: [
    .init(output: "area", classes: ["background", "main", "alternative"]),
    .init(output: "lines", classes: ["background", "line"]),
  ])
  static let language = Graph.Language(vocabulary: 37, contextLength: 128, beginning: 1, ends: [2, 36])
  static let feelings = Graph.Emotion(
    target: .attributes(0...1), names: ["arousal", "dominance", "valence"],
    heads: [.init(output: "voice", source: .audio), .init(output: "face", source: .video)])

  static let everything = Graph.Metadata(
    detection: boxes, segmentation: maps, language: language, emotion: feelings,
    preprocessing: .init(height: 96, width: 160), notes: ["data": "drawn scenes"])

  @Test func `sections for many tasks survive JSON`() throws {
    let graph = try Self.graph(Self.outputs, Self.everything)
    let json = try graph.json()
    #expect(try Graph(json: json) == graph)
    #expect(try Graph(json: json).json() == json)
  }

  /// Hand: what other programs that read the file rely on.
  @Test func `a section is the JSON that the format's page shows`() throws {
    let text = String(decoding: try Self.graph(Self.outputs, Self.everything).json(), as: UTF8.self)
    for part in [
      #"{"anchors":[{"height":75,"width":36}],"output":"far","stride":16}"#,
      #""segmentation":{"maps":[{"classes":["background","main","alternative"],"output":"area"},"#,
      #""language":{"beginning":1,"contextLength":128,"ends":[2,36],"vocabulary":37}"#,
      #""emotion":{"heads":[{"output":"voice","source":"audio"},{"output":"face","source":"video"}],"#
        + #""names":["arousal","dominance","valence"],"range":[0,1],"target":"attributes"}"#,
    ] {
      #expect(text.contains(part), "\(part)")
    }
    let classes = try Self.graph([("scores", [2])], .init(classNames: ["cat", "dog"])).json()
    #expect(String(decoding: classes, as: UTF8.self).contains(#""classification":{"classes":["cat","dog"]}"#))
  }

  @Test func `a section that contradicts the graph is refused with its reason`() throws {
    func refuses(_ change: (inout Graph.Metadata) -> Void, _ expected: String) throws {
      var metadata = Self.everything
      change(&metadata)
      let graph = try Self.graph(Self.outputs, metadata)
      let error = #expect(throws: GraphError.self) { try graph.validate() }
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
    try refuses({ $0.classNames = ["a"] }, "invalid at classification: there are 1, the first output has 40 scores")
    try refuses({ $0.classification = .init(classes: []) }, "there are 0 classes")
    try refuses({ $0.detection?.classes = ["a", "a"] }, "invalid at detection: the names of the classes")
    try refuses({ $0.detection?.classes = ["a", ""] }, "the names of the classes")
    try refuses({ $0.detection?.classes = ["a"] }, "expected [batch, 12, rows, columns] for 2 anchors and 1 classes")
    try refuses({ $0.detection?.scales = [] }, "it names no output")
    try refuses({ $0.detection?.scales[1].output = "near" }, "twice")
    try refuses({ $0.detection?.scales[1].output = "nobody" }, "nobody is no output of the graph")
    try refuses({ $0.detection?.scales[1].output = "to far" }, "to far is no output of the graph")
    try refuses({ $0.detection?.scales[1].stride = 0 }, "far needs a stride of 1 to 4096")
    try refuses({ $0.detection?.scales[1].anchors[0].width = 0 }, "anchors larger than 0")
    try refuses({ $0.detection?.scales[1].anchors[0].height = .infinity }, "anchors larger than 0")
    try refuses({ $0.detection?.scales[1].anchors = [] }, "1 to 64 anchors")
    try refuses({ $0.segmentation?.maps[0].output = "voice" }, "invalid at segmentation: voice is [batch, 3], expected")
    try refuses({ $0.segmentation?.maps[1].classes = ["background"] }, "expected [batch, 1, rows, columns]")
    try refuses(
      { $0.language?.vocabulary = 41 }, "invalid at language: a vocabulary of 41 has no place in the 40 scores")
    try refuses({ $0.language?.vocabulary = 0 }, "a vocabulary of 0")
    try refuses({ $0.language?.contextLength = 0 }, "the context has 0 tokens")
    try refuses({ $0.language?.ends = [37] }, "the token 37 is none of a vocabulary of 37")
    try refuses({ $0.language?.beginning = -1 }, "the token -1 is none")
    try refuses({ $0.language?.ends = [2, 2] }, "listed twice")
    try refuses({ $0.emotion?.names = ["calm"] }, "invalid at emotion: voice is [batch, 3], expected [batch, 1]")
    try refuses({ $0.emotion?.heads[1].source = .audio }, "two heads have one source")
    try refuses({ $0.emotion?.heads[1].output = "area" }, "area is [batch, 3, 24, 40]")
    try refuses({ $0.emotion?.target = .attributes(1...1) }, "the range of its attributes")
    try refuses({ $0.emotion?.target = .attributes(0...Float.infinity) }, "the range of its attributes")
  }

  static let refusals: [(from: String, to: String, expected: String)] = [
    (#""stride":16"#, #""stride":16,"scale":2"#, #"unknown key "scale""#),
    (#""width":36"#, #""width":36,"depth":1"#, #"unknown key "depth""#),
    (#""language":{"#, #""language":{"merges":[],"#, #"unknown key "merges""#),
    (#""contextLength":128,"#, "", #"the key "contextLength" is missing"#),
    (#""source":"audio""#, #""source":"touch""#, "expected audio, video, both"),
    (#""target":"attributes""#, #""target":"categories""#, "categories have none at metadata.emotion"),
    (#""range":[0,1],"#, "", "attributes have a range of two numbers"),
    (#""range":[0,1]"#, #""range":[1,0]"#, "the lower first"),
    (#""range":[0,1]"#, #""range":[0]"#, "a range of two numbers"),
    (#""emotion":"#, #""emotions":"#, #"unknown key "emotions""#),
    (#""notes":"#, #""classNames":[],"notes":"#, #"unknown key "classNames""#),
  ]

  @Test(arguments: refusals)
  func `a forged section is refused with its reason`(refusal: (from: String, to: String, expected: String)) throws {
    let text = String(decoding: try Self.graph(Self.outputs, Self.everything).json(), as: UTF8.self)
    try #require(text.contains(refusal.from), "the fixture holds \(refusal.from)")
    let forged = text.replacing(refusal.from, with: refusal.to, maxReplacements: 1)
    let error = try #require(throws: GraphError.self) { try Graph(json: Array(forged.utf8)) }
    #expect(error.description.contains(refusal.expected), "\(error)")
  }

  @Test func `the classes of version 1 are those of a classification`() throws {
    let graph = try Self.graph([("scores", [2])], .init(notes: ["a": "b"]))
    let text = String(decoding: try graph.json(), as: UTF8.self)
    func first(_ names: String) throws -> Graph.Metadata {
      let forged =
        text.replacing(#""axes":[{"maximum":1048576,"name":"batch"}],"#, with: "")
        .replacing(#""states":[],"#, with: "").replacing(#""version":2"#, with: #""version":1"#)
        .replacing(#""metadata":{"#, with: #""metadata":{"classNames":\#(names),"#)
      return try Graph(json: Array(forged.utf8)).metadata
    }
    #expect(try first(#"["cat","dog"]"#) == Graph.Metadata(classNames: ["cat", "dog"], notes: ["a": "b"]))
    #expect(try first("[]") == Graph.Metadata(notes: ["a": "b"]))
    #expect(throws: GraphError.self) { try first(#"["cat"]"#) }
    #expect(throws: GraphError.self) { try first(#"["cat","dog"],"emotion":{}"#) }
  }
}
