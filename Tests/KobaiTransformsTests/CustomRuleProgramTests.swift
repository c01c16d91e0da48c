import Kobai
import KobaiTestSupport
import Testing

/// Programs with derivative rules of one's own, as in JAX's tutorial on them,
/// <https://docs.jax.dev/en/latest/notebooks/Custom_derivative_rules_for_Python_code.html>.
@Suite struct CustomRuleProgramTests {
  private func close(_ got: Tensor, _ expected: Double, _ relative: Double = 1e-10) -> Bool {
    difference(got, Tensor(expected, dtype: .float64), Tolerance(relative: relative)) == nil
  }

  /// The fixed point of a map, whose derivative follows from the fixed point alone: with w the solution of
  /// w = dx + (∂f/∂x)ᵀ w, the gradient is (∂f/∂a)ᵀ w.
  private func fixedPoint(_ f: @escaping (Tensor, Tensor) -> Tensor) -> (Tensor, Tensor) -> Tensor {
    func iterate(_ map: @escaping (Tensor) -> Tensor, from start: Tensor) -> Tensor {
      whileLoop(
        { (pair: [Tensor]) in (pair[0] - pair[1]).abs() > 1e-13 },
        { pair in [map(pair[0]), pair[0]] }, [map(start), start])[0]
    }
    let solve = customVJP(
      { (p: [Tensor]) in iterate({ f(p[0], $0) }, from: p[1]) },
      forward: { (p: [Tensor]) in
        let x = iterate({ f(p[0], $0) }, from: p[1])
        return (x, [p[0], x])
      },
      backward: { (kept: [Tensor], dx: Tensor) in
        let (a, x) = (kept[0], kept[1])
        let (_, pullX) = vjp({ (x: Tensor) in f(a, x) }, x)
        let w = iterate({ dx + pullX($0) }, from: dx)
        let (_, pullA) = vjp({ (a: Tensor) in f(a, x) }, a)
        return [pullA(w), Tensor.zeros(like: x)]
      })
    return { a, start in solve([a, start]) }
  }

  /// √a by Newton's iteration (Heron).
  private func root(_ a: Tensor) -> Tensor {
    fixedPoint { a, x in 0.5 * (x + a / x) }(a, a)
  }

  @Test func implicitDifferentiation() {
    let two = Tensor(2.0, dtype: .float64)
    #expect(close(root(two), 2.0.squareRoot()))
    #expect(close(grad(root)(two), 0.5 / 2.0.squareRoot()))
    let compiled = jit { (a: Tensor) in grad(self.root)(a) }
    for _ in 0..<2 { #expect(close(compiled(two), 0.5 / 2.0.squareRoot())) }
    let many = Tensor([1.0, 2.0, 9.0], dtype: .float64)
    let slopes = vmap(grad(root))(many)
    for (i, a) in [1.0, 2.0, 9.0].enumerated() {
      #expect(close(slopes[i], 0.5 / a.squareRoot()))
    }
  }

  @Test func clippedGradients() {
    let clip = customVJP(
      { (x: Tensor) in x }, forward: { (x: Tensor) in (x, x.shape) },
      backward: { (_: [Int], dx: Tensor) in dx.clamp(min: -0.75, max: 0.75) })
    let x = Tensor.linspace(0, 6, steps: 13, dtype: .float64)
    let got = vmap(grad { (x: Tensor) in clip(x).sin() })(x)
    let expected = x.cos().clamp(min: -0.75, max: 0.75)
    #expect(difference(got, expected, Tolerance(absolute: 1e-15)) == nil)
  }

  @Test func stableLogOfOnePlusExp() {
    let f = customJVP(
      { (x: Tensor) -> Tensor in (1 + x.exp()).log() },
      jvp: { (x: Tensor, dx: Tensor) -> (Tensor, Tensor) in
        let e = x.exp()
        return ((1 + e).log(), (1 - 1 / (1 + e)) * dx)
      })
    #expect(close(grad(f)(Tensor(100.0, dtype: .float64)), 1))
    #expect(close(grad(f)(Tensor(0.0, dtype: .float64)), 0.5))
    #expect(close(grad(grad(f))(Tensor(0.0, dtype: .float64)), 0.25))
    let compiled = jit { (x: Tensor) -> Tensor in jvp(f, x, x).tangent }
    #expect(close(compiled(Tensor(3.0, dtype: .float64)), 3 / (1 + 0.049787068367863944)))
  }

  /// x / |x| where the origin has a gradient by convention: the rule replaces a 0/0.
  @Test func aValueWithinTheRule() {
    let length = customJVP(
      { (x: Tensor) in (x * x).sum().sqrt() },
      jvp: { x, dx in
        let y = (x * x).sum().sqrt()
        return (y, Tensor.where(y > 0, (x * dx).sum() / y.clamp(min: 1e-300), (0 * dx).sum()))
      })
    let zero = Tensor.zeros([3], dtype: .float64)
    #expect(grad(length)(zero).array(as: Double.self) == [0, 0, 0])
    let x = Tensor([3.0, 0.0, 4.0], dtype: .float64)
    #expect(
      difference(
        grad(length)(x), Tensor([0.6, 0, 0.8], dtype: .float64), Tolerance(relative: 1e-14)) == nil)
  }
}
