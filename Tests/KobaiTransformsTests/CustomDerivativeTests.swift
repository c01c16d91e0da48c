import Kobai
import KobaiTestSupport
import Testing

@Suite struct CustomDerivativeTests {
  /// log(1 + eˣ) whose plain derivative is NaN for large x.
  private var log1pExp: (Tensor) -> Tensor {
    customVJP(
      { (x: Tensor) in (1 + x.exp()).log() },
      forward: { (x: Tensor) in ((1 + x.exp()).log(), x) },
      backward: { (x: Tensor, dy: Tensor) in dy * x.sigmoid() })
  }

  @Test func reverse() {
    let x = Tensor(100.0, dtype: .float64)
    #expect(grad(log1pExp)(x).item() == 1)
    let leaf = Tensor(0.0, dtype: .float64, requiresGrad: true)
    log1pExp(leaf).backward()
    #expect(leaf.grad?.item() == 0.5)
    #expect(abs(grad(grad(log1pExp))(Tensor(0.0, dtype: .float64)).item() - 0.25) < 1e-15)
  }

  @Test func batches() {
    let x = Tensor([-1.0, 0.0, 100.0], dtype: .float64)
    let got = vmap(grad(log1pExp))(x)
    #expect(difference(got, x.sigmoid(), Tolerance(relative: 1e-14, absolute: 1e-14)) == nil)
    let outer = grad { (x: Tensor) in vmap(self.log1pExp)(x).sum() }(x)
    #expect(difference(outer, x.sigmoid(), Tolerance(relative: 1e-14, absolute: 1e-14)) == nil)
    // One argument shared by all examples: its cotangents are summed.
    let product = customVJP(
      { (p: [Tensor]) in p[0] * p[1] }, forward: { (p: [Tensor]) in (p[0] * p[1], p) },
      backward: { (p: [Tensor], d: Tensor) in [d * p[1], d * p[0] * 100] })
    let g = grad { (w: Tensor) in
      vmap({ (x: Tensor, w: Tensor) in product([x, w]) }, inAxes: [0, nil])(x, w).sum()
    }(Tensor(2.0, dtype: .float64))
    #expect(g.item() == 9900)
  }

  @Test func forwardModeIsRefusedWithAdvice() {
    let message = misuseMessage { jvp(self.log1pExp, Tensor(1.0), Tensor(1.0)).tangent }
    #expect(message?.contains("use customJVP") == true)
  }

  @Test func customJVPServesBothModes() {
    let sine = customJVP(
      { (x: Tensor) in x.sin() }, jvp: { (x: Tensor, dx: Tensor) in (x.sin(), 7 * x.cos() * dx) })
    let x = Tensor([0.0, 1.0], dtype: .float64)
    let expected = 7 * x.cos()
    let near = Tolerance(relative: 1e-14, absolute: 1e-14)
    #expect(difference(jvp(sine, x, Tensor.ones(like: x)).tangent, expected, near) == nil)
    #expect(difference(grad { (x: Tensor) in sine(x).sum() }(x), expected, near) == nil)
    #expect(difference(vmap(grad(sine))(x), expected, near) == nil)
    let second = grad { (x: Tensor) in grad { (x: Tensor) in sine(x).sum() }(x).sum() }(x)
    // The rule's own tangent is differentiated as it is written: 7 cos.
    #expect(difference(second, -7 * x.sin(), near) == nil)
  }

  @Test func wrongCotangentsAreRefused() {
    let bad = customVJP(
      { (x: Tensor) in x * 2 }, forward: { (x: Tensor) in (x * 2, x) },
      backward: { (x: Tensor, dy: Tensor) in Tensor([1.0, 2.0, 3.0]) })
    let message = misuseMessage { grad { (x: Tensor) in bad(x).sum() }(Tensor([1.0, 2.0])) }
    #expect(message?.contains("cotangent of shape [3] for an input of shape [2]") == true)
  }

  /// Like any function: what follows a misuse is poisoned, and the first misuse counts.
  @Test func afterAMisuse() {
    let message = misuseMessage { self.log1pExp(Tensor.ones([2]).reshape([5])) }
    #expect(message?.hasPrefix("reshape:") == true)
    let square = customJVP(
      { (x: Tensor) in x * x }, jvp: { (x: Tensor, t: Tensor) in (x * x, 2 * x * t) })
    let other = misuseMessage { square(Tensor.ones([2]).reshape([5])) }
    #expect(other?.hasPrefix("reshape:") == true)
  }
}
