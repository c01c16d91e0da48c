import Kobai
import KobaiTestSupport
import Testing

@Suite struct GradientTests {
  struct Line: Tree {
    var weight: Tensor
    var bias: Tensor
  }

  private func wide(_ x: Double) -> Tensor { Tensor(x, dtype: .float64) }

  @Test func derivativesOfACube() {
    let cube = { (x: Tensor) in x ** 3 }
    #expect(grad(cube)(wide(2)).item() == 12)
    #expect(grad(grad(cube))(wide(2)).item() == 12)
    #expect(grad(grad(grad(cube)))(wide(2)).item() == 6)
    #expect(grad { $0 * $0 }(3.0).item() == 6)
  }

  @Test func structuresInStructuresOut() {
    let x = Tensor([1.0, 2.0, 3.0])
    let y = Tensor([2.0, 4.0, 6.0])
    let loss = { (line: Line, x: Tensor, y: Tensor) in
      ((line.weight * x + line.bias - y) ** 2).mean()
    }
    let (value, gradient) = valueAndGrad(loss)(
      Line(weight: Tensor(1.0), bias: Tensor(0.0)), x, y)
    #expect(abs(value.item() - 14.0 / 3) < 1e-5)
    #expect(abs(gradient.weight.item() + 28.0 / 3) < 1e-5)
    #expect(gradient.bias.item() == -4)
    #expect(!gradient.bias.requiresGrad)
  }

  @Test func chosenArguments() {
    let f = { (x: Tensor, y: Tensor, z: Tensor) in x * x * y + z }
    #expect(grad(f, argnums: 0)(3.0, 5.0, 1.0).item() == 30)
    #expect(grad(f, argnums: 1)(3.0, 5.0, 1.0).item() == 9)
    #expect(grad(f, argnums: -1)(3.0, 5.0, 1.0).item() == 1)
    #expect(grad(f, argnums: [0, 2])(3.0, 5.0, 1.0).map { $0.item() } == [30, 1])
    #expect(grad(f, argnums: .second)(3.0, 5.0, 1.0).item() == 9)
    #expect(grad(f, argnums: .third)(3.0, 5.0, 1.0).item() == 1)
    let all = grad(f, argnums: .all)(3.0, 5.0, 1.0)
    #expect(all.0.item() == 30 && all.1.item() == 9 && all.2.item() == 1)
    let twice = misuseMessage { grad(f, argnums: [0, -3])(1.0, 1.0, 1.0) }
    #expect(twice?.contains("argnums [0, -3] name an argument twice") == true)
    let message = misuseMessage { grad(f, argnums: 3)(1.0, 1.0, 1.0) }
    #expect(message?.contains("no argument 3 among 3") == true)
  }

  @Test func somethingBesideTheValue() {
    let f = { (x: Tensor) in ((x * x).sum(), [x * 2]) }
    let ((value, aux), gradient) = valueAndGrad(f, hasAux: true)(Tensor([1.0, 2.0]))
    #expect(value.item() == 5)
    #expect(aux[0].array(as: Double.self) == [2, 4])
    #expect(!aux[0].requiresGrad)
    #expect(gradient.array(as: Double.self) == [2, 4])
    #expect(grad(f, hasAux: true)(Tensor([1.0])).1.count == 1)
  }

