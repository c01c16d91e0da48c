import Kobai
import Testing

@Suite struct LazyTests {
  @Test func layersAreMadeForTheirFirstInput() throws {
    let net = Sequential(
      LazyConv2d(8, kernelSize: 3), LazyBatchNorm2d(), ReLU(), Flatten(), LazyLinear(10))
    #expect(net.parameters.isEmpty)
    net.eval()
    #expect(net(Tensor.randn([2, 3, 6, 6], dtype: .float64)).shape == [2, 10])
    #expect(
      net.stateDict().keys == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
        "1.num_batches_tracked", "4.weight", "4.bias",
      ])
    #expect(net.stateDict()["0.weight"]?.shape == [8, 3, 3, 3])
    #expect(net.stateDict()["4.weight"]?.shape == [10, 128])
    #expect(net.parameters.allSatisfy { $0.dtype == .float64 })
    // The mode reaches layers that are made later.
    #expect(net.stateDict()["1.num_batches_tracked"]?.item() == 0)
    net.train()
    _ = net(Tensor.randn([2, 3, 6, 6], dtype: .float64))
    #expect(net.stateDict()["1.num_batches_tracked"]?.item() == 1)
  }

  @Test func aWrongRankIsRefused() {
    let error = #expect(throws: Misuse.self) {
      try recovering { LazyConv1d(4, kernelSize: 3)(Tensor.zeros([2, 2])[0]) }
    }
    #expect(error?.message.contains("expected 2D (unbatched) or 3D (batched) input") == true)
  }

  /// Unlike `InstanceNorm2d`, as in PyTorch.
  @Test func lazyInstanceNormHasParametersAndStatistics() {
    let layer = LazyInstanceNorm2d()
    _ = layer(Tensor.zeros([2, 3, 4, 4]))
    #expect(
      layer.stateDict().keys == [
        "weight", "bias", "running_mean", "running_var", "num_batches_tracked",
      ])
    #expect(InstanceNorm2d(3).stateDict().keys.isEmpty)
  }
}
