import KobaiTensor

extension Tensor {
  /// Where |x − y| ≤ atol + rtol · |y|. Equal infinities are close; NaN is close to NaN if `equalNaN`.
  ///
  ///     Tensor([1.0, 2.0]).isClose(Tensor([1.0 + 1e-9, 2.1]))   // tensor([True, False])
  ///
  /// - Parameters:
  ///   - other: of the same dtype; shapes broadcast.
  ///   - rtol, atol: not negative.
  public func isClose(
    _ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNaN: Bool = false
  ) -> Tensor {
    guard rtol >= 0 else {
      return misuse("isClose: rtol must be greater than or equal to zero, but got \(rtol)")
    }
    guard atol >= 0 else {
      return misuse("isClose: atol must be greater than or equal to zero, but got \(atol)")
    }
    let other = other.value.meta.has(Value.Meta.weak) ? other.to(dtype) : other
    guard dtype == other.dtype else {
      return misuse(
        "isClose: \(dtype.torchName) did not match \(other.dtype.torchName); convert with "
          + ".to(.\(dtype))")
    }
    var close = eq(other)
    if equalNaN { close = close.logicalOr(ne(self).logicalAnd(other.ne(other))) }
    if rtol == 0 && atol == 0 { return close }
    let (x, y) =
      dtype.isDifferentiable ? (self, other) : (to(DType.default), other.to(DType.default))
    let allowed = (y * rtol).abs() + atol
    let actual = (x - y).abs()
    return close.logicalOr(actual.isFinite().logicalAnd(actual.le(allowed)))
  }

  /// Whether all elements are close; see `isClose`.
  ///
  ///     Tensor([1.0, 2.0]).allClose(Tensor([1.0 + 1e-9, 2.0]))   // true
  public func allClose(
    _ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNaN: Bool = false
  ) -> Bool {
    let close = isClose(other, rtol: rtol, atol: atol, equalNaN: equalNaN)
    if close.isPoisoned { return false }
    return close.array(as: Bool.self).allSatisfy { $0 }
  }
}

extension Operation {
  static let isClose = Operation(
    "isClose", .elementwise,
    samples: [
      Sample(.uniform(), .uniform(-2...2, [3])) { $0[0].isClose($0[1], rtol: 0.5, atol: 0.1) },
      Sample(.special) { $0[0].isClose($0[0], equalNaN: true) },
      Sample(.integers(0..<3, [4]), .integers(0..<3, [4])) { $0[0].isClose($0[1]) },
    ])
}
