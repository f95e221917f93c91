import Foundation
import SwiftletRuntime
import Testing

@Suite struct PreprocessingTests {
  @Test(arguments: [
    (Graph.Preprocessing.Resize.shortestSide(7), "7"), (.stretch, "\"stretch\""),
    (.stretchTo(height: 7, width: 9), "{\"stretch\":[7,9]}"), (.cover(height: 7, width: 9), "{\"cover\":[7,9]}"),
  ])
  func `a way to resize is written as it is read`(resize: Graph.Preprocessing.Resize, text: String) throws {
    #expect(String(decoding: try JSONEncoder().encode(resize), as: UTF8.self) == text)
    #expect(try JSONDecoder().decode(Graph.Preprocessing.Resize.self, from: Data(text.utf8)) == resize)
  }

  @Test(arguments: [
    "\"fill\"", "{}", "{\"cover\":[7]}", "{\"cover\":[7,9],\"stretch\":[7,9]}", "{\"more\":[7,9]}", "[7,9]",
  ])
  func `a way to resize that is none is refused`(text: String) {
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(Graph.Preprocessing.Resize.self, from: Data(text.utf8))
    }
  }
}
