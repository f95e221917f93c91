import SwiftletCheckpoint
import SwiftletNN
import SwiftletTensor
import TensorTestSupport
import Testing

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct ModuleTests {
  let generator = Generator(seed: 11)

  /// Oracle: by hand, from the declaration of `Sample`.
  @Test func `paths follow the declaration in snake case, except where the field spells otherwise`() {
    let model = Sample(using: generator)
    #expect(
      model.namedParameters().map(\.path) == [
        "gamma", "first.weight", "first.bias", "list.0.weight", "only_norm.weight", "only_norm.bias",
        "first_again.weight", "first_again.bias",
      ])
    #expect(
      model.namedBuffers().map(\.path) == [
        "seen_count", "only_norm.running_mean", "only_norm.running_var", "only_norm.num_batches_tracked",
      ])
    #expect(model.linearLayers().map(\.path) == ["first", "list.0", "first_again"])
    #expect(model.namedModules().map(\.path) == ["", "first", "list.0", "list.1", "only_norm", "first_again"])
  }

  @Test func `a subclass has its superclass's members too, and an empty spelling adds no component`() {
    let model = Narrow(using: generator)
    #expect(model.namedParameters().map(\.path) == ["own", "inherited.weight", "0.weight"])
    #expect(model.copy().namedParameters().map(\.path) == ["own", "inherited.weight", "0.weight"])
  }

  #if DEBUG
    @Test func `a spelling of no member stops the program and names it`() async {
      let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Misspelt().namedParameters()
      }
      let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      #expect(text.contains(#"Misspelt.pathNames spells ["scael"], which are no members"#))
    }
  #endif

  @Test func `a shared parameter counts once`() {
    let model = Sample(using: generator)
    #expect(model.parameters().count == 6)
    #expect(model.parameterCount == 4 + 20 + 16 + 4)
    #expect(model.parameters().allSatisfy { $0.requiresGradient })
    #expect(model.namedBuffers().allSatisfy { !$0.tensor.requiresGradient })
  }

  @Test func `a layer is replaced by its path, in a list, in an optional and on its own`() throws {
    let model = Sample(using: generator)
    let new = Linear(inputs: 4, outputs: 4, using: generator)
    try model.replaceLayer(at: "list.0", with: new)
    #expect(try model.layer(at: "list.0") === new)
    #expect(model.list.count == 2)
    try model.replaceLayer(at: "first", with: Dropout(rate: 0))
    #expect(try model.layer(at: "first") is Dropout)
    #expect(try model.layer(at: "first_again") is Linear)
    model.optional = new
    try model.replaceLayer(at: "optional", with: Dropout(rate: 0))
    #expect(model.optional is Dropout)
  }

  @Test func `replacing says where the path ends, and what the property admits`() {
    let model = Sample(using: generator)
    let layer = Dropout(rate: 0)
    #expect(throws: ModuleError.noLayer(path: "list.7", model: "Sample", nearest: "")) {
      try model.replaceLayer(at: "list.7", with: layer)
    }
    #expect(throws: ModuleError.noLayer(path: "first.weight", model: "Sample", nearest: "first")) {
      try model.layer(at: "first.weight")
    }
    #expect(throws: ModuleError.cannotReplace(path: "only_norm", type: "BatchNorm", with: "Dropout")) {
      try model.replaceLayer(at: "only_norm", with: layer)
    }
    #expect(
      "\(ModuleError.cannotReplace(path: "only_norm", type: "BatchNorm", with: "Dropout"))"
        == "a Dropout cannot take the place of the BatchNorm at only_norm: "
        + "the model uses more of it than a layer's call")
    #expect(
      "\(ModuleError.noLayer(path: "first.weight", model: "Sample", nearest: "first"))"
        == "Sample has no layer at first.weight: the path is right up to first")
  }

  @Test func `what one model saves another loads`() throws {
    let (a, b) = (Sample(using: generator), Sample(using: generator))
    let x = Tensor.normal([3, 4], using: generator)
    #expect(distance(a(x), b(x)) > 0.01)
    let report = try b.load(a.stateDictionary())
    #expect(report.missing.isEmpty && report.unexpected.isEmpty)
    #expect(distance(a(x), b(x)) == 0)
    #expect(b.parameters().allSatisfy { $0.requiresGradient })
  }

  @Test func `loading refuses wrong shapes, types and names in one clear sentence, and changes nothing`() throws {
    let model = Sample(using: generator)
    let before = model.copy().stateDictionary()

    var wrongShape = model.copy().stateDictionary()
    wrongShape["gamma"] = .zeros([4])
    wrongShape["first.weight"] = .zeros([2, 8])  // as many elements, another shape
    #expect(
      error(loading: wrongShape, into: model)
        == "first.weight has shape [2, 8] in small.safetensors, the configuration expects [4, 4]")

    var wrongType = model.copy().stateDictionary()
    wrongType["gamma"] = .zeros([4], dataType: .int8)
    #expect(
      error(loading: wrongType, into: model) == "gamma holds int8 in small.safetensors, the model expects float32")

    var wrongNames = StateDictionary()
    for name in before.names where name != "list.0.weight" { wrongNames[name] = before[name] }
    wrongNames["head.weight"] = .zeros([4])
    #expect(
      error(loading: wrongNames, into: model)
        == "small.safetensors lacks list.0.weight and has head.weight, which the model does not know: "
        + "check that the configuration and the names' origin (timm, Hugging Face) are right")

    for name in before.names {
      #expect(distance(try #require(before[name]), try #require(model.stateDictionary()[name])) == 0, "\(name)")
    }
  }

  @Test func `a lenient load reports the names that only one side knows`() throws {
    let model = Sample(using: generator)
    var partial = StateDictionary()
    partial["gamma"] = Tensor([1, 2, 3, 4] as [Double], shape: [4])
    partial["head.weight"] = .zeros([4])
    let report = try model.load(partial, strict: false)
    #expect(report.unexpected == ["head.weight"])
    #expect(report.missing.count == 11 && report.missing.first == "first.weight")
    #expect(model.someScale.detached().scalars(as: Float.self) == [1, 2, 3, 4])
    #expect(model.someScale.dataType == .float32)
  }

  @Test func `a copy is independent, and shares inside itself what the original shared`() throws {
    let model = Sample(using: generator)
    let x = Tensor.normal([3, 4], using: generator)
    model.someScale.requiresGradient = false
    let expected = model(x).detached().clone()
    let copy = model.copy()
    #expect(copy.first === copy.again && copy.first !== model.first)
    #expect(copy.someScale.requiresGradient == false)
    #expect(try #require(copy.first as? Linear).weight.requiresGradient)
    withNoGradient { for tensor in model.parameters() { tensor.zeroInPlace() } }
    #expect(distance(copy(x), expected) == 0)
    #expect(distance(model(x), expected) > 0.01)
  }

  @Test func `a copy starts in inference mode`() {
    let model = Sample(using: generator)
    model.train(using: generator)
    let copy = model.copy()
    let x = Tensor.normal([3, 4], using: generator)
    #expect(distance(copy(x), copy(x)) == 0)
  }

  @Test func `training mode reaches every layer that depends on it, and inference is deterministic`() {
    let model = Sample(using: generator)
    let x = Tensor.normal([8, 4], using: generator)
    model.train(using: Generator(seed: 1))
    let first = model(x)
    let second = model(x)
    #expect(distance(first, second) > 0.01)
    model.train(using: Generator(seed: 1))
    #expect(distance(first, model(x)) == 0)
    model.evaluate()
    #expect(distance(model(x), model(x)) == 0)
  }

  @Test func `freezing by path stops gradients there and nowhere else`() {
    let model = Sample(using: generator)
    model.setTrainable { $0.hasPrefix("list") }
    #expect(model.namedParameters().filter(\.tensor.requiresGradient).map(\.path) == ["list.0.weight"])
    model.freeze()
    #expect(model.parameters().allSatisfy { !$0.requiresGradient })
  }

  @Test func `casting changes floating-point tensors only and keeps sharing`() {
    let model = Sample(using: generator)
    model.cast(to: .float64)
    #expect(model.parameters().allSatisfy { $0.dataType == .float64 && $0.requiresGradient })
    #expect(model.seenCount.dataType == .int64)
    #expect(model.parameters().count == 6)
  }

  private func error(loading dictionary: StateDictionary, into model: Sample) -> String? {
    do {
      try model.load(dictionary, from: "small.safetensors")
      return nil
    } catch {
      return error.description
    }
  }
}