  @Test func whatCannotBeDifferentiated() {
    func message(_ body: () -> Void) -> String { misuseMessage(body) ?? "" }
    #expect(message { _ = grad { $0 * 2 }(Tensor([1.0, 2.0])) }.contains("must return a scalar"))
    #expect(message { _ = grad { ($0 * 2).sum() }(Tensor([1, 2])) }.contains("int64"))
    #expect(message { _ = grad { $0 > 0 }(2.0) }.contains("its dtype is bool"))
    #expect(
      message { _ = grad { $0 }(Tensor(1.0, dtype: .complex64)) }.contains("its dtype is complex64")
    )
  }

  @Test func anIndependentArgumentHasZeroGradient() {
    let gradient = grad { (x: [Tensor]) in x[0].sum() }([Tensor([1.0, 2.0]), Tensor([3.0])])
    #expect(gradient[1].array(as: Double.self) == [0])
    #expect(grad { _ in Tensor(1.0) }(3.0).item() == 0)
  }

  /// Tensors from outside keep their own derivatives: a gradient penalty.
  @Test func gradientsOfGradientsThroughCapturedLeaves() {
    let w = Tensor([2.0, 3.0], dtype: .float64, requiresGrad: true)
    let x = Tensor([1.0, 4.0], dtype: .float64)
    let slope = grad { (x: Tensor) in (w * x * x).sum() }(x)  // 2 w x
    #expect(slope.requiresGrad)
    (slope * slope).sum().backward()  // Σ 4 w² x²
    #expect(w.grad?.array(as: Double.self) == [16, 384])
    let plain = grad { (x: Tensor) in (x * x).sum() }(x)
    #expect(!plain.requiresGrad)
  }

  @Test func trackedArguments() {
    let x = Tensor(2.0, dtype: .float64, requiresGrad: true)
    let y = grad { (x: Tensor) in x ** 3 }(x * 3)  // 3 (3x)²
    y.backward()
    #expect(x.grad?.item() == 108)  // 54 x
  }

  @Test func perturbationsAreNotConfused() {
    // d/dx (x · d/dy (x + y)) = 1
    let f = grad { (x: Tensor) in x * grad { (y: Tensor) in x + y }(1.0) }
    #expect(f(3.0).item() == 1)
    let g = jvp({ (x: Tensor) in x * jvp({ (y: Tensor) in x + y }, 1.0, 1.0).tangent }, 3.0, 1.0)
    #expect(g.tangent.item() == 1)
  }

  @Test func backwardInside() {
    // w.grad = x: the result is x², its derivative 2x, as of a derivative inside.
    let f = grad { (x: Tensor) -> Tensor in
      let w = Tensor(5.0, requiresGrad: true)
      (w * x).backward()
      return w.grad! * x
    }
    #expect(f(3.0).item() == 6)
  }

  @Test func noGradInsideAndOutside() {
    let f = { (x: Tensor) -> Tensor in
      let c = noGrad { x * x }
      return x * c
    }
    #expect(grad(f)(3.0).item() == 9)
    #expect(noGrad { grad { $0 * $0 }(3.0) }.item() == 6)
    let w = Tensor(2.0, requiresGrad: true)
    #expect(!noGrad { grad { (x: Tensor) in w * x * x }(3.0) }.requiresGrad)
  }

  @Test func hooksInside() {
    let f = grad { (x: Tensor) -> Tensor in
      let y = x * x
      y.registerHook { $0 * 10 }
      return y * 2
    }
    #expect(f(3.0).item() == 120)
  }

  @Test func vjpIsReusable() {
    let (y, pullback) = vjp({ (x: Tensor) in x * x }, Tensor([1.0, 2.0, 3.0]))
    #expect(y.array(as: Double.self) == [1, 4, 9])
    #expect(pullback(Tensor([1.0, 0.0, 0.0])).array(as: Double.self) == [2, 0, 0])
    #expect(pullback(Tensor([1.0, 1.0, 1.0])).array(as: Double.self) == [2, 4, 6])
    let rows = vmap(pullback)(Tensor.eye(3))
    #expect(rows.array(as: Double.self) == [2, 0, 0, 0, 4, 0, 0, 0, 6])
    // The pullback is itself differentiated: it is linear.
    let g = grad { (u: Tensor) in (pullback(u) * pullback(u)).sum() }(Tensor([1.0, 1.0, 1.0]))
    #expect(g.array(as: Double.self) == [8, 32, 72])
    #expect(misuseMessage { pullback(Tensor([1.0])) }?.contains("must have its shape, [3]") == true)
  }

  @Test func vjpOfSeveralArguments() {
    let (y, pullback) = vjp(
      { (x: Tensor, l: Line) in [x * l.weight, l.bias] }, 3.0, Line(weight: 5.0, bias: 1.0))
    #expect(y.map { $0.item() } == [15, 1])
    let (dx, dl) = pullback([2.0, 7.0])
    #expect(dx.item() == 10 && dl.weight.item() == 6 && dl.bias.item() == 7)
  }

  @Test func linearizeEvaluatesOnce() {
    var calls = 0
    let (y, derivative) = linearize(
      { (x: Tensor) -> Tensor in
        calls += 1
        return x.sin() * x
      }, wide(2))
    let slope = derivative(wide(1))
    let expected = jvp({ (x: Tensor) in x.sin() * x }, wide(2), wide(1))
    #expect(y.item() == expected.output.item())
    #expect(abs(slope.item() - expected.tangent.item()) < 1e-14)
    #expect(abs(derivative(wide(-3)).item() + 3 * slope.item()) < 1e-14)
    #expect(calls == 1)
  }

  @Test func jvpOfStructures() {
    let (y, dy) = jvp(
      { (x: Tensor, l: Line) in l.weight * x + l.bias }, (3.0, Line(weight: 2.0, bias: 1.0)),
      (1.0, Line(weight: 10.0, bias: 100.0)))
    #expect(y.item() == 7 && dy.item() == 132)
  }

  @Test func stoppedGradients() {
    #expect(grad { (x: Tensor) in x * stopGradient(x) }(3.0).item() == 3)
    #expect(grad(grad { (x: Tensor) in x * x * stopGradient(x) })(3.0).item() == 6)
    #expect(jvp({ (x: Tensor) in x * stopGradient(x) }, 3.0, 1.0).tangent.item() == 3)
  }

  @Test func elementsAreKnownInsideOfGradientsOnly() {
    let f = { (x: Tensor) in x.item() > 0 ? x * 2 : x * 3 }
    #expect(grad(f)(1.0).item() == 2)
    #expect(grad(grad { x in x * f(x) })(1.0).item() == 4)
    #expect(jvp(f, -1.0, 1.0).tangent.item() == 3)
    #expect(misuseMessage { vmap(f)(Tensor([1.0])) }?.contains("are not known") == true)
  }

  @Test func escapedTensorsSayWhereTheyWereMade() {
    var escaped = Tensor(0.0)
    _ = grad { (x: Tensor) -> Tensor in
      escaped = x * 2
      return escaped
    }(1.0)
    let message = misuseMessage { escaped.backward() }
    #expect(message?.contains("made inside grad (GradientTests.swift:") == true, "\(message ?? "")")
  }

  @Test func argumentsWithoutTensorsAreRefused() {
    let product = { (x: [Double]) in x[0] * x[1] }
    for message in [
      misuseMessage { _ = jvp(product, [2.0, 3.0], [1.0, 0.0]) },
      misuseMessage { _ = vjp(product, [2.0, 3.0]) },
      misuseMessage { _ = linearize(product, [2.0, 3.0]) },
      misuseMessage { _ = grad { (x: [Double]) in Tensor(x[0] * x[1]) }([2.0, 3.0]) },
    ] {
      #expect(message?.contains("the arguments hold no tensor") == true, "\(message ?? "")")
    }
  }
}
