import CSwiftletTorch
import Foundation
import SwiftletFiles
import SwiftletTensor
import Synchronization
import Testing

@Suite(torch) struct GeneratorTests {
  /// Oracle: torch 2.13.0, `torch.randn(3, generator=torch.Generator().manual_seed(1))` and the like.
  @Test func `the numbers are PyTorch's`() {
    let normal = Tensor.normal([3], using: Generator(seed: 1)).scalars(as: Float.self)
    #expect(normal == [0.66135216, 0.2669241, 0.06167726])
    #expect(Tensor.permutation(6, using: Generator(seed: 1)).scalars(as: Int.self) == [1, 5, 2, 0, 3, 4])
    #expect(Tensor.integers([4], in: 0..<100, using: Generator(seed: 1)).scalars(as: Int.self) == [45, 39, 24, 68])
    #expect(
      Tensor.uniform([3], using: Generator(seed: 1)).scalars(as: Float.self) == [0.7576316, 0.27931088, 0.40306926])
  }

  @Test func `one seed is one stream`() {
    let (a, b) = (Generator(seed: 9), Generator(seed: 9))
    #expect(Tensor.normal([40], using: a).isEqual(to: Tensor.normal([40], using: b)))
    #expect(!Tensor.normal([40], using: a).isEqual(to: Tensor.normal([40], using: Generator(seed: 10))))
    a.restart(seed: 9)
    #expect(Tensor.normal([40], using: a).isEqual(to: Tensor.normal([40], using: Generator(seed: 9))))
  }

  @Test func `a state continues the stream`() throws {
    let generator = Generator(seed: 3)
    _ = Tensor.normal([5], using: generator)
    let state = generator.state
    let next = Tensor.uniform([50], using: generator)
    let other = Generator(seed: 77)
    try other.restore(state)
    #expect(Tensor.uniform([50], using: other).isEqual(to: next))
    #expect(throws: TensorError.self) { try other.restore([1, 2, 3]) }
    #expect(throws: TensorError.self) { try other.restore([]) }
  }

  @Test func `the number of threads does not change the numbers`() {
    let before = Torch.threads
    defer { Torch.setThreads(before) }
    Torch.setThreads(1)
    let one = Tensor.normal([100_000], using: Generator(seed: 4))
    Torch.setThreads(2)
    #expect(Tensor.normal([100_000], using: Generator(seed: 4)).isEqual(to: one))
  }

  @Test func `dropout keeps the mean`() {
    let x = Tensor.ones([100_000])
    x.requiresGradient = true
    let dropped = x.dropout(0.25, using: Generator(seed: 5))
    // The standard deviation of the mean is sqrt(p / (1 - p) / n) = 0.0018.
    #expect(abs(dropped.mean().item() - 1) < 0.01)
    #expect(Set(dropped.scalars(as: Float.self)) == [0, 4.0 / 3])
    dropped.sum().backward()
    #expect(x.gradient?.isEqual(to: dropped) == true)
    #expect(x.dropout(0, using: Generator(seed: 5)).identity == x.identity)
  }
}

@Suite(torch) struct RecorderTests {
  @Test func `a recording reads like the program`() {
    let x = Tensor([1, -2] as [Float], shape: [1, 2])
    let weight = Tensor([1, 0, 0, 1] as [Float], shape: [2, 2])
    let (result, operations) = recordingOperations { x.linear(weight: weight).relu().softmax(along: -1) }
    #expect(operations.map(\.operatorName) == ["aten::linear", "aten::relu", "aten::softmax.int"])
    #expect(operations[0].argumentNames == ["input", "weight", "bias"])
    #expect(operations[0]["input"]?.asTensor?.identity == x.identity)
    #expect(operations[0]["weight"]?.asTensor?.identity == weight.identity)
    guard case .some(.none) = operations[0]["bias"] else {
      Issue.record("a default is filled in")
      return
    }
    #expect(operations[0].results[0].asTensor?.identity == operations[1].arguments[0].asTensor?.identity)
    #expect(operations[2].results[0].asTensor?.identity == result.identity)
    #expect(operations[2]["dim"]?.asInt == -1 && operations[2]["nothing"] == nil)
  }

