import Kobai
import KobaiTestSupport
import Testing

/// Derivatives of functions of complex numbers. Reverse mode follows PyTorch: the gradient of a real loss is
/// ∂L/∂Re z + i ∂L/∂Im z, the conjugate of JAX's. There is no `holomorphic:` flag: the complex derivative of
/// a holomorphic function is its tangent along 1.
@Suite struct ComplexDerivativeTests {
  private func complex(_ re: Double, _ im: Double) -> Tensor {
    Tensor.complex(Tensor(re, dtype: .float64), Tensor(im, dtype: .float64))
  }

  private func close(_ got: Tensor, _ expected: Tensor) -> Bool {
    difference(got, expected, Tolerance(relative: 1e-13, absolute: 1e-14)) == nil
  }

  private var z: Tensor { complex(3, 4) }
  /// cos(3 + 4i), by JAX.
  private var cosine: Tensor { complex(-27.034945603074224, -3.851153334811777) }

  @Test func holomorphicDerivatives() {
    #expect(close(jvp({ (z: Tensor) in z.sin() }, z, complex(1, 0)).tangent, cosine))
    #expect(
      close(jvp({ (z: Tensor) in z.sin() }, z, complex(0, 1)).tangent, complex(0, 1) * cosine))
    // The pullback of w is the conjugate of the derivative times w.
    let (_, pullback) = vjp({ (z: Tensor) in z.sin() }, z)
    #expect(close(pullback(complex(1, 0)), cosine.conj()))
  }

  @Test func gradientsOfRealLosses() {
    // |z|² = x² + y²: 2x + 2y i.
    let square = grad { (z: Tensor) in (z * z.conj()).real }
    #expect(close(square(z), complex(6, 8)))
    #expect(close(grad { (z: Tensor) in z.abs() }(z), complex(0.6, 0.8)))
    // Re(z²) = x² − y²: 2x − 2y i.
    #expect(close(grad { (z: Tensor) in (z * z).real }(z), complex(6, -8)))
    let leaf = z.asState(requiresGrad: true)
    (leaf * leaf.conj()).real.backward()
    #expect(leaf.grad.map { close($0, complex(6, 8)) } == true)
  }

  @Test func fromRealThroughComplexToReal() {
    // |e^{ix} + x|² = 1 + 2x cos x + x².
    let f = { (x: Tensor) -> Tensor in
      let y = (complex(0, 1) * x).exp() + x
      return (y * y.conj()).real
    }
    let x = Tensor(0.7, dtype: .float64)
    let (c, s) = (x.cos(), x.sin())
    let first = 2 * c - 2 * x * s + 2 * x
    #expect(close(grad(f)(x), first))
    #expect(close(jvp(f, x, Tensor(1.0, dtype: .float64)).tangent, first))
    #expect(close(grad(grad(f))(x), -4 * s - 2 * x * c + 2))
    let many = Tensor([0.1, 0.7, -1.3], dtype: .float64)
    #expect(close(vmap(grad(f))(many)[1], first))
  }

  @Test func aComplexLossIsRefused() {
    let message = misuseMessage { grad { (z: Tensor) in z.sin() }(self.z) }
    #expect(message?.contains("real") == true || message?.contains("complex") == true)
  }
}
