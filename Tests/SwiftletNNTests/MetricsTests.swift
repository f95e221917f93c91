import SwiftletNN
import SwiftletTensor
import Testing

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct MetricsTests {
  let scores = Tensor([3, 2, 1, 0, 1, 5, 2, 9, 0, 7, 8, 6] as [Float], shape: [4, 3])  // best: 0, 2, 1, 1
  let labels = Tensor([0, 1, 1, 2] as [Int64], shape: [4])

  /// Oracle: by hand. Ranks of the labels are 1, 2, 1, 3.
  @Test(arguments: [(1, 0.5), (2, 0.75), (3, 1.0)])
  func `top k counts labels among the k best`(k: Int, expected: Double) {
    var metric = TopKAccuracy(k: k)
    #expect(metric.value == nil)
    metric.add(scores: scores, labels: labels)
    #expect(metric.value == expected && metric.total == 4)
  }

  @Test func `ties and not-a-number earn nothing`() {
    var metric = TopKAccuracy(k: 1)
    metric.add(scores: .zeros([2, 3]), labels: Tensor([0, 1] as [Int64], shape: [2]))
    #expect(metric.value == 0)
    metric.add(
      scores: Tensor([.nan, 1, 1, .nan] as [Float], shape: [2, 2]), labels: Tensor([0, 0] as [Int64], shape: [2]))
    #expect(metric.value == 0 && metric.total == 4)
  }

  @Test func `the confusion matrix counts, merges and gives accuracies by class`() {
    var matrix = ConfusionMatrix(classes: 4)
    #expect(matrix.accuracy == nil && matrix.balancedAccuracy == nil)
    matrix.add(scores: Tensor.concatenated([scores, .full([4, 1], -1)], along: 1), labels: labels)
    #expect(matrix.counts == [[1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    #expect(matrix.accuracy == 0.5)
    #expect(matrix.perClassAccuracy == [1, 0.5, 0, nil])
    #expect(matrix.balancedAccuracy == 0.5)
    var sum = ConfusionMatrix(classes: 4)
    sum.add(predicted: 3, actual: 0)
    sum.merge(matrix)
    #expect(sum.total == 5 && sum.counts[0] == [1, 0, 0, 1])
  }
}
