import SwiftletModels
import SwiftletNN
import SwiftletTensor
import Testing

@testable import SwiftletTraining

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct MimeticInitializationTests {
  func tensors(seed: UInt64) throws -> [String: Tensor] {
    var configuration = DeiTConfiguration()
    (configuration.imageSize, configuration.patchSize) = (16, 4)
    (configuration.width, configuration.depth, configuration.heads) = (64, 1, 2)
    let generator = Generator(seed: seed)
    let model = try VisionTransformer(configuration, using: generator)
    model.initializeMimetically(using: generator)
    return Dictionary(uniqueKeysWithValues: model.namedParameters().map { ($0.path, $0.tensor.detached()) })
  }

  /// Law: `Wp Wv = 0.4 Z - 0.4 I` has diagonal -0.4 and elsewhere the deviation `0.4 / √width`.
  @Test func `values are projected to minus themselves, with noise`() throws {
    let tensors = try tensors(seed: 5)
    let qkv = try #require(tensors["blocks.0.attn.qkv.weight"])
    let proj = try #require(tensors["blocks.0.attn.proj.weight"])
    let product = proj.matmul(qkv.narrowed(along: 0, from: 128, count: 64))
    let noise = product + Tensor.eye(64) * 0.4
    #expect(abs(noise.mean().item()) < 0.005)
    #expect(abs(noise.variance().sqrt().item() - 0.4 / 8) < 0.003)
  }

  /// Law: a head's `Wqᵀ Wk` is the closest matrix of its rank, so its singular values are the largest of
  /// `0.7 Z + 0.7 I` and both factors share them evenly.
  @Test func `queries look for keys like themselves`() throws {
    let qkv = try #require(try tensors(seed: 5)["blocks.0.attn.qkv.weight"])
    for head in 0..<2 {
      let query = qkv.narrowed(along: 0, from: 32 * head, count: 32)
      let key = qkv.narrowed(along: 0, from: 64 + 32 * head, count: 32)
      let product = query.transposed(0, 1).matmul(key)
      let trace = (product * Tensor.eye(64)).sum().item()
      #expect(trace > 0.25 * 0.7 * 64, "head \(head): the identity survives the truncation, trace \(trace)")
      let values = product.singularValues().s.scalars(as: Float.self)
      #expect(values[31] > 0.5 && values[32] < 1e-4, "head \(head) has rank 32")
      let (queryValues, keyValues) = (query.singularValues().s, key.singularValues().s)
      #expect(queryValues.isClose(to: keyValues, relative: 1e-4, absolute: 1e-5))
    }
  }

  /// Hand: at column 0 and row 0 every sine is 0 and every cosine 1; the first frequency is 1.
  @Test func `positions are sines and cosines of column and row`() throws {
    let positions = try #require(try tensors(seed: 5)["pos_embed"])
    #expect(positions.shape == [1, 17, 64])
    func row(_ token: Int) -> [Float] { positions.select(along: 1, at: token).scalars(as: Float.self) }
    #expect(row(0) == [Float](repeating: 0, count: 64))
    #expect(row(1) == (0..<64).map { [0, 1, 0, 1][$0 / 16] })
    let second = row(2)  // column 1, row 0
    #expect(abs(second[0] - 0.841_471) < 1e-6 && abs(second[16] - 0.540_302) < 1e-6)
    #expect(Array(second[32...]) == Array(row(1)[32...]))
  }

  @Test func `the seed decides the weights`() throws {
    let (a, b, c) = (try tensors(seed: 5), try tensors(seed: 5), try tensors(seed: 6))
    for (name, tensor) in a { #expect(tensor.isEqual(to: try #require(b[name])), "\(name)") }
    #expect(!(try #require(a["blocks.0.attn.qkv.weight"])).isEqual(to: try #require(c["blocks.0.attn.qkv.weight"])))
  }
}
