import CKernels
import KobaiTensor

extension NormalizationKind {
  fileprivate func affine(_ shape: Shape) -> kb_affine {
    kb_affine(rows_per_item: max(shape[1], 1), inner: max(shape[3], 1))
  }
}

extension Primitives.Normalization {
  /// Writes y and the statistics of a contiguous x [N, G, K, S].
  func run(
    _ x: TensorType, _ px: UnsafeRawPointer, _ weight: UnsafeRawPointer?,
    _ bias: UnsafeRawPointer?, _ y: UnsafeMutableRawPointer, mean: UnsafeMutableRawPointer,
    scale: UnsafeMutableRawPointer, variance: UnsafeMutableRawPointer
  ) {
    let (code, n, g, k) = (x.dtype.code, x.shape[0], x.shape[1], x.shape[2] * x.shape[3])
    if kind == .channels {
      findChannelStatistics(x, px, mean: mean, scale: scale, variance: variance)
      return kb_channel_normalize(code, n, g, k, px, mean, scale, weight, bias, y)
    }
    let bytes = n * g * x.dtype.size
    // Without a mean its kernel leaves that memory alone.
    mean.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    variance.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    kb_normalize_rows(
      kind == .rootMeanSquare, code, n * g, k, kind.affine(x.shape), px, weight, bias, eps, y, mean,
      scale)
  }

  /// Writes the statistics of each channel alone.
  package func findChannelStatistics(
    _ x: TensorType, _ px: UnsafeRawPointer, mean: UnsafeMutableRawPointer,
    scale: UnsafeMutableRawPointer, variance: UnsafeMutableRawPointer
  ) {
    kb_channel_statistics(
      x.dtype.code, x.shape[0], x.shape[1], x.shape[2] * x.shape[3], px, mean, variance)
    Self.reciprocalRoots(variance, x.shape[1], eps, scale, x.dtype)
  }

  private static func reciprocalRoots(
    _ variance: UnsafeMutableRawPointer, _ count: Int, _ eps: Double,
    _ result: UnsafeMutableRawPointer, _ dtype: DType
  ) {
    func fill<T: BinaryFloatingPoint>(_ type: T.Type) {
      let source = variance.assumingMemoryBound(to: T.self)
      let target = result.assumingMemoryBound(to: T.self)
      for i in 0..<count { target[i] = T(1 / (Double(source[i]) + eps).squareRoot()) }
    }
    if dtype == .float64 { fill(Double.self) } else { fill(Float.self) }
  }

  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (x, first, primitive) = (TensorType(inputs[0]), inputs.count, self)
    let (weight, bias) = (hasWeight ? 1 : nil, hasBias ? biasIndex : nil)
    return .onContiguous(inputs, to: outputs) { memory in
      primitive.run(
        x, memory[0], weight.map { UnsafeRawPointer(memory[$0]) },
        bias.map { UnsafeRawPointer(memory[$0]) }, memory[first],
        mean: memory[first + 1], scale: memory[first + 2], variance: memory[first + 3])
      return true
    }
  }
}

extension Primitives.NormalizationGradient {
  /// Writes the cotangents that have memory, from contiguous operands.
  func run(
    _ x: TensorType, _ dy: UnsafeRawPointer, _ px: UnsafeRawPointer, _ mean: UnsafeRawPointer,
    _ scale: UnsafeRawPointer, _ weight: UnsafeRawPointer?, dx: UnsafeMutableRawPointer?,
    dWeight: UnsafeMutableRawPointer?, dBias: UnsafeMutableRawPointer?
  ) {
    let (code, n, g, k) = (x.dtype.code, x.shape[0], x.shape[1], x.shape[2] * x.shape[3])
    if kind == .channels {
      kb_channel_normalize_backward(
        true, code, n, g, k, dy, px, mean, scale, weight, dx, dWeight, dBias)
    } else {
      kb_normalize_rows_backward(
        kind == .rootMeanSquare, code, n * g, k, kind.affine(x.shape), dy, px, mean, scale, weight,
        dx, dWeight, dBias)
    }
  }

  public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let (x, first, primitive) = (TensorType(inputs[1]), inputs.count, self)
    let weight = hasWeight ? 4 : nil
    var next = first
    func place(_ isWanted: Bool) -> Int? {
      if !isWanted { return nil }
      defer { next += 1 }
      return next
    }
    let (dx, dWeight, dBias) = (place(wantsX), place(wantsWeight), place(wantsBias))
    return .onContiguous(inputs, to: outputs) { memory in
      primitive.run(
        x, memory[0], memory[1], memory[2], memory[3], weight.map { UnsafeRawPointer(memory[$0]) },
        dx: dx.map { memory[$0] }, dWeight: dWeight.map { memory[$0] },
        dBias: dBias.map { memory[$0] })
      return true
    }
  }
}
