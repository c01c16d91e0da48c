import CKernels
import KobaiTensor

extension Primitives {
  /// [logits [N, C], classes [N], weight [C]?] → [loss of each row, statistics [N, 2]].
  public struct CrossEntropy: FusedPrimitive {
    public static let name = "crossEntropy"
    let ignoreIndex: Int
    let labelSmoothing: Double
    let hasWeight: Bool

    var resultCount: Int { 1 }
    var inputFoldings: [Folding] { [.merged, .merged] + (hasWeight ? [.shared] : []) }
    var outputFoldings: [Folding] { [.merged, .merged] }
    func folded(_ size: Int) -> CrossEntropy { self }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      let x = inputs[0]
      return [TensorType(x.dtype, [x.shape[0]]), TensorType(x.dtype, [x.shape[0], 2])]
    }

    func composed(_ inputs: [Tensor]) -> [Tensor] {
      let (x, targets) = (inputs[0].logSoftmax(dim: 1), inputs[1])
      let isIgnored = targets.eq(ignoreIndex)
      let zeros = Tensor.zeros(like: targets)
      let classes = bind(Where(), [isIgnored, zeros, targets])[0]
      var losses = -x.gather(dim: 1, index: classes.unsqueeze(1)).squeeze(dim: 1)
      if hasWeight { losses = losses * inputs[2].indexSelect(dim: 0, index: classes) }
      if labelSmoothing > 0 {
        let spread = -(hasWeight ? x * inputs[2] : x).sum(dim: 1)
        losses =
          losses * (1 - labelSmoothing) + spread * (labelSmoothing / Double(x.size(1)))
      }
      return [Tensor.where(isIgnored, Tensor.zeros(like: losses), losses)]
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let values = inputs.map(\.contiguous)
      let types = infer(inputs.map(\.type))
      let results = types.map { Body(layout: Layout(contiguous: $0.shape), dtype: $0.dtype) }
      var call = call(values[0])
      var bad: Int64 = 0
      let status = Self.withPointers(values, hasWeight) { x, targets, weight in
        kb_cross_entropy_forward(
          &call, x, targets, weight, results[0].pointer, results[1].pointer, &bad)
      }
      guard status == 0 else {
        return misuse(
          "crossEntropy: Target \(bad) is out of bounds.", else: [.poison, .poison])
      }
      return zip(results, types).map { Value(body: $0, dtype: $1.dtype) }
    }

    func evaluateGradient(
      _ cotangents: [Value?], _ inputs: [Value], _ outputs: [Value], wanted: [Bool]
    ) -> [Value?] {
      guard let cotangent = cotangents[0] else { return inputs.map { _ in nil } }
      let values = inputs.map(\.contiguous)
      var results: [Value?] = inputs.map { _ in nil }
      if wanted[0] { results[0] = gradient(values, cotangent, outputs[1].contiguous) }
      if hasWeight, wanted[2] { results[2] = weightGradient(values, cotangent) }
      return results
    }

    private func gradient(_ inputs: [Value], _ cotangent: Value, _ statistics: Value) -> Value {
      let x = inputs[0]
      var call = call(x)
      return Value.make(x.dtype, x.shape) { out in
        cotangent.withElements { dlosses, strides in
          statistics.withElements { statistics, _ in
            Self.withPointers(inputs, hasWeight) { x, targets, weight in
              kb_cross_entropy_backward(
                &call, dlosses, strides?[0] ?? 1, x, targets, weight, statistics, out)
            }
          }
        }
      }
    }

    /// Weights are hardly ever trained: by ordinary operations.
    private func weightGradient(_ inputs: [Value], _ cotangent: Value) -> Value {
      let tape = Tape(Self.name, inputs.map { Tensor($0) }, composed)
      return tape.pull([Tensor(cotangent)], isLast: true)[2].current.value.contiguous
    }

    private func call(_ x: Value) -> kb_cross_entropy {
      kb_cross_entropy(
        dtype: x.dtype.code, rows: x.shape[0], classes: x.shape[1], ignored: Int64(ignoreIndex),
        smoothing: labelSmoothing)
    }

    private static func withPointers<R>(
      _ inputs: [Value], _ hasWeight: Bool,
      _ body: (UnsafeRawPointer, UnsafePointer<Int64>, UnsafeRawPointer?) -> R
    ) -> R {
      inputs[0].withElements { x, _ in
        inputs[1].withElements { targets, _ in
          let targets = targets.assumingMemoryBound(to: Int64.self)
          guard hasWeight else { return body(x, targets, nil) }
          return inputs[2].withElements { weight, _ in body(x, targets, weight) }
        }
      }
    }
  }
}
