import Foundation
import SwiftletCheckpoint
import SwiftletTensor
import TestSupport
import Testing

@Suite(torch) struct ReadingTests {
  /// Oracle: the values that PyTorch printed when it wrote the file.
  @Test(arguments: ["state.pt", "state-legacy.pt", "state-protocol4.pt", "state.safetensors"])
  func `every kind of file reads as PyTorch wrote it`(name: String) throws {
    let state = try Checkpoint.read(from: goldens.appending(path: name))
    #expect(described(state) == (try expected("state")))
    if name == "state.safetensors" {
      #expect(state.metadata == ["made by": "torch \"2.13\"\n"])
    } else {
      #expect(state.names.first == "floats.float64" && state.names.last == "parameter")
      #expect(try #require(state["view.transposed"]).strides == [1, 4])
    }
  }

  @Test func `the parameters are found in a training checkpoint`() throws {
    let state = try Checkpoint.read(from: goldens.appending(path: "training.pt"))
    #expect(described(state) == (try expected("model")))
  }

  @Test func `a pickle reads as plain values`() throws {
    let value = try Checkpoint.readValue(from: goldens.appending(path: "training.pt"))
    #expect(value["epoch"]?.asInt == 3)
    #expect(value["negative"]?.asInt == -(1 << 40))
    guard case .bigInteger(let digits)? = value["big"] else {
      Issue.record("2^70 is a big integer")
      return
    }
    #expect(digits == [0, 0, 0, 0, 0, 0, 0, 0, 64])
    guard case .object("argparse.Namespace", _, let state?)? = value["args"] else {
      Issue.record("a class that is not known stays an object")
      return
    }
    #expect(state["lr"]?.asDouble == 0.125 && state["name"]?.asString == "tiny")
    guard case .bytes([0, 255])? = value["bytes"] else {
      Issue.record("bytes are bytes")
      return
    }
    guard case .tuple(let size)? = value["size"] else {
      Issue.record("a size is a tuple")
      return
    }
    #expect(size.compactMap(\.asInt) == [2, 3])
    guard case .list(let nested)? = value["nested"], case .tuple(let pair)? = nested.first,
      case .bool(true)? = pair.first
    else {
      Issue.record("lists nest")
      return
    }
    #expect(nested.last?["x"]?.asDouble == 1.5)
    let moment = value["optimizer"]?["state"]
    guard case .dictionary(let moments)? = moment else {
      Issue.record("an optimiser has moments")
      return
    }
    #expect(moments.first?.value["exp_avg"]?.asTensor?.shape == [2, 2])
  }

  @Test func `what is no checkpoint is refused with a reason`() throws {
    let folder = try TemporaryFolder()
    func cause(_ content: [UInt8]?) throws -> CheckpointError.Cause? {
      let url = folder.url.appending(path: "file")
      try? FileManager.default.removeItem(at: url)
      if let content { try Data(content).write(to: url) }
      do throws(CheckpointError) { _ = try Checkpoint.read(from: url) } catch {
        #expect(error.description.hasPrefix(url.path))
        return error.cause
      }
      return nil
    }
    #expect(try cause(nil) == .unreadable)
    #expect(try cause([]) == .unknownFormat)
    #expect(try cause(Array("GGUF and more".utf8)) == .unknownFormat)
    #expect(try cause([0x80, 2, 0x4b, 1, 0x2e]) == .unknownFormat)
    #expect(throws: CheckpointError.self) { try Checkpoint.read(from: folder.url) }
  }

  @Test(.enabled(if: SharedData.directory != nil, "../shared/data is missing"))
  func `a published checkpoint reads`() throws {
    let directory = try #require(SharedData.directory)
    let state = try Checkpoint.read(from: directory.appending(path: "driving/twinlitenet_bdd100k.pth"))
    #expect(state.count > 100)
    for (name, tensor) in state where tensor.dataType.isFloatingPoint {
      #expect(tensor.isFinite().all(), "\(name)")
    }
    // TwinLiteNet has 0.4 million parameters (Che et al., 2023, table 1); buffers add a little.
    let parameters = state.filter { !$0.name.contains("running_") && !$0.name.contains("num_batches") }
    let count = parameters.reduce(0) { $0 + $1.tensor.count }
    #expect(400_000..<460_000 ~= count, "\(count)")
  }
}