  @Test func `lists, texts and defaults are recorded`() {
    let x = Tensor.ones([2, 4])
    let (_, operations) = recordingOperations { () -> Tensor in
      let parts = x.split(size: 2, along: 1)
      return Tensor.concatenated(parts).gelu().layerNorm(shape: [2])
    }
    #expect(operations.map(\.operatorName) == ["aten::split.Tensor", "aten::cat", "aten::gelu", "aten::layer_norm"])
    #expect(operations[0].results[0].allTensors.map(\.shape) == [[2, 2], [2, 2]])
    #expect(
      operations[0].results[0].allTensors.map(\.identity) == operations[1].arguments[0].allTensors.map(\.identity))
    #expect(operations[2]["approximate"]?.asString == "none")
    #expect(operations[3]["normalized_shape"]?.asInts == [2] && operations[3]["cudnn_enable"]?.asBool == true)
    #expect(operations[3]["eps"]?.asDouble == 1e-5)
  }

  @Test func `identities stay unique while a recording lives`() {
    let x = Tensor.ones([2])
    let (_, operations) = recordingOperations { for _ in 0..<100 { _ = x + 1 } }
    #expect(Set(operations.compactMap { $0.results[0].asTensor?.identity }).count == 100)
  }

  @Test func `recordings nest and end`() {
    let x = Tensor.ones([2])
    let (inner, outer) = recordingOperations { () -> [RecordedOperation] in
      _ = x + 1
      let inner = recordingOperations { x.relu() }.operations
      _ = x * 2
      return inner
    }
    #expect(inner.map(\.operatorName) == ["aten::relu"])
    #expect(outer.map(\.operatorName) == ["aten::add.Scalar", "aten::mul.Scalar"])
  }

  @Test func `a custom gradient links its results`() {
    let x = Tensor([0.4] as [Float])
    func trace() -> [RecordedOperation] {
      recordingOperations { customGradient("ste", [x], forward: { [$0[0].rounded()] }, backward: { $0 }) }.operations
    }
    #expect(trace().map(\.operatorName) == ["aten::round"])
    x.requiresGradient = true
    let followed = trace()
    #expect(followed.map(\.operatorName) == ["aten::round", "swiftlet::custom_gradient"])
    #expect(
      followed[1]["outputs"]?.allTensors.map(\.identity) == followed[0].results.flatMap(\.allTensors).map(\.identity))
  }
}

@Suite(torch) struct ThreadTests {
  @Test func `the number of threads reaches every thread`() async {
    let before = Torch.threads
    defer { Torch.setThreads(before) }
    for wished in [1, 2, 3] {
      var seen: [Int] = []
      // The number is the process's, and a training run of another test may set it in between: then once more.
      for _ in 0..<50 where seen != [wished, wished, wished, wished] {
        Torch.setThreads(wished)
        seen = await withTaskGroup(of: Int.self) { group in
          for _ in 0..<4 { group.addTask { Torch.threads } }
          return await group.reduce(into: []) { $0.append($1) }
        }
      }
      #expect(seen == [wished, wished, wished, wished])
    }
  }

  @Test func `modes belong to one thread`() {
    let x = Tensor.ones([2])
    x.requiresGradient = true
    withNoGradient {
      let elsewhere = Mutex<Bool?>(nil)
      let thread = Thread { elsewhere.withLock { $0 = (x * 2).requiresGradient } }
      thread.start()
      while elsewhere.withLock({ $0 == nil }) { usleep(1000) }
      #expect(elsewhere.withLock { $0 } == true && !(x * 2).requiresGradient)
    }
  }

  @Test func `many threads train side by side`() async {
    let weight = Tensor([2] as [Float])
    let results = await withTaskGroup(of: Double.self) { group in
      for i in 1...8 {
        group.addTask {
          let x = Tensor([Float(i)])
          x.requiresGradient = true
          for _ in 0..<50 {
            x.gradient = nil
            (x * weight * x).sum().backward()
          }
          return x.gradient?.item() ?? .nan
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.sorted() == [4, 8, 12, 16, 20, 24, 28, 32])
  }
}

/// What a program decides before libtorch's threads exist.
@Suite struct WaitingTests {
  @Test func `threads sleep while they wait, unless the environment says otherwise`() async {
    let names = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"]
    #expect(names.contains { getenv($0) != nil })
    await #expect(processExitsWith: .success) {
      let names = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"]
      for name in names { unsetenv(name) }
      precondition(swt_choose_waiting() && String(cString: getenv("OMP_WAIT_POLICY")) == "passive")
      for name in names {
        for name in names { unsetenv(name) }
        setenv(name, "active", 1)
        precondition(!swt_choose_waiting() && String(cString: getenv(name)) == "active")
        precondition(name == "OMP_WAIT_POLICY" || getenv("OMP_WAIT_POLICY") == nil)
      }
    }
  }

  /// Oracle: what GNU's OpenMP itself prints when it is loaded.
  @Test(torch) func `OpenMP reads it`() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      for name in ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"] { unsetenv(name) }
      swt_choose_waiting()
      setenv("OMP_DISPLAY_ENV", "true", 1)
      precondition(Torch.threads > 0)
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.isEmpty || said.contains("OMP_WAIT_POLICY = 'PASSIVE'"), "\(said)")
  }

  @Test(torch) func `libtorch keeps to the quota of its control group`() {
    #expect(getenv("OMP_NUM_THREADS") != nil || Torch.threads <= AvailableProcessors.count)
  }
}

