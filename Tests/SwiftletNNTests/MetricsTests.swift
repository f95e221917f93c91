import SwiftletNN
import SwiftletTensor
import Testing

@Suite(.enabled(if: Torch.isAvailable, "libtorch is missing: run ./setup"))
struct MetricsTests {
  let scores = Tensor([3, 2, 1, 0, 1, 5, 2, 9, 0, 7, 8, 6] as [Float], shape: [4, 3])  // best: 0, 2, 1, 1
  let labels = Tensor([0, 1, 1, 2] as [Int64], shape: [4])

  /// `argmax` alone answers class 0 for every row of NaNs.
  @Test func `a sample with a score that is no finite number has no winner and is never right`() {
    let broken = Tensor(
      [.nan, .nan, .nan, 1, .nan, 2, .infinity, 0, 0, -.infinity, 0, 0, 3, 9, 4] as [Float], shape: [5, 3])
    #expect(broken.winners().scalars(as: Int.self) == [-1, -1, -1, -1, 1])
    var matrix = ConfusionMatrix(classes: 3)
    matrix.add(scores: broken, labels: Tensor([0, 1, 0, 1, 1] as [Int64], shape: [5]))
    #expect(matrix.counts == [[0, 0, 0], [0, 1, 0], [0, 0, 0]] && matrix.undecided == [2, 2, 0])
    #expect(matrix.total == 5 && matrix.accuracy == 0.2)
    #expect(matrix.perClassAccuracy == [0, 1.0 / 3, nil])
    var sum = matrix
    sum.merge(matrix)
    #expect(sum.undecided == [4, 4, 0] && sum.total == 10)
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
