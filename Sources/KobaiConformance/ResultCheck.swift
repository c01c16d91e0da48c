import Kobai
import KobaiTensor

/// Compares what a call or a module gave with what a case expects: results, writes, derivatives.
struct ResultCheck {
  let session: Session
  let expected: Expectation
  /// The input and the arguments, for results that have to be judged by their defining property.
  let call: CallCase?

  /// Everything that the case asks for.
  func check(_ output: Output) throws {
    try checkResults(output)
    for (key, reference) in expected.mutated.sorted(by: { $0.key < $1.key }) {
      guard let tensor = session.current(key) else { throw Mismatch("\(key) was not given") }
      try close(tensor, reference, "\(key) afterwards")
    }
    try checkDerivatives(output)
  }

  /// The results alone.
  func checkResults(_ output: Output) throws {
    switch expected.compare {
    case "close", "meta": try match(output, expected.out, "result")
    case "ties": try matchTies(output)
    case "set": try matchSet(output)
    case let kind where kind.hasPrefix("gauge:"):
      guard let call else { throw Unsupported("comparison \(kind) outside of a call") }
      try Gauge(session: session, call: call, expected: expected)
        .check(String(kind.dropFirst("gauge:".count)), output)
    default: throw Unsupported("comparison \(expected.compare)")
    }
  }

  private func close(_ got: Tensor, _ reference: TensorReference, _ what: String) throws {
    let exact = Tolerance(relative: 0, absolute: 0)
    try Comparison.close(
      HostTensor(got), session.host(reference), reference.tolerance ?? exact, what)
  }

  /// A result tree against its specification.
  private func match(_ got: Output, _ want: CaseValue, _ what: String) throws {
    switch (want, got) {
    case (.tensor(let reference), .tensor(let tensor)): try close(tensor, reference, what)
    case (.type(let dtype, let shape), .tensor(let tensor)):
      // Reading the elements proves that there are that many.
      let host = HostTensor(tensor)
      guard host.dtype.description == dtype, host.shape == shape else {
        throw Mismatch("\(what): got \(host.dtype)\(host.shape), want \(dtype)\(shape)")
      }
    case (.tuple(let wants), .tuple(let gots)), (.list(let wants), .tuple(let gots)):
      guard wants.count == gots.count else {
        throw Mismatch("\(what): \(gots.count) results, want \(wants.count)")
      }
      for (i, pair) in zip(gots, wants).enumerated() { try match(pair.0, pair.1, "\(what) \(i)") }
    case (.null, .none): break
    case (.int(let want), .int(let got)) where want == got: break
    case (.bool(let want), .bool(let got)) where want == got: break
    case (.float(let want), .double(let got)) where Comparison.close(got, want): break
    case (.complex(let re, let im), .complex(let gotRe, let gotIm))
    where Comparison.close(gotRe, re) && Comparison.close(gotIm, im): break
    case (.dtype(let want), .dtype(let got)) where want == got.description: break
    case (.ints(let want), .ints(let got)) where want == got: break
    case (.intTuple(let want), .ints(let got)) where want == got: break
    default: throw Mismatch("\(what): got \(got), want \(want)")
    }
  }

  /// Equal elements leave indices free.
  private func matchTies(_ output: Output) throws {
    do {
      return try match(output, expected.out, "result")
    } catch let mismatch as Mismatch {
      guard let call, case .tensor(let input)? = call.args.first else { throw mismatch }
      let (got, want) = (output.tensors.map(HostTensor.init), expected.out.tensors)
      // `argsort` gives indices alone; a third shape of result is compared as it stands.
      guard got.count == want.count, (1...2).contains(got.count), let indices = got.last else {
        throw mismatch
      }
      for (g, w) in zip(got, want) { try Comparison.sameType(g, session.host(w), "result") }
      guard !indices.dtype.isDifferentiable else { throw mismatch }
      let source = try session.host(input)
      let tolerance = want[0].tolerance ?? Tolerance(relative: 0, absolute: 0)
      if got.count == 2 { try close(output.tensors[0], want[0], "values") }
      let values =
        try got.count == 2
        ? session.host(want[0]) : Self.take(source, session.host(want[0]), dim: dimension)
      try Comparison.gathered(source, indices, values, dim: dimension, tolerance)
    }
  }

