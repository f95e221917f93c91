import Foundation
import SwiftletTensor
import Testing

@Suite(torch) struct ErrorTests {
  @Test func `a failure becomes an error with operation, shapes and reason`() {
    let (a, b) = (Tensor.zeros([2, 3]), Tensor.zeros([4, 5]))
    let error = #expect(throws: TensorError.self) { try withError { a.matmul(b) } }
    #expect(error?.operation == "aten::matmul(float32[2, 3], float32[4, 5])")
    #expect(error?.message == "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)")
    let operators = #expect(throws: TensorError.self) { try withError { a + b } }
    #expect(
      operators?.description.hasPrefix("aten::add.Tensor(float32[2, 3], float32[4, 5]): The size of tensor a (3)")
        == true)
  }

  @Test func `the first failure is the one thrown`() {
    let a = Tensor.zeros([2, 3])
    let error = #expect(throws: TensorError.self) {
      try withError {
        let wrong = a.matmul(a)  // fails
        let (rows, columns) = wrong.shape2  // a placeholder has axes too
        #expect((rows, columns) == (2, 3) && wrong.sum().item().isNaN)
        let (values, indices) = wrong.topK(1)
        #expect(values.rank == 2 && indices.rank == 2 && wrong.split(size: 1).count == 1)
        wrong.sum().backward()
        _ = wrong.view([7, 7])  // would fail, too
      }
    }
    #expect(error?.operation.hasPrefix("aten::matmul") == true)
  }

  struct Mine: Error {}

  @Test func `errors of the body and success pass through`() throws {
    #expect(throws: Mine.self) { try withError { throw Mine() } }
    #expect(try withError { Tensor.ones([2]).sum().item() } == 2)
    // A scope inside another keeps its failures to itself.
    let outer = try withError {
      #expect(throws: TensorError.self) { try withError { Tensor.zeros([2]).view([3]) } }
      return Tensor.ones([3]).sum().item()
    }
    #expect(outer == 3)
    // What the body throws after a failed operation is its consequence.
    #expect(throws: TensorError.self) {
      try withError {
        _ = Tensor.zeros([2]).view([3])
        throw Mine()
      }
    }
  }

  @Test func `operators and devices that do not exist are errors`() {
    let error = #expect(throws: TensorError.self) { try Operator.named("aten::no_such.Thing") }
    #expect(error?.message == "libtorch has no operator aten::no_such.Thing")
    let tooMany = #expect(throws: TensorError.self) { try withError { Operator("aten::relu")(1, 2, 3) } }
    #expect(tooMany?.message == "takes 1 arguments, got 3")
    let missing = #expect(throws: TensorError.self) {
      try withError { Operator("aten::matmul")(.tensor(Tensor.zeros([1]))) }
    }
    #expect(missing?.message == "argument 'other' is missing")
    let wrong = #expect(throws: TensorError.self) { try withError { Operator("aten::relu")(3) } }
    #expect(wrong != nil)
    #expect(
      #expect(throws: DeviceError.self) { try Device(parsing: "tpu") }?.description
        == "there is no device named 'tpu'; devices are cpu, cuda and cuda:N")
    #expect(throws: DeviceError.self) { try Device(parsing: "cuda:-1") }
    #expect(throws: DeviceError.self) { try Device(parsing: "cuda:99") }
    #expect((try? Device(parsing: "cpu")) == .cpu)
    #expect("\(Device.cuda(1))" == "cuda:1")
  }

  @Test func `bytes must fit the shape`() {
    let error = #expect(throws: TensorError.self) { try withError { Tensor([1, 2, 3] as [Float], shape: [2, 2]) } }
    #expect(error?.message == "shape [2, 2] of Float takes 16 bytes, got 12")
    #expect(throws: TensorError.self) { try withError { Tensor([1] as [Float], shape: [-1]) } }
    #expect(throws: TensorError.self) { try withError { Tensor.zeros([2]).item() } }
    #expect(throws: TensorError.self) { try withError { Tensor([1, 2] as [Int64]).requiresGradient = true } }
    #expect(throws: TensorError.self) { try withError { Tensor.ones([2]).sum().backward() } }
  }

  /// Without `withError` the program stops, and says where in the caller's file.
  @Test func `a failure stops the program at the caller's line`() async throws {
    let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) { fail() }
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(
      text.contains(
        "SwiftletTensorTests/ErrorTests.swift:\(failingLine): Fatal error: aten::matmul(float32[2, 3], float32[4, 5]): "
          + "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"), "\(text)")
  }

  @Test func `an operator of Swift names the shapes`() async throws {
    let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2]) + Tensor.zeros([3])
    }
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.contains("aten::add.Tensor(float32[2], float32[3]): The size of tensor a (2)"), "\(text)")
  }

  @Test func `a wrong number of axes is named`() async throws {
    let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2]).shape3
    }
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.contains("a tensor of 3 axes was expected here, this one has shape [2]"), "\(text)")
  }
}

// Outside the test, whose macro moves lines.
private let failingLine = #line + 1
private func fail() { _ = Tensor.zeros([2, 3]).matmul(Tensor.zeros([4, 5])) }
