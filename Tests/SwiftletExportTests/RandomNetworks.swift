import SwiftletNN
import SwiftletTensor

extension Module {
  /// Makes every parameter random, norms and biases too: constants would hide what is left out.
  func randomizeEveryParameter(using generator: Generator) {
    withNoGradient {
      for (path, tensor) in namedParameters() {
        let isNormWeight = path.contains("norm") && path.hasSuffix("weight")
        let noise = Tensor.normal(tensor.shape, using: generator)
        let scale =
          isNormWeight ? 0.3 : tensor.shape.count > 1 ? 1 / Double(tensor.shape.last ?? 1).squareRoot() : 0.1
        tensor.copyInPlace(from: noise * scale + (isNormWeight ? 1 : 0))
      }
    }
    evaluate()
  }
}
