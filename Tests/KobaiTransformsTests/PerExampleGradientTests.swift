import Kobai
import KobaiTestSupport
import Testing

/// The programs of PyTorch's tutorials on per-sample gradients and model ensembling,
/// <https://docs.pytorch.org/tutorials/intermediate/per_sample_grads.html>: a convolutional network by `vmap`
/// over `grad` against one backward pass per example.
@Suite(.ownGenerator) struct PerExampleGradientTests {
  private final class Net: Module {
    let conv1 = Conv2d(1, 4, kernelSize: 3, stride: 2)
    let conv2 = Conv2d(4, 6, kernelSize: 3)
    let fc1 = Linear(6, 8)
    let fc2 = Linear(8, 5)

    func forward(_ x: Tensor) -> Tensor {
      let x = conv2(conv1(x).relu()).relu().maxPool2d(kernelSize: 2)
      return fc2(fc1(x.flatten(startDim: 1)).relu()).logSoftmax(dim: 1)
    }
  }

  private func problem() -> (net: Net, parameters: [String: Tensor], x: Tensor, y: Tensor) {
    manualSeed(0)
    let net = Net()
    net.to(.float64)
    var parameters: [String: Tensor] = [:]
    for (name, tensor) in net.namedParameters { parameters[name] = tensor.detach() }
    return (
      net, parameters, Tensor.randn([7, 1, 11, 11], dtype: .float64), Tensor.randint(5, [7])
    )
  }

  @Test func againstALoop() {
    let (net, parameters, x, y) = problem()
    let loss = { (p: [String: Tensor], x: Tensor, y: Tensor) -> Tensor in
      functionalCall(net, p) { nllLoss($0(x.unsqueeze(0)), y.unsqueeze(0)) }
    }
    let all = vmap(grad(loss), inAxes: [nil, 0, 0])
    let compiled = jit { (p: [String: Tensor], x: Tensor, y: Tensor) in all(p, x, y) }
    let results = [all(parameters, x, y), compiled(parameters, x, y), compiled(parameters, x, y)]
    for i in 0..<7 {
      net.zeroGrad()
      nllLoss(net(x[i].unsqueeze(0)), y[i].unsqueeze(0)).backward()
      for (name, parameter) in net.namedParameters {
        for result in results {
          let found = difference(
            result[name]?[i] ?? .poison, parameter.grad ?? .poison,
            Tolerance(relative: 1e-11, absolute: 1e-13))
          #expect(found == nil, "\(name), example \(i)")
        }
      }
    }
  }

  /// The mean of the examples' gradients is the gradient of the mean loss.
  @Test func theirMean() {
    let (net, parameters, x, y) = problem()
    let one = { (p: [String: Tensor], x: Tensor, y: Tensor) -> Tensor in
      functionalCall(net, p) { nllLoss($0(x.unsqueeze(0)), y.unsqueeze(0)) }
    }
    let examples = vmap(grad(one), inAxes: [nil, 0, 0])(parameters, x, y)
    let whole = grad { (p: [String: Tensor]) in functionalCall(net, p) { nllLoss($0(x), y) } }(
      parameters)
    for (name, expected) in whole {
      let mean = examples[name]?.mean(dim: 0) ?? .poison
      #expect(
        difference(mean, expected, Tolerance(relative: 1e-11, absolute: 1e-13)) == nil,
        "\(name)")
    }
  }

  @Test func ensembles() {
    let nets = (0..<3).map { problem(seed: $0) }
    let x = Tensor.randn([4, 1, 11, 11], dtype: .float64)
    let together = vmap(
      { (p: [String: Tensor], x: Tensor) in functionalCall(nets[0], p) { $0(x) } },
      inAxes: [0, nil])(stackParameters(nets), x)
    for (i, net) in nets.enumerated() {
      #expect(
        difference(together[i], net(x).detach(), Tolerance(relative: 1e-12, absolute: 1e-13)) == nil
      )
    }
  }

  private func problem(seed: Int) -> Net {
    manualSeed(seed)
    let net = Net()
    net.to(.float64)
    return net
  }
}
