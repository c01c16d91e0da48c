import Kobai

/// A step of gradient descent on x² + e^(−x) from 3: all of it is overhead.
let scalarStep = Workload(name: "scalar", work: Work()) { way in
  let x = Tensor(3.0, dtype: .float32, requiresGrad: true)
  func step() {
    let y = x ** 2 + (-x).exp()
    y.backward()
    x.data = x.data - 0.01 * x.grad
    x.zeroGrad()
  }
  let compiled = way == .jit ? jit(step) : nil
  return Subject(
    call: compiled.map { compiled in { compiled() } } ?? step,
    check: {
      (0..<3).map { _ in
        compiled?() ?? step()
        return x.item()
      }
    })
}
