import SwiftletCheckpoint
import SwiftletExport
import SwiftletNN
import SwiftletRuntime
import SwiftletTensor
import SwiftletTraining
import TestSupport
import Testing
import ToyTask

/// From a recipe to answers, for a network of a kind that nobody foresaw: two inputs, of which one is as long as the sound,
/// two outputs, a convolution and a batch norm. What it needs is in Tests/ToyTask; everything here is public API.
@Suite(.serialized, .enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct TourTests {
  private struct PowerCut: Error {}

  /// Oracles: a run that nothing stopped, bit for bit; libtorch, within rounding, at lengths that were not traced.
  @Test func `a network trains, stops, goes on, is exported and runs at any length`() throws {
    let folder = try TemporaryFolder()

    // 1. A recipe says what is learnt from what, how wide the network is, and for how long it trains.
    let recipe = RecipeText(
      """
      task: listening
      model: {width: 8}
      data: {training: 64, search: 16}
      training: {epochs: 3, batchSize: 8, learningRate: 0.02, threads: 1}
      """)
    func run(_ name: String, resume: Bool = false) throws -> TrainingRun<ListeningTask> {
      try TrainingRun(
        ListeningTask(recipe, data: nil, start: nil), output: folder.url.appending(path: name), resume: resume)
    }

    // 2. It trains until the power fails, and goes on from its checkpoint as if nothing had been.
    let stopped = try run("listener")
    stopped.beforeStep = { step in if step == 13 { throw PowerCut() } }
    #expect(throws: PowerCut.self) { try stopped.start() }
    let resumed = try run("listener", resume: true)
    try resumed.start()
    let straight = try run("straight")
    try straight.start()
    let weights = try Checkpoint.read(from: resumed.directory.model)
    let uninterrupted = try Checkpoint.read(from: straight.directory.model)
    #expect(weights.map(\.name) == uninterrupted.map(\.name))
    for (found, expected) in zip(weights, uninterrupted) {
      #expect(found.tensor.scalars(as: Float.self) == expected.tensor.scalars(as: Float.self), "\(found.name)")
    }

    // 3. The trained weights become a graph with names for its inputs, outputs and lengths.
    let listener = Listener(width: 8, using: Generator(seed: 0))
    try listener.load(weights, from: "model.safetensors")
    listener.evaluate()
    let feelings = Graph.Emotion(
      target: .categories, names: ["anger", "joy", "sorrow"], heads: [.init(output: "feeling", source: .audio)])
    let exported = try Exporter(metadata: Graph.Metadata(emotion: feelings)).export(
      listener,
      inputs: [
        TracedInput("frames", [.batch, .axis("frames"), .fixed(Listener.bands)]),
        TracedInput("speaker", [.batch, .fixed(Listener.traits)]),
      ],
      outputs: ["loudness", "feeling"], axes: [.batch, TracedAxis("frames", maximum: 500)]
    ) { listener, inputs in
      let heard = listener(frames: inputs[0], speaker: inputs[1])
      return [heard.loudness, heard.feeling]
    }
    let file = folder.url.appending(path: "listener.swiftlet")
    try exported.write(to: file)

    // 4. The file runs without libtorch, on sounds of any length.
    let model = try ModelFile(contentsOf: file)
    #expect(model.graph.metadata.emotion == feelings)
    let session = try Session(model, threads: 2)
    let generator = Generator(seed: 1)
    for length in [1, 37, 500] {
      let frames = Tensor.normal([2, length, Listener.bands], using: generator)
      let speaker = Tensor.normal([2, Listener.traits], using: generator)
      let heard = try session.run([
        "frames": NDArray(frames.scalars(as: Float.self), shape: frames.shape),
        "speaker": NDArray(speaker.scalars(as: Float.self), shape: speaker.shape),
      ])
      let expected = withNoGradient { listener(frames: frames, speaker: speaker) }
      for (name, tensor) in [("loudness", expected.loudness), ("feeling", expected.feeling)] {
        let found = try #require(heard[name])
        #expect(found.shape == tensor.shape)
        let difference = zip(found.floats, tensor.contiguous().scalars(as: Float.self)).map { abs($0 - $1) }.max() ?? 0
        #expect(difference < 1e-5, "\(name) of \(length) frames")
      }
    }
  }
}
