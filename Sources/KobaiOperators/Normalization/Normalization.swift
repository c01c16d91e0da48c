import KobaiTensor

// Layer, group, instance, batch and RMS normalisation are one function of an array [N, G, K, S]:
//
//   x̂ = (x − μ) r,  r = 1/√(variance + eps),  y = x̂ w + b,  w and b of shape [1, G, K, 1],
//
// with statistics over K and S (rows) or over N, K and S (channels); μ = 0 for RMS. Its derivative along
// x is the symmetric projection P(t) = r (t − mean(t) − x̂ mean(t x̂)), which is also all that
// derivatives of higher order need:
//
//   dx = P(w dy),  dw = Σ dy x̂,  db = Σ dy.

/// Over which dimensions of [N, G, K, S] the statistics are taken.
enum NormalizationKind: Hashable, Sendable {
  /// K and S.
  case rows
  /// K and S, without subtracting the mean.
  case rootMeanSquare
  /// N, K and S.
  case channels

  var reduced: [Int] { self == .channels ? [0, 2, 3] : [2, 3] }

  func statistics(_ shape: Shape) -> Shape {
    self == .channels ? [1, shape[1], 1, 1] : [shape[0], shape[1], 1, 1]
  }
  /// How many elements share a mean.
  func count(_ shape: Shape) -> Int { reduced.map { shape[$0] }.reduce(1, *) }
}

extension Primitives {
  /// [x, weight?, bias?] → [y, μ, r, variance]; see above. The variance is for running statistics, which
  /// are not differentiated: it has no derivative of its own.
  public struct Normalization: Primitive {
    public static let name = "normalization"
    let kind: NormalizationKind
    let eps: Double
    package let hasWeight, hasBias: Bool

    init(_ kind: NormalizationKind, eps: Double, hasWeight: Bool, hasBias: Bool) {
      self.kind = kind
      self.eps = eps
      self.hasWeight = hasWeight
      self.hasBias = hasBias
    }

    var biasIndex: Int { hasWeight ? 2 : 1 }
    /// Whether each row has statistics of its own, so that it is normalised in one pass.
    package var isOfRows: Bool { kind != .channels }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      let statistics = TensorType(inputs[0].dtype, kind.statistics(inputs[0].shape))
      return [inputs[0], statistics, statistics, statistics]
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let x = inputs[0].contiguous
      let layout = Layout(contiguous: kind.statistics(x.shape))
      let statistics = (0..<3).map { _ in Body(layout: layout, dtype: x.dtype) }
      let weight = hasWeight ? inputs[1].contiguous : nil
      let bias = hasBias ? inputs[biasIndex].contiguous : nil
      let y = Value.withPointers(x, weight, bias) { px, pw, pb in
        Value.make(x.dtype, x.shape) { out in
          run(
            x.type, px, pw, pb, out, mean: statistics[0].pointer, scale: statistics[1].pointer,
            variance: statistics[2].pointer)
        }
      }
      return [y] + statistics.map { Value(body: $0, dtype: x.dtype) }
    }

