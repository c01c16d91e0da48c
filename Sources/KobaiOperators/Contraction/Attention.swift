import KobaiTensor

/// softmax(query · keyᵀ · scale + mask) · value: how much of each value each query takes.
///
///     scaledDotProductAttention(q, k, v, isCausal: true)   // [N, heads, L, Ev]
///
/// - Parameters:
///   - query: [..., L, E].
///   - key: [..., S, E].
///   - value: [..., S, Ev].
///   - attnMask: broadcasts to [..., L, S]: bool, true where a key takes part, or numbers that are added.
///   - dropoutP: the probability with which a weight is set to 0.
///   - isCausal: query i takes part in keys 0 ... i only; not together with a mask.
///   - scale: 1/√E unless given.
///   - enableGQA: keys and values may have fewer heads (dimension −3), each for as many queries in turn.
/// - Returns: [..., L, Ev]. A query whose keys are all masked gets zeros.
public func scaledDotProductAttention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, attnMask: Tensor? = nil, dropoutP: Double = 0,
  isCausal: Bool = false, scale: Double? = nil, enableGQA: Bool = false
) -> Tensor {
  let name = "scaledDotProductAttention"
  let dtype = query.dtype
  guard query.rank >= 2, key.rank >= 2, value.rank >= 2 else {
    return misuse(
      "\(name): Expected query, key, and value to all be at least 2 dimensional, but got shapes "
        + "\(query.shape), \(key.shape), \(value.shape)")
  }
  guard key.dtype == dtype, value.dtype == dtype, dtype.isFloatingPoint else {
    return misuse(
      "\(name): Expected query, key, and value to have the same (floating point) dtype, but got "
        + "query.dtype: \(dtype), key.dtype: \(key.dtype), and value.dtype: \(value.dtype)")
  }
  guard attnMask == nil || !isCausal else {
    return misuse(
      "\(name): Explicit attn_mask should not be set when is_causal=True; add the triangle to the mask"
    )
  }
  guard attnMask.map({ $0.dtype == .bool || $0.dtype.isFloatingPoint }) ?? true else {
    return misuse(
      "\(name): Expected attn_mask dtype to be bool or float or to match query dtype, but got "
        + "attn_mask.dtype: \(attnMask?.dtype ?? dtype)")
  }
  let q = query.widened
  var (k, v) = (key.widened, value.widened)
  if enableGQA {
    guard query.rank >= 3, key.rank >= 3, value.rank >= 3 else {
      return misuse("\(name): enableGQA needs a dimension of heads, [..., heads, L, E]")
    }
    let heads = query.size(-3)
    guard key.size(-3) > 0, value.size(-3) > 0, heads % key.size(-3) == 0,
      heads % value.size(-3) == 0
    else {
      return misuse(
        "\(name): Number of heads in key and value must divide the number of heads in query, but got "
          + "\(key.size(-3)), \(value.size(-3)) and \(heads)")
    }
    k = k.repeatInterleave(heads / key.size(-3), dim: -3)
    v = v.repeatInterleave(heads / value.size(-3), dim: -3)
  }
  let factor = scale ?? 1 / Double(max(query.size(-1), 1)).squareRoot()
  if dropoutP == 0, dtype == .float32 || dtype == .float64,
    let heads = fusedAttention(q, k, v, attnMask, isCausal: isCausal, scale: factor)
  {
    return heads
  }
  let scores = attentionScores(q, k, mask: attnMask, isCausal: isCausal, scale: factor)
  if dtype.computing != dtype && dropoutP == 0 && query.rank == 4 && key.rank == 4
    && value.rank == 4
    && query.size(-1) == value.size(-1)
  {
    return attended(scores, v, roundedTo: dtype)
  }
  var weights = attentionWeights(scores, mayBeEmpty: attnMask != nil)
  if dropoutP > 0 { weights = weights.dropout(p: dropoutP) }
  return weights.matmul(v).to(dtype)
}

