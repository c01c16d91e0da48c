import Kobai
import Testing

@Suite struct SequentialTests {
  private func layer(_ value: Double) -> Linear {
    let layer = Linear(1, 1, bias: false)
    layer.weight = Tensor([[value]])
    return layer
  }

  @Test(arguments: [false, true], [0, 3]) func builderTakesEveryBranch(flag: Bool, count: Int) {
    let none: Linear? = nil
    let net = Sequential {
      layer(2)
      if flag { layer(3) }
      if flag { layer(5) } else { layer(7) }
      for _ in 0..<count { layer(1.5) }
      [layer(13), layer(17)]
      none
      switch count {
      case 0: layer(19)
      default: layer(23)
      }
    }
    var expected = flag ? 2.0 * 3 * 5 : 2.0 * 7
    for _ in 0..<count { expected *= 1.5 }
    expected *= 13 * 17 * (count == 0 ? 19 : 23)
    #expect(net(Tensor([[1.0]])).item() == expected)
    #expect(net.count == (flag ? 3 : 2) + count + 3)
  }

  @Test func emptyIsTheIdentity() {
    #expect(Sequential()(Tensor([2.0])).item() == 2)
    #expect(Sequential {}(Tensor([2.0])).item() == 2)
  }

  @Test func namesAndPositions() {
    let named = Sequential([("hidden", layer(2)), ("out", layer(3))])
    #expect(named.stateDict().keys == ["hidden.weight", "out.weight"])
    let net = Sequential(layer(2), layer(3), layer(5))
    #expect(net.stateDict().keys == ["0.weight", "1.weight", "2.weight"])
    #expect(net[0..<2](Tensor([[1.0]])).item() == 6)
    #expect(net[-1](Tensor([[1.0]])).item() == 5)
    // Parts keep their names, and ranges end with the modules, as PyTorch's slices do.
    #expect(net[1...].stateDict().keys == ["1.weight", "2.weight"])
    #expect(net[1..<9].count == 2)
    #expect(named[1...].stateDict().keys == ["out.weight"])
    net.append(layer(7))
    net[0] = layer(1)
    #expect(net(Tensor([[1.0]])).item() == 105)
  }

  @Test func theNamesOfNestedModulesAreTheirPaths() {
    let net = Sequential(Sequential(layer(1)), layer(2))
    #expect(net.namedModules.map(\.name) == ["", "0", "0.0", "1"])
    let error = #expect(throws: Misuse.self) { try recovering { net(Tensor.ones([1, 2])) } }
    #expect(error?.message.hasSuffix("(in Sequential.0.0)") == true)
  }
}