@Suite(torch) struct AutocastTests {
  @Test func `products run in bfloat16, parameters keep their type`() {
    let x = Tensor([1.001, 2] as [Float], shape: [1, 2])
    let weight = Tensor.ones([1, 2])
    weight.requiresGradient = true
    let product = withAutocast(.bfloat16) { x.linear(weight: weight) }
    #expect(product.dataType == .bfloat16)
    #expect(withAutocast { withoutAutocast { x.linear(weight: weight) } }.dataType == .float32)
    #expect(x.linear(weight: weight).dataType == .float32)
    product.sum().backward()
    #expect(weight.gradient?.dataType == .float32 && weight.dataType == .float32)
    #expect(withAutocast { x.softmax(along: -1) }.dataType == .float32)
  }

  @Test func `a changed weight is seen by the next scope`() {
    let x = Tensor.ones([1, 1])
    let weight = Tensor.ones([1, 1])
    weight.requiresGradient = true
    let before = withAutocast { x.linear(weight: weight).item() }
    _ = withNoGradient { weight.fillInPlace(3) }
    #expect(before == 1 && withAutocast { x.linear(weight: weight).item() } == 3)
  }
}

@Suite(torch) struct MemoryTests {
  final class Owner {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 24, alignment: 64)
    let gone: () -> Void
    init(_ gone: @escaping () -> Void) {
      self.gone = gone
      for i in 0..<6 { memory.storeBytes(of: Float(i), toByteOffset: 4 * i, as: Float.self) }
    }
    deinit {
      memory.deallocate()
      gone()
    }
  }

  @Test func `a view of foreign memory keeps its owner`() {
    var gone = false
    var view: Tensor? = {
      let owner = Owner { gone = true }
      let whole = Tensor.viewing(owner.memory, shape: [2, 3], dataType: .float32, owner: owner)
      let strided = Tensor.viewing(owner.memory, shape: [3, 2], strides: [1, 3], dataType: .float32, owner: owner)
      #expect(strided.isEqual(to: whole.transposed(0, 1)))
      return whole.select(along: 0, at: 1)
    }()
    #expect(!gone && view?.scalars(as: Float.self) == [3, 4, 5])
    view = nil
    #expect(gone)
  }

  /// Memory that is not there is an error of its own kind, and no end of the program.
  @Test func `a tensor that does not fit is said to need memory`() throws {
    for elements in [1 << 46, 1 << 61] {
      do {
        _ = try withError { Tensor.zeros([elements]) }
        Issue.record("\(elements) elements fit")
      } catch let error as TensorError {
        #expect(error.isOutOfMemory, "\(error)")
      }
    }
    #expect(throws: TensorError(operation: "aten::add.Tensor(float32[2], float32[3])", message: "")) {
      do { try withError { _ = Tensor.ones([2]) + Tensor.ones([3]) } } catch let error as TensorError {
        #expect(!error.isOutOfMemory)
        throw TensorError(operation: error.operation, message: "")
      }
    }
  }

  @Test func `without a scope it ends with a sentence and a status, not with a trap`() async {
    let result = await #expect(processExitsWith: .exitCode(71), observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([1 << 46])
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.hasPrefix("error: memory ran out in aten::zeros"), "\(said)")
    #expect(said.contains("use smaller batches"))
  }

  @Test func `an owner is let go when no view can be made`() {
    var gone = false
    do {
      let owner = Owner { gone = true }
      #expect(throws: TensorError.self) {
        try withError { Tensor.viewing(owner.memory, shape: [-2], dataType: .float32, owner: owner) }
      }
    }
    #expect(gone)
  }

  @Test func `bytes can be written`() {
    let x = Tensor.zeros([2], dataType: .int32)
    x.withMutableBytes { $0.storeBytes(of: 7 as Int32, toByteOffset: 4, as: Int32.self) }
    #expect(x.scalars(as: Int32.self) == [0, 7])
    #expect(x.withBytes { $0.count } == 8)
    let transposed = Tensor([1, 2, 3, 4] as [UInt8], shape: [2, 2]).transposed(0, 1)
    #expect(transposed.withBytes { Array($0) } == [1, 3, 2, 4])
  }

  @Test func `libtorch introduces itself`() {
    #expect(Torch.version.hasPrefix("2.") && !Torch.cpuCapability.isEmpty && Torch.cudaDeviceCount >= 0)
    #expect(Torch.problem == nil)
    Device.cpu.synchronize()
    #expect(Operator("aten::relu").schema == "aten::relu(Tensor self) -> Tensor")
  }
}

/// Bytes of memory this process holds.
func residentBytes() throws -> Int {
  let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
  let pages = try #require(Int(text.split(separator: " ")[1]))
  return pages * sysconf(Int32(_SC_PAGESIZE))
}