  /// The `dim` of a sorting call; the last one unless stated.
  private var dimension: Int {
    guard let call else { return -1 }
    if case .int(let dim)? = call.kwargs["dim"] { return dim }
    // Only topk and kthvalue have a count before the dimension.
    let counts = call.call.contains("topk") || call.call.contains("kthvalue")
    let place = counts ? 2 : 1
    if call.args.count > place, case .int(let dim) = call.args[place] { return dim }
    return -1
  }

  /// `input` gathered at the expected indices.
  private static func take(_ input: HostTensor, _ indices: HostTensor, dim: Int) -> HostTensor {
    let dim = dim < 0 ? dim + max(input.shape.count, 1) : dim
    let inner = input.shape.dropFirst(dim + 1).reduce(1, *)
    let length = input.shape.isEmpty ? 1 : input.shape[dim]
    let size = input.dtype.size
    var bytes: [UInt8] = []
    for (at, place) in indices.numbers.enumerated() {
      let line = at / (inner * length) * length * inner + at % inner
      let start = (line + Int(place) * inner) * size
      bytes += input.bytes[start..<start + size]
    }
    return HostTensor(dtype: input.dtype, shape: indices.shape, bytes: bytes)
  }

  /// The first result is a set; what follows goes by its order and is compared by type.
  private func matchSet(_ output: Output) throws {
    let (got, want) = (output.tensors.map(HostTensor.init), expected.out.tensors)
    guard got.count == want.count, let first = got.first else {
      throw Mismatch("\(got.count) results, want \(want.count)")
    }
    try Comparison.sameSet(
      first, session.host(want[0]), want[0].tolerance ?? Tolerance(relative: 0, absolute: 0))
    for (g, w) in zip(got, want) { try Comparison.sameType(g, session.host(w), "result") }
  }
}

// MARK: - Derivatives

extension ResultCheck {
  private func checkDerivatives(_ output: Output) throws {
    guard let cotangents = expected.cotangents else { return }
    let outputs = output.tensors
    guard outputs.count == cotangents.count else {
      throw Mismatch("\(outputs.count) differentiable results, want \(cotangents.count)")
    }
    let keys = expected.gradOrder
    let inputs = try keys.map { key in
      guard let tensor = session.current(key) else { throw Mismatch("\(key) was not given") }
      return tensor
    }
    var pairs: [(Tensor, Tensor)] = []
    for (output, reference) in zip(outputs, cotangents) {
      if let reference { pairs.append((output, try session.tensor(reference))) }
    }
    let grads = try gradients(pairs, inputs, createGraph: expected.vectors != nil)
    for (key, grad) in zip(keys, grads) {
      try check(grad, expected.grads[key] ?? nil, "gradient of \(key)")
    }
    guard let vectors = expected.vectors else { return }
    var second: [(Tensor, Tensor)] = []
    for (i, reference) in vectors.enumerated() {
      guard let reference, i < grads.count, let grad = grads[i] else { continue }
      second.append((grad, try session.tensor(reference)))
    }
    let grads2 = try gradients(second, inputs, createGraph: false)
    for (key, grad) in zip(keys, grads2) {
      guard let want = expected.grads2[key] ?? nil else { continue }
      try check(grad, want, "second gradient of \(key)")
    }
  }

  /// An output without a recorded history contributes nothing.
  private func gradients(
    _ pairs: [(Tensor, Tensor)], _ inputs: [Tensor], createGraph: Bool
  ) throws -> [Tensor?] {
    let tracked = pairs.filter { $0.0.requiresGrad }
    if tracked.isEmpty { return inputs.map { _ in nil } }
    return try recovering {
      Tensor.gradients(
        of: tracked.map(\.0), wrt: inputs, gradients: tracked.map(\.1), createGraph: createGraph)
    }
  }

  /// An expected nil is an absent gradient or one of zeros.
  private func check(_ got: Tensor?, _ want: TensorReference?, _ what: String) throws {
    switch (got, want) {
    case (nil, nil): break
    case (let got?, let want?): try close(got, want, what)
    case (let got?, nil):
      guard HostTensor(got).numbers.allSatisfy({ $0 == 0 }) else {
        throw Mismatch("\(what): not zero, but the input has no influence")
      }
    case (nil, let want?):
      guard try session.host(want).numbers.allSatisfy({ $0 == 0 }) else {
        throw Mismatch("\(what): missing")
      }
    }
  }
}
