import Kobai
import KobaiTestSupport
import Testing

@Suite struct BackwardTests {
  @Test func gradientOfAPolynomial() {
    let x = Tensor(2.0, requiresGrad: true)
    let y = x ** 2 + 4 * x + 3
    y.backward()
    #expect(x.grad?.item() == 8)
  }

  @Test func gradientsAddUp() {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    for times in 1...3 {
      (x * x).sum().backward()
      #expect(x.grad?.array(as: Double.self) == [2.0 * Double(times), 4.0 * Double(times)])
    }
    x.zeroGrad()
    #expect(x.grad == nil)
    (x * x).sum().backward()
    #expect(x.grad?.array(as: Double.self) == [2, 4])
  }

  @Test func aTensorUsedTwiceGetsBothContributions() {
    let x = Tensor(3.0, requiresGrad: true)
    let y = x * x
    (y * y + y).backward()
    #expect(x.grad?.item() == 114)
  }

  @Test func aDiamondIsWalkedOnce() {
    // 2ⁿ paths: only a walk in topological order ends.
    let x = Tensor(1.0, dtype: .float64, requiresGrad: true)
    var y = x
    for _ in 0..<200 { y = y + y }
    y.backward()
    #expect(x.grad?.item() == 0x1p200)
  }

  @Test func aGraphServesOnce() {
    let x = Tensor(3.0, requiresGrad: true)
    let y = x * x
    y.backward()
    let message = misuseMessage { y.backward() }
    #expect(message?.contains("backward through the graph a second time") == true)
    #expect(message?.contains("retainGraph: true") == true)
  }

  @Test func aRetainedGraphServesAgain() {
    let x = Tensor(3.0, requiresGrad: true)
    let y = x * x
    y.backward(retainGraph: true)
    y.backward(retainGraph: true)
    #expect(x.grad?.item() == 12)
    y.backward()
    #expect(misuseMessage { y.backward() } != nil)
  }

  @Test func aGraphWithoutKeptValuesServesAgain() {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let y = (x + 1).sum()
    y.backward()
    y.backward()
    #expect(x.grad?.array(as: Double.self) == [2, 2])
  }

  @Test func derivativesOfAnyOrder() {
    let x = Tensor(0.5, dtype: .float64, requiresGrad: true)
    var y = x ** 5
    var factor = 1.0
    for order in 1...6 {
      y = Tensor.gradients(of: y, wrt: x, createGraph: true)
      factor *= Double(6 - order)
      var power = factor
      for _ in 0..<max(0, 5 - order) { power *= 0.5 }
      #expect(abs(y.item() - power) < 1e-12, "order \(order)")
      if !y.requiresGrad { break }
    }
  }

  @Test func theExponentialIsItsOwnDerivative() {
    let x = Tensor([0.3, -1.2], dtype: .float64, requiresGrad: true)
    let value = x.exp().detach()
    var y = x.exp()
    for _ in 1...5 { y = Tensor.gradients(of: y.sum(), wrt: x, createGraph: true) }
    #expect(difference(y.detach(), value, .roundings(.float64)) == nil)
  }

