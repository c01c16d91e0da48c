import Kobai

/// An operation alone: its result from inputs that are not tracked, or with `gradient` the gradient of
/// that input for a drawn cotangent, along a graph recorded once.
func kernel(
  _ name: String, _ work: Work, gradient: Int? = nil,
  inputs: @escaping @Sendable (inout Draws) -> [Tensor],
  _ function: @escaping @Sendable ([Tensor]) -> Tensor
) -> Workload {
  Workload(name: name, work: work) { way in
    var draws = Draws()
    let drawn = inputs(&draws)
    guard let gradient else {
      let run = way == .jit ? { [compiled = jit(function)] in compiled($0) } : function
      return Subject(
        call: { _ = run(drawn) }, check: { projections(of: run(drawn)) },
        error: { error(of: function(drawn), against: function(drawn.map(\.widest))) })
    }
    // A backward pass has no compiled form of its own: jit compiles it with its forward pass.
    guard way != .jit else { return nil }
    func pullback(_ inputs: [Tensor]) -> () -> Tensor {
      var (inputs, draws) = (inputs, draws)
      let x = inputs[gradient].asState(requiresGrad: true)
      inputs[gradient] = x
      let y = function(inputs)
      let dy = draws.uniform(y.shape).to(y.dtype)
      return { Tensor.gradients(of: y, wrt: x, gradient: dy, retainGraph: true) }
    }
    let run = pullback(drawn)
    return Subject(
      call: { _ = run() }, check: { projections(of: run()) },
      error: { error(of: run(), against: pullback(drawn.map(\.widest))()) })
  }
}

extension Tensor {
  /// In float64, if it has a floating point.
  var widest: Tensor { dtype.isFloatingPoint ? to(.float64) : self }
}

/// The root mean square of `tensor` − `exact`, divided by that of `exact`.
private func error(of tensor: Tensor, against exact: Tensor) -> Double {
  let (a, b) = (tensor.array(as: Double.self), exact.array(as: Double.self))
  let difference = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  return (difference / max(b.reduce(0) { $0 + $1 * $1 }, .leastNormalMagnitude)).squareRoot()
}
