import Kobai
import Testing

@Suite struct SequenceLossTests {
  /// −log of the sum over all paths whose labels, repeats merged and blanks dropped, are the target.
  private func bruteForce(_ p: [[Double]], _ target: [Int], blank: Int) -> Double {
    var total = 0.0
    func walk(_ t: Int, _ path: [Int], _ probability: Double) {
      guard t < p.count else {
        var labels: [Int] = []
        for (i, label) in path.enumerated() where i == 0 || label != path[i - 1] {
          if label != blank { labels.append(label) }
        }
        if labels == target { total += probability }
        return
      }
      for label in p[t].indices { walk(t + 1, path + [label], probability * p[t][label]) }
    }
    walk(0, [], 1)
    return -total.logarithm
  }

  @Test(arguments: [([1, 2], 4), ([2, 2], 4), ([], 3), ([1], 1), ([2, 1, 2], 5), ([1, 1], 2)])
  func ctcSumsOverAllAlignments(_ target: [Int], _ length: Int) {
    let logits = Tensor.randn([5, 1, 3], dtype: .float64)
    let probabilities = logits.softmax(dim: 2)
    let p = (0..<length).map { probabilities[$0, 0].array(as: Double.self) }
    let want = bruteForce(p, target, blank: 0)
    let targets = Tensor(target, shape: [1, target.count], dtype: .int64)
    let loss = ctcLoss(
      logits.logSoftmax(dim: 2), targets, inputLengths: [length], targetLengths: [target.count],
      reduction: .sum)
    if want.isInfinite {
      #expect(loss.item() == .infinity)
      let zero = ctcLoss(
        logits.logSoftmax(dim: 2), targets, inputLengths: [length],
        targetLengths: [target.count], reduction: .sum, zeroInfinity: true)
      #expect(zero.item() == 0)
    } else {
      #expect(Swift.abs(loss.item() - want) < 1e-12)
    }
  }

  @Test func adaptiveSoftmaxIsADistribution() {
    let layer = AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs: [3, 7], divValue: 2, dtype: .float64)
    let x = Tensor.randn([12, 8], dtype: .float64)
    let all = layer.logProb(x)
    #expect((all.exp().sum(dim: 1) - 1).abs().max().item() < 1e-12)
    let (output, loss) = layer(x, Tensor.arange(12))
    #expect((output - all.diagonal()).abs().max().item() < 1e-12)
    #expect(Swift.abs(loss.item() + output.mean().item()) < 1e-12)
    #expect(layer.predict(x).array(as: Int.self) == all.argmax(dim: 1).array(as: Int.self))
    #expect(
      layer.stateDict().keys == [
        "head.weight", "tail.0.0.weight", "tail.0.1.weight", "tail.1.0.weight", "tail.1.1.weight",
      ])
  }

  @Test func foldingIsTheTransposeOfUnfolding() {
    let x = Tensor.randn([2, 3, 5, 6], dtype: .float64)
    let unfold = Unfold([2, 3], dilation: [2, 1], padding: 1, stride: [1, 2])
    let y = unfold(x)
    let u = Tensor.randn(y.shape, dtype: .float64)
    let fold = Fold([5, 6], [2, 3], dilation: [2, 1], padding: 1, stride: [1, 2])
    let (a, b) = ((y * u).sum().item(), (x * fold(u)).sum().item())
    #expect(Swift.abs(a - b) < 1e-10 * Swift.max(1, Swift.abs(a)))
  }

  @Test func unpoolingPutsValuesBack() {
    let x = Tensor.randn([2, 3, 4, 6])
    let (y, indices) = MaxPool2d(2).withIndices(x)
    let z = MaxUnpool2d(2)(y, indices)
    #expect(z.shape == x.shape)
    #expect(z.ne(0).sum().item() == Double(y.count))
    #expect(
      MaxPool2d(2)(z.maskedFill(z.eq(0), -100.0)).array(as: Float.self) == y.array(as: Float.self))
  }

  @Test func bagsAreReducedRows() {
    let table = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 0.0]])
    let indices = Tensor([0, 1, 2, 2])
    let (offsets, rows) = ([0, 2, 2], 3)
    func bag(_ mode: BagReduction, padding: Int? = nil) -> [Float] {
      let result = indices.embeddingBag(table, offsets: offsets, mode: mode, paddingIdx: padding)
      #expect(result.shape == [rows, 2])
      return result.array(as: Float.self)
    }
    #expect(bag(.sum) == [4, 6, 0, 0, 10, 0])
    #expect(bag(.mean) == [2, 3, 0, 0, 5, 0])
    #expect(bag(.max) == [3, 4, 0, 0, 5, 0])
    #expect(bag(.mean, padding: 1) == [1, 2, 0, 0, 5, 0])
    let weighted = indices.embeddingBag(
      table, offsets: offsets, mode: .sum, perSampleWeights: Tensor([2.0, 1.0, 1.0, -1.0]))
    #expect(weighted.array(as: Float.self) == [5, 8, 0, 0, 0, 0])
  }

  @Test func fractionalPoolingTakesElementsOfTheInput() {
    let x = Tensor.randn([2, 3, 9, 7])
    let layer = FractionalMaxPool2d(2, outputRatio: [0.5])
    let (y, indices) = layer.withIndices(x)
    #expect(y.shape == [2, 3, 4, 3])
    let taken = x.reshape([2, 3, 63]).gather(dim: 2, index: indices.reshape([2, 3, 12]))
    #expect(taken.array(as: Float.self) == y.array(as: Float.self))
    // The last window ends with the input.
    #expect(y.amax(dims: [2, 3]).le(x.amax(dims: [2, 3])).all().item(as: Bool.self))
  }
}

extension Double {
  fileprivate var logarithm: Double { Tensor(self, dtype: .float64).log().item() }
}