    public var residuals: Residuals {
      [.input(0), hasWeight ? .input(1) : [], .output(1), .output(2)]
    }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      let (x, mean, scale) = (kept.input(0), kept.output(1), kept.output(2))
      var result = [Tensor?](repeating: nil, count: kept.inputCount)
      if let dy = cotangents[0] {
        let gradient = NormalizationGradient(
          kind, hasWeight: hasWeight, wantsX: kept.isNeeded[0],
          wantsWeight: hasWeight && kept.isNeeded[1],
          wantsBias: hasBias && kept.isNeeded[biasIndex])
        var parts = bind(gradient, [dy, x, mean, scale] + (hasWeight ? [kept.input(1)] : []))[...]
        if gradient.wantsX { result[0] = parts.removeFirst() }
        if gradient.wantsWeight { result[1] = parts.removeFirst() }
        if gradient.wantsBias { result[biasIndex] = parts.removeFirst() }
      }
      if kept.isNeeded[0] {
        // dμ/dx = 1/n, dr/dx = −r² x̂ / n.
        let n = Double(kind.count(x.shape))
        var more: Tensor?
        if let dMean = cotangents[1], kind != .rootMeanSquare {
          more = (dMean / n).broadcast(to: x.shape)
        }
        if let dScale = cotangents[2] {
          let part = -(dScale * scale * scale / n) * ((x - mean) * scale)
          more = more.map { $0 + part } ?? part
        }
        if let more { result[0] = result[0].map { $0 + more } ?? more }
      }
      return result
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      let (x, mean, scale) = (inputs[0], outputs[1], outputs[2])
      let normal = (x - mean) * scale
      var parts: [Tensor] = []
      var dMean: Tensor?
      var dScale: Tensor?
      if let dx = tangents[0] {
        let projected = kind.project(dx, x, mean, scale)
        parts.append(hasWeight ? projected * inputs[1] : projected)
        dMean =
          kind == .rootMeanSquare ? nil : dx.mean(dims: kind.reduced, keepDim: true)
        dScale = -(scale * scale * (normal * dx).mean(dims: kind.reduced, keepDim: true))
      }
      if hasWeight, let dWeight = tangents[1] { parts.append(normal * dWeight) }
      if hasBias, let dBias = tangents[biasIndex] { parts.append(dBias.broadcast(to: x.shape)) }
      return [parts.isEmpty ? nil : parts.dropFirst().reduce(parts[0], +), dMean, dScale, nil]
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, NormalizationBatch.fold(inputs, isBatched, size)).map {
        NormalizationBatch.unfold($0, size)
      }
    }
  }

  /// [dy, x, μ, r, weight?] → those of [dx, dw, db] that are wanted. μ and r are those of x, and not
  /// inputs of their own: the derivative along x includes what goes through them.
  public struct NormalizationGradient: Primitive {
    public static let name = "normalizationGradient"
    let kind: NormalizationKind
    package let hasWeight, wantsX, wantsWeight, wantsBias: Bool

    init(
      _ kind: NormalizationKind, hasWeight: Bool, wantsX: Bool, wantsWeight: Bool, wantsBias: Bool
    ) {
      self.kind = kind
      self.hasWeight = hasWeight
      self.wantsX = wantsX
      self.wantsWeight = wantsWeight
      self.wantsBias = wantsBias
    }

    package var isOfRows: Bool { kind != .channels }

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      let x = inputs[1]
      let weight = TensorType(x.dtype, [1, x.shape[1], x.shape[2], 1])
      return (wantsX ? [x] : []) + (wantsWeight ? [weight] : []) + (wantsBias ? [weight] : [])
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let values = inputs.map(\.contiguous)
      let x = values[1]
      let channels = Layout(contiguous: [1, x.shape[1], x.shape[2], 1])
      let dx = wantsX ? Body(layout: x.layout.contiguous, dtype: x.dtype) : nil
      let dWeight = wantsWeight ? Body(layout: channels, dtype: x.dtype) : nil
      let dBias = wantsBias ? Body(layout: channels, dtype: x.dtype) : nil
      Value.withPointers(x, hasWeight ? values[4] : nil, nil) { px, pw, _ in
        values[0].withElements { pdy, _ in
          values[2].withElements { mean, _ in
            values[3].withElements { scale, _ in
              run(
                x.type, pdy, px, mean, scale, pw, dx: dx?.pointer, dWeight: dWeight?.pointer,
                dBias: dBias?.pointer)
            }
          }
        }
      }
      return [dx, dWeight, dBias].compactMap { $0 }.map { Value(body: $0, dtype: x.dtype) }
    }

    public var residuals: Residuals { .inputs }

    /// With u, v, s the cotangents of dx, dw, db and g = w dy:
    /// ⟨u, dx⟩ + ⟨v, dw⟩ + ⟨s, db⟩ = r (⟨u, g⟩ − n mean(u) mean(g) − n mean(u x̂) mean(g x̂))
    /// + ⟨v dy, x̂⟩ + ⟨s, dy⟩, differentiated along x̂ (a, carried on by P) and r (b, by −r² x̂ / n).
    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      let (dy, x, mean, scale) = (kept.input(0), kept.input(1), kept.input(2), kept.input(3))
      let weight = hasWeight ? kept.input(4) : nil
      let (u, v, s) = split(cotangents)
      let normal = (x - mean) * scale
      let g = weight.map { dy * $0 } ?? dy
      let reduced = kind.reduced
      func average(_ t: Tensor) -> Tensor { t.mean(dims: reduced, keepDim: true) }

      let projected = u.map { kind.project($0, x, mean, scale) }
      var result = [Tensor?](repeating: nil, count: kept.inputCount)
      if kept.isNeeded[0] {
        var parts: [Tensor] = []
        if let projected { parts.append(weight.map { projected * $0 } ?? projected) }
        if let v { parts.append(v * normal) }
        if let s { parts.append(s.broadcast(to: x.shape)) }
        result[0] = parts.isEmpty ? nil : parts.dropFirst().reduce(parts[0], +)
      }
      if hasWeight, kept.isNeeded[4], let projected {
        result[4] = (dy * projected).sum(dims: [0, 3], keepDim: true)
      }
      if kept.isNeeded[1] {
        var a: Tensor?
        var direct: Tensor?
        if let u {
          let (gx, ux) = (average(g * normal), average(u * normal))
          a = -scale * (u * gx + g * ux)
          let centred = kind == .rootMeanSquare ? g : g - average(g)
          direct = normal * (average(u * (centred - normal * gx)) * scale * scale)
        }
        if let v { a = a.map { $0 + v * dy } ?? v * dy }
        let through = a.map { kind.project($0, x, mean, scale) }
        if let through { result[1] = direct.map { through - $0 } ?? through }
      }
      return result
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      let (dy, x, mean, scale) = (inputs[0], inputs[1], inputs[2], inputs[3])
      let weight = hasWeight ? inputs[4] : nil
      let normal = (x - mean) * scale
      func average(_ t: Tensor) -> Tensor { t.mean(dims: kind.reduced, keepDim: true) }
      func add(_ a: Tensor?, _ b: Tensor) -> Tensor { a.map { $0 + b } ?? b }

      var dG: Tensor?
      if let t = tangents[0] { dG = weight.map { t * $0 } ?? t }
      if hasWeight, let t = tangents[4] { dG = add(dG, dy * t) }
      let dNormal = tangents[1].map { kind.project($0, x, mean, scale) }

      var dX: Tensor?
      if wantsX {
        dX = dG.map { kind.project($0, x, mean, scale) }
        if let t = tangents[1], let dNormal {
          let g = weight.map { dy * $0 } ?? dy
          let relative = scale * average(normal * t)  // −dr / r
          let turned = scale * (dNormal * average(g * normal) + normal * average(g * dNormal))
          dX = add(dX, -(relative * outputs[0]) - turned)
        }
      }
      var dWeight: Tensor?
      if let t = tangents[0] { dWeight = t * normal }
      if let dNormal { dWeight = add(dWeight, dy * dNormal) }
      return (wantsX ? [dX] : [])
        + (wantsWeight ? [dWeight?.sum(dims: [0, 3], keepDim: true)] : [])
        + (wantsBias ? [tangents[0]?.sum(dims: [0, 3], keepDim: true)] : [])
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      bind(self, NormalizationBatch.fold(inputs, isBatched, size)).map {
        NormalizationBatch.unfold($0, size)
      }
    }

    private func split(_ all: [Tensor?]) -> (Tensor?, Tensor?, Tensor?) {
      var rest = all[...]
      return (
        wantsX ? rest.removeFirst() : nil, wantsWeight ? rest.removeFirst() : nil,
        wantsBias ? rest.removeFirst() : nil
      )
    }
  }
}