/// The same by one kernel; nil where a size is 0 or sizes do not fit, which the composed form reports.
private func fusedAttention(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, _ mask: Tensor?, isCausal: Bool, scale: Double
) -> Tensor? {
  let shapes = [q.shape, k.shape, v.shape]
  let (queries, keys) = (q.size(-2), k.size(-2))
  guard v.size(-2) == keys, k.size(-1) == q.size(-1), !shapes.joined().contains(0) else {
    return nil
  }
  let leading = shapes.map { Array($0.dropLast(2)) }
  var batch = leading[0]
  if leading.contains(where: { $0 != batch }) {
    guard let shape = Operands.broadcastShape("scaledDotProductAttention", leading) else {
      return .poison
    }
    batch = shape
  }
  var inputs = [q, k, v].map {
    $0.shape.count == batch.count + 2 && Array($0.shape.dropLast(2)) == batch
      ? $0 : $0.broadcast(to: batch + $0.shape.suffix(2))
  }
  if let mask {
    let scores = batch + [queries, keys]
    guard
      let shape = Operands.broadcastShape("scaledDotProductAttention", [mask.shape, scores])
    else { return .poison }
    guard shape == scores else { return nil }
    inputs.append((mask.dtype == .bool ? mask : mask.to(q.dtype)).broadcast(to: scores))
  }
  return bind(
    Primitives.Attention(isCausal: isCausal, scale: scale, hasMask: mask != nil), inputs)[0]
}

/// softmax(scores) · values, the exponentials rounded to a half type before the product but not in their
/// sum: what PyTorch's kernel for four dimensions does.
private func attended(_ scores: Tensor, _ values: Tensor, roundedTo dtype: DType) -> Tensor {
  if scores.size(-1) == 0 { return scores.matmul(values).to(dtype) }
  let zero = Tensor(0.0, dtype: scores.dtype)
  let largest = scores.detach().amax(dim: -1, keepDim: true)
  let isEmpty = largest.eq(-Double.infinity)
  let exponentials = Tensor.where(
    isEmpty, zero, (scores - Tensor.where(isEmpty, zero, largest)).exp())
  // Their derivative is that of the exact ones.
  let rounding = exponentials.detach().to(dtype).to(scores.dtype) - exponentials.detach()
  let sum = Tensor.where(
    isEmpty, Tensor(1.0, dtype: scores.dtype), exponentials.sum(dim: -1, keepDim: true))
  return ((exponentials + rounding).matmul(values) / sum).to(dtype)
}

extension Operation {
  static let scaledDotProductAttention = Operation(
    "scaledDotProductAttention", .contraction, primitives: [Primitives.Attention.self],
    samples: [
      Sample(
        .uniform(-2...2, [2, 3, 4]), .uniform(-2...2, [2, 5, 4]), .uniform(-2...2, [2, 5, 2])
      ) {
        KobaiOperators.scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true)
      },
      Sample(
        .uniform(-2...2, [1, 2, 4]), .uniform(-2...2, [1, 3, 4]), .uniform(-2...2, [1, 3, 4]),
        .uniform(-2...2, [2, 3])
      ) {
        KobaiOperators.scaledDotProductAttention(
          $0[0], $0[1], $0[2], attnMask: $0[3], scale: 0.3)
      },
      Sample(.uniform(-2...2, [2, 4]), .uniform(-2...2, [3, 4]), .uniform(-2...2, [3, 4])) {
        let mask = Tensor([[true, false, true], [false, false, false]])
        return KobaiOperators.scaledDotProductAttention($0[0], $0[1], $0[2], attnMask: mask)
      },
      Sample(
        .uniform(-2...2, [1, 4, 3, 2]), .uniform(-2...2, [1, 2, 3, 2]),
        .uniform(-2...2, [1, 2, 3, 2])
      ) {
        KobaiOperators.scaledDotProductAttention($0[0], $0[1], $0[2], enableGQA: true)
      },
    ])
}
