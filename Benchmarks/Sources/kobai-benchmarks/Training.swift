import Kobai

/// A training step, the same batch at each: forward, loss, backward, the optimizer's step.
///
/// Parameters of rank 2 and more are drawn, uniform in ±1/√(elements behind the first dimension); other
/// weights are 1, biases 0.
func training(
  _ name: String, flops: Double,
  _ make:
    @escaping @Sendable (inout Draws) -> (
      net: ModuleBase, optimizer: ([Tensor]) -> Optimizer, x: Tensor, y: Tensor,
      loss: (Tensor, Tensor) -> Tensor
    )
) -> Workload {
  Workload(name: name, work: Work(flops: flops)) { way in
    var draws = Draws()
    let (net, makeOptimizer, x, y, loss) = make(&draws)
    for (name, parameter) in net.namedParameters {
      let shape = parameter.shape
      if shape.count > 1 {
        let fanIn = shape.dropFirst().reduce(1, *)
        parameter.data = draws.uniform(shape, bound: 1 / Float(fanIn).squareRoot())
      } else {
        let isWeight = name.split(separator: ".").last?.hasPrefix("weight") == true
        parameter.data = isWeight ? .ones(shape) : .zeros(shape)
      }
    }
    let optimizer = makeOptimizer(net.parameters)
    func step(_ x: Tensor, _ y: Tensor) -> Tensor {
      let value = loss(x, y)
      value.backward()
      optimizer.step()
      optimizer.zeroGrad()
      return value.detach()
    }
    let compiled = way == .jit ? jit(step) : nil
    func run() -> Tensor { compiled?(x, y) ?? step(x, y) }
    let states = net.parameters + net.buffers
    var kept: [Tensor] = []
    return Subject(
      call: { _ = run() },
      check: { (0..<3).map { _ in run().item(as: Double.self) } },
      keep: { kept = states.map { $0.data.clone() } },
      reset: { for (state, value) in zip(states, kept) { state.data = value.clone() } })
  }
}