extension NormalizationKind {
  /// P(t) = r (t − mean(t) − x̂ mean(t x̂)).
  func project(_ t: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor) -> Tensor {
    bind(
      Primitives.NormalizationGradient(
        self, hasWeight: false, wantsX: true, wantsWeight: false, wantsBias: false),
      [t.broadcast(to: x.shape), x, mean, scale])[0]
  }
}

/// A batch goes into the second dimension, which statistics are never taken over.
private enum NormalizationBatch {
  static func fold(_ inputs: [Tensor], _ isBatched: [Bool], _ size: Int) -> [Tensor] {
    zip(inputs, isBatched).map { input, batched in
      let full = batched ? input : input.broadcast(to: [size] + input.shape)
      let shape = full.shape
      return full.transpose(0, 1).reshape([shape[1], size * shape[2], shape[3], shape[4]])
    }
  }
  static func unfold(_ output: Tensor, _ size: Int) -> Tensor {
    let shape = output.shape
    let groups = size == 0 ? 0 : shape[1] / size
    return output.reshape([shape[0], size, groups, shape[2], shape[3]]).transpose(0, 1)
  }
}

extension Value {
  /// The elements of contiguous values.
  fileprivate static func withPointers<R>(
    _ a: Value, _ b: Value?, _ c: Value?,
    _ body: (UnsafeRawPointer, UnsafeRawPointer?, UnsafeRawPointer?) -> R
  ) -> R {
    a.withElements { pa, _ in
      func withThird(_ pb: UnsafeRawPointer?) -> R {
        c?.withElements { pc, _ in body(pa, pb, pc) } ?? body(pa, pb, nil)
      }
      return b?.withElements { pb, _ in withThird(pb) } ?? withThird(nil)
    }
  }
}

