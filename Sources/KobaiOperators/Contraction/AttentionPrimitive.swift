import CKernels
import KobaiTensor

extension Primitives {
  /// [query, key, value, mask?], all with the same leading dimensions → [softmax(q kᵀ · scale + mask) v,
  /// statistics [..., queries, 2]]. Scores exist for a few queries at a time only, in the gradient too:
  /// memory grows with the number of keys, not with its square.
  public struct Attention: FusedPrimitive {
    public static let name = "scaledDotProductAttention"
    let isCausal: Bool
    let scale: Double
    let hasMask: Bool

    var resultCount: Int { 1 }
    var inputFoldings: [Folding] { Array(repeating: .leading, count: hasMask ? 4 : 3) }
    var outputFoldings: [Folding] { [.leading, .leading] }
    func folded(_ size: Int) -> Attention { self }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      let (q, v) = (inputs[0], inputs[2])
      let rows = Array(q.shape.dropLast())
      return [
        TensorType(q.dtype, rows + [v.shape[v.shape.count - 1]]),
        TensorType(q.dtype, rows + [2]),
      ]
    }

    func composed(_ inputs: [Tensor]) -> [Tensor] {
      let scores = attentionScores(
        inputs[0], inputs[1], mask: hasMask ? inputs[3] : nil, isCausal: isCausal, scale: scale)
      return [attentionWeights(scores, mayBeEmpty: hasMask).matmul(inputs[2])]
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let types = infer(inputs.map(\.type))
      let out = Self.make(types[0], like: inputs[0])
      let statistics = Body(layout: Layout(contiguous: types[1].shape), dtype: types[1].dtype)
      withCall(inputs, [out]) { call, operands in
        kb_attention_forward(
          &call, operands[0], operands[1], operands[2], operands[3], operands[4],
          statistics.pointer)
      }
      return [out, Value(body: statistics, dtype: types[1].dtype)]
    }

    func evaluateGradient(
      _ cotangents: [Value?], _ inputs: [Value], _ outputs: [Value], wanted: [Bool]
    ) -> [Value?] {
      let results = zip(inputs, wanted).map { $1 ? Self.make($0.type, like: $0) : nil }
      let all = [outputs[0], cotangents[0]] + results
      let statistics = outputs[1].contiguous
      withCall(inputs, all) { call, operands in
        statistics.withElements { statistics, _ in
          let mask = hasMask ? operands[9] : kb_attention_operand()
          kb_attention_backward(
            &call, operands[0], operands[1], operands[2], operands[3], operands[4], statistics,
            operands[5], operands[6], operands[7], operands[8], mask)
        }
      }
      return results
    }

    /// A new value whose dimensions lie in memory as those of `other` do: heads that were parts of one row
    /// become parts of one row again.
    private static func make(_ type: TensorType, like other: Value) -> Value {
      let order = MemoryOrder(denseLike: other.layout)
      let layout = Layout(contiguous: order.dims.map { type.shape[$0] })
      return order.apply(Value(body: Body(layout: layout, dtype: type.dtype), dtype: type.dtype))
    }

    /// Calls `body` with the operands of the kernels: query, key, value, mask and `others`; nil ones have no
    /// data.
    private func withCall(
      _ inputs: [Value], _ others: [Value?],
      _ body: (inout kb_attention, [kb_attention_operand]) -> Void
    ) {
      let (q, k, v) = (inputs[0], inputs[1], inputs[2])
      let values = [q, k, v, hasMask ? inputs[3] : nil] + others
      let rank = q.layout.rank
      let strides = values.flatMap { $0?.layout.strides ?? Array(repeating: 0, count: rank) }
      let shape = q.shape
      shape.withUnsafeBufferPointer { dims in
        strides.withUnsafeBufferPointer { strides in
          let operands = values.enumerated().map { i, value in
            kb_attention_operand(
              data: value?.body?.pointer, strides: strides.baseAddress.map { $0 + i * rank })
          }
          var call = kb_attention(
            dtype: q.dtype.code, rank: rank - 2, dims: dims.baseAddress, queries: shape[rank - 2],
            keys: k.shape[rank - 2], width: shape[rank - 1], value_width: v.shape[rank - 1],
            causal: isCausal, scale: scale, mask_dtype: (hasMask ? inputs[3] : q).dtype.code)
          withExtendedLifetime(values) { body(&call, operands) }
        }
      }
    }
  }
}

/// q kᵀ · scale, masked.
func attentionScores(
  _ q: Tensor, _ k: Tensor, mask: Tensor?, isCausal: Bool, scale: Double
) -> Tensor {
  let scores = (q * scale).matmul(k.mT)
  let mask = isCausal ? Tensor.ones([q.size(-2), k.size(-2)], dtype: .bool).tril() : mask
  guard let mask else { return scores }
  if mask.dtype != .bool { return scores + mask.to(scores.dtype) }
  return Tensor.where(mask, scores, Tensor(-Double.infinity, dtype: scores.dtype))
}

/// The softmax of scores.
///
/// - Parameter mayBeEmpty: a row of −∞ only becomes zeros; otherwise it would be NaN, also in the gradients
///   of other rows.
func attentionWeights(_ scores: Tensor, mayBeEmpty: Bool) -> Tensor {
  guard mayBeEmpty, scores.size(-1) > 0 else { return scores.softmax(dim: -1) }
  let isEmpty = scores.eq(-Double.infinity).all(dim: -1, keepDim: true)
  let zero = Tensor(0.0, dtype: scores.dtype)
  return Tensor.where(isEmpty, zero, Tensor.where(isEmpty, zero, scores).softmax(dim: -1))
}
