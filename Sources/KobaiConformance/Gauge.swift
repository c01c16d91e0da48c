import KobaiTensor

/// Results that are unique only up to sign, phase, basis or order: the property that defines them
/// is checked, on the host, in double precision.
struct Gauge {
  let session: Session
  let call: CallCase
  let expected: Expectation

  func check(_ kind: String, _ output: Output) throws {
    guard case .tensor(let input)? = call.args.first else {
      throw Unsupported("comparison gauge:\(kind) without a tensor")
    }
    let source = try session.host(input)
    let (got, want) = (output.tensors.map(HostTensor.init), expected.out.tensors)
    guard got.count == want.count else {
      throw Mismatch("\(got.count) results, want \(want.count)")
    }
    for (i, (g, w)) in zip(got, want).enumerated() {
      try Comparison.sameType(g, session.host(w), "result \(i)")
    }
    let property = Property(
      matrices: MatrixBatch(source),
      tolerance: [.float32, .complex64].contains(source.dtype) ? 1e-3 : 1e-9)
    let results = got.map { MatrixBatch($0) }
    switch kind {
    case "svd":
      try Comparison.close(
        got[1], session.host(want[1]), want[1].tolerance ?? Tolerance(relative: 0, absolute: 0),
        "singular values")
      guard got[0].count > 0, got[2].count > 0 else { return }
      // torch.svd gives V, torch.linalg.svd its conjugate transpose.
      let vh = call.op.hasPrefix("linalg") ? results[2] : results[2].adjoint
      try property.svd(results[0], MatrixBatch(vectors: got[1]), vh)
    case "eigh":
      try Comparison.close(
        got[0], session.host(want[0]), want[0].tolerance ?? Tolerance(relative: 0, absolute: 0),
        "eigenvalues")
      var lower = true
      if case .string(let triangle)? = call.kwargs["UPLO"] { lower = triangle == "L" }
      try property.eigh(MatrixBatch(vectors: got[0]), results[1], lower: lower)
    case "eig":
      try property.eig(MatrixBatch(vectors: got[0]), results[1])
    case "eigvals":
      try property.eigvals(
        MatrixBatch(vectors: got[0]), MatrixBatch(vectors: session.host(want[0])))
    case "qr":
      guard got[0].count > 0, got[1].count > 0 else { return }
      try property.qr(results[0], results[1])
    case "geqrf":
      try property.geqrf(results[0], MatrixBatch(session.host(want[0])))
    default:
      throw Unsupported("comparison gauge:\(kind)")
    }
  }
}

/// The defining properties of decompositions of `matrices`.
private struct Property {
  let matrices: MatrixBatch
  let tolerance: Double

  func near(_ x: MatrixBatch, _ y: MatrixBatch, _ what: String) throws {
    let scale = 1 + y.magnitudes.reduce(0) { max($0, $1) }
    let error = x.minus(y).magnitudes.reduce(0) { $1 > $0 || $1.isNaN ? $1 : $0 }
    guard error <= tolerance * scale else { throw Mismatch("\(what): off by \(error)") }
  }

  /// Columns of length one, at right angles.
  func orthonormal(_ q: MatrixBatch, _ what: String) throws {
    try near(q.adjoint.times(q), .identity(q.columns, count: q.count), "\(what) is orthonormal")
  }

  func svd(_ u: MatrixBatch, _ s: MatrixBatch, _ vh: MatrixBatch) throws {
    let u = u.columns(s.columns)
    let vh = vh.adjoint.columns(s.columns).adjoint
    try near(u.scalingColumns(s).times(vh), matrices, "U S Vh = A")
    try orthonormal(u, "U")
    try orthonormal(vh.adjoint, "V")
  }

  func eigh(_ values: MatrixBatch, _ vectors: MatrixBatch, lower: Bool) throws {
    // Only one triangle is read, and only the real part of the diagonal.
    let full = matrices.map { b, i, j, read in
      if i == j { return (read(b, i, i).0, 0) }
      if (i > j) == lower { return read(b, i, j) }
      let mirrored = read(b, j, i)
      return (mirrored.0, -mirrored.1)
    }
    try near(full.times(vectors), vectors.scalingColumns(values), "A V = V L")
    try orthonormal(vectors, "V")
  }

  func eig(_ values: MatrixBatch, _ vectors: MatrixBatch) throws {
    try near(matrices.times(vectors), vectors.scalingColumns(values), "A V = V L")
  }

  /// The same multiset of numbers: equal sums of their first powers.
  func eigvals(_ got: MatrixBatch, _ want: MatrixBatch) throws {
    for power in 1...3 {
      try near(got.powerSums(power), want.powerSums(power), "sum of powers \(power)")
    }
  }

  func qr(_ q: MatrixBatch, _ r: MatrixBatch) throws {
    try near(q.times(r), matrices, "Q R = A")
    try orthonormal(q, "Q")
    let below = r.map { b, i, j, read in i > j ? read(b, i, j) : (0, 0) }
    try near(below, below.map { _, _, _, _ in (0, 0) }, "R is upper triangular")
  }

  /// Only the magnitudes of R are unique.
  func geqrf(_ got: MatrixBatch, _ want: MatrixBatch) throws {
    func upper(_ m: MatrixBatch) -> MatrixBatch {
      m.map { b, i, j, read in
        let value = read(b, i, j)
        return i > j ? (0, 0) : ((value.0 * value.0 + value.1 * value.1).squareRoot(), 0)
      }
    }
    try near(upper(got), upper(want), "|R|")
  }
}