  @Test func aRecordedGradientCanBePartOfALoss() {
    // The gradient penalty: L = |∇f|², f = Σ x³, so ∇L = 36 x³.
    let x = Tensor([1.0, -2.0, 0.5], dtype: .float64, requiresGrad: true)
    let slope = Tensor.gradients(of: (x * x * x).sum(), wrt: x, createGraph: true)
    (slope * slope).sum().backward()
    let plain = x.detach()
    #expect(
      difference(x.grad ?? .poison, 36 * plain * plain * plain, .roundings(.float64, 64)) == nil)
  }

  @Test func backwardWithoutCreateGraphLeavesNoHistory() {
    let x = Tensor(3.0, requiresGrad: true)
    (x * x).backward()
    #expect(x.grad?.requiresGrad == false)
    let y = Tensor(3.0, requiresGrad: true)
    (y * y).backward(createGraph: true)
    #expect(y.grad?.requiresGrad == true)
    y.grad = nil
  }

  @Test func gradientsTouchNoLeaf() {
    let x = Tensor(3.0, requiresGrad: true)
    let z = Tensor(5.0, requiresGrad: true)
    let gradients = Tensor.gradients(of: [x * x], wrt: [x, z])
    #expect(gradients[0]?.item() == 6)
    #expect(gradients[1] == nil)
    #expect(x.grad == nil)
  }

  @Test func gradientsWithRespectToAnIntermediateResult() {
    let x = Tensor(3.0, requiresGrad: true)
    let y = x * x
    let z = y * y + y
    let gradients = Tensor.gradients(of: [z], wrt: [y, x])
    #expect(gradients.map { $0?.item() } == [19, 114])
  }

  @Test func severalOutputsWithCotangents() {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let gradients = Tensor.gradients(
      of: [x * x, x * 3], wrt: [x], gradients: [Tensor([1.0, 10.0]), Tensor([100.0, 1000.0])])
    #expect(gradients[0]?.array(as: Double.self) == [302, 3040])
  }

  @Test func vectorsNeedACotangent() {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let message = misuseMessage { (x * x).backward() }
    #expect(message?.contains("grad can be implicitly created only for scalar outputs") == true)
    (x * x).backward(gradient: Tensor([1.0, 0.5]))
    #expect(x.grad?.array(as: Double.self) == [2, 2])
    let wrong = misuseMessage { (x * x).backward(gradient: Tensor([1.0])) }
    #expect(wrong?.contains("mismatch in shape") == true)
  }

  @Test func withoutAGraphThereIsNoBackward() {
    let message = misuseMessage { Tensor(3.0).backward() }
    #expect(message?.contains("does not require grad and does not have a grad_fn") == true)
  }

  @Test func onlyFloatingPointLeaves() {
    for make in [{ Tensor(3, requiresGrad: true) }, { Tensor([true], requiresGrad: true) }] {
      let message = misuseMessage(make)
      #expect(
        message?.contains(
          "Only Tensors of floating point and complex dtype can require gradients") == true)
    }
  }

  @Test func detachedValuesAreConstants() {
    let x = Tensor(3.0, requiresGrad: true)
    let y = x * x
    (y.detach() * x).backward()
    #expect(x.grad?.item() == 9)
    #expect(!y.detach().requiresGrad)
  }

  @Test func detachStopsTangentsToo() {
    let f: ([Tensor]) -> [Tensor] = { [$0[0].detach() * $0[0]] }
    #expect(jvp(f, [Tensor(3.0)], [Tensor(1.0)]).tangents[0].item() == 3)
    let x = Tensor([3.0, 4.0], requiresGrad: true)
    vmap(f)([x])[0].sum().backward()
    #expect(x.grad?.array(as: Double.self) == [3, 4])
    let slope = vmap { inputs in
      let leaf = inputs[0].asState(requiresGrad: true)
      return [Tensor.gradients(of: f([leaf])[0], wrt: leaf)]
    }([Tensor([3.0, 4.0])])[0]
    #expect(slope.array(as: Double.self) == [3, 4])
  }

  @Test func nothingIsRecordedInsideNoGrad() {
    let x = Tensor(3.0, requiresGrad: true)
    noGrad {
      #expect(!isGradEnabled)
      #expect(!(x * x).requiresGrad)
      enableGrad { #expect((x * x).requiresGrad) }
      #expect(!(x * x).requiresGrad)
    }
    #expect(isGradEnabled)
    #expect((x * x).requiresGrad)
  }

  @Test func noGradEndsWithAnError() {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try noGrad { throw Stop() } }
    #expect(isGradEnabled)
  }

  @Test func leaves() {
    let x = Tensor(3.0, requiresGrad: true)
    #expect(x.isLeaf && x.requiresGrad)
    #expect(!(x * x).isLeaf)
    #expect((x * x).detach().isLeaf)
    #expect(Tensor(3.0).isLeaf)
    let message = misuseMessage {
      var y = x * x
      y.requiresGrad = false
    }
    #expect(message?.contains("you can only change requiresGrad flags of leaf variables") == true)
    #expect((x * x).grad == nil)
  }

  @Test func copiesOfALeafAreOneLeaf() {
    let x = Tensor(3.0, requiresGrad: true)
    let same = x
    (same * same).backward()
    #expect(x.grad?.item() == 6)
    x.data = Tensor(4.0)
    #expect(same.item() == 4)
  }

  @Test func whatIsKeptDoesNotChange() {
    let x = Tensor(3.0, requiresGrad: true)
    let y = x * x
    x.data = Tensor(100.0)
    y.backward()
    #expect(x.grad?.item() == 6)
  }

  @Test func aFrozenLeafGetsNoGradient() {
    var x = Tensor(3.0, requiresGrad: true)
    let w = Tensor(2.0, requiresGrad: true)
    x.requiresGrad = false
    (x * w).backward()
    #expect(x.grad == nil)
    #expect(w.grad?.item() == 3)
  }

  @Test func controlFlowThatDependsOnData() {
    // Halve until below 1: three times from 5, so the derivative of that path is 1/8.
    let x = Tensor(5.0, requiresGrad: true)
    var y = x
    while y.item() > 1 { y = y / 2 }
    y.backward()
    #expect(x.grad?.item() == 0.125)
  }

  @Test func broadcastsAreSummedAgain() {
    let w = Tensor([[1.0, 2.0, 3.0]], requiresGrad: true)
    let b = Tensor(1.0, requiresGrad: true)
    let x = Tensor([[1.0], [2.0]], requiresGrad: true)
    (x * w + b).sum().backward()
    #expect(w.grad?.shape == [1, 3])
    #expect(w.grad?.array(as: Double.self) == [3, 3, 3])
    #expect(x.grad?.array(as: Double.self) == [6, 6])
    #expect(b.grad?.shape == [])
    #expect(b.grad?.item() == 6)
  }

  @Test func complexGradientsFollowPyTorch() {
    // L = |z|²: PyTorch's gradient is 2z, the direction of steepest ascent.
    let z = Tensor(bytes: [3.0, -4.0].withUnsafeBytes { Array($0) }, dtype: .complex128, shape: [])
    let leaf = z.asState(requiresGrad: true)
    let product = leaf * leaf.conj()
    product.backward(gradient: Tensor(1.0).to(.complex128))
    #expect(leaf.grad?.parts == [6, -8])
    let message = misuseMessage { (leaf * leaf).backward() }
    #expect(message?.contains("only for real scalar outputs") == true)
  }

  @Test func gradientTypes() {
    let half = Tensor([1.0, 2.0], dtype: .float16, requiresGrad: true)
    (half.to(.float32) * 3).sum().backward()
    #expect(half.grad?.dtype == .float16)
    let message = misuseMessage { half.grad = Tensor([1.0, 2.0]) }
    #expect(message?.contains("must have the type of its tensor") == true)
  }
}