extension Tensor {
  /// `Normalization` of this tensor as [N, G, K, S], in its own shape; half types compute in float32.
  /// The second result is for running statistics: mean and biased variance.
  func normalized(
    _ kind: NormalizationKind, as shape: Shape, weight: Tensor?, bias: Tensor?, eps: Double
  ) -> (y: Tensor, mean: Tensor, variance: Tensor) {
    let x = widened
    let channels = [1, shape[1], shape[2], 1]
    let affine = [weight, bias].compactMap { $0?.to(x.dtype).reshape(channels) }
    let outputs = bind(
      Primitives.Normalization(
        kind, eps: eps, hasWeight: weight != nil, hasBias: bias != nil),
      [x.reshape(shape)] + affine)
    return (outputs[0].reshape(self.shape).to(dtype), outputs[1], outputs[3])
  }

  /// Whether normalisation takes the dtypes: floating, and one for all (or float32 beside half types).
  func isNormalizable(_ name: String, _ parameters: [Tensor?]) -> Bool {
    guard dtype.isFloatingPoint else {
      return misuse(
        "\(name): not implemented for \(dtype); convert with .to(.float32)", else: false)
    }
    for case let parameter? in parameters
    where parameter.dtype != dtype && !(dtype.size == 2 && parameter.dtype == .float32) {
      return misuse(
        "\(name): expected scalar type \(dtype) but found \(parameter.dtype) for a parameter; "
          + "convert it with .to(.\(dtype))", else: false)
    }
    return true
  }
}

extension Operation {
  static let normalizations = Operation(
    "normalization", .normalization,
    primitives: [Primitives.Normalization.self, Primitives.NormalizationGradient.self],
    samples: [.rows, .rootMeanSquare, .channels].flatMap { (kind: NormalizationKind) in
      let k = kind == .channels ? 1 : 2
      return [
        Sample(
          .uniform(-2...2, [2, 2, k, 2]), .uniform(0.5...2, [1, 2, k, 1]),
          .uniform(-2...2, [1, 2, k, 1]),
          results: {
            let all = bind(
              Primitives.Normalization(kind, eps: 0.1, hasWeight: true, hasBias: true), $0)
            return kind == .rootMeanSquare ? [all[0], all[2]] : Array(all.prefix(3))
          }),
        Sample(
          .uniform(-2...2, [2, 2, k, 2]), .uniform(-2...2, [2, 2, k, 2]),
          .uniform(0.5...2, [1, 2, k, 1]),
          results: {
            let all = bind(
              Primitives.Normalization(kind, eps: 0.1, hasWeight: false, hasBias: false), [$0[1]])
            return bind(
              Primitives.NormalizationGradient(
                kind, hasWeight: true, wantsX: true, wantsWeight: true, wantsBias: true),
              [$0[0], $0[1], all[1], all[2], $0[2]])
          }),
      ]
    })
}
