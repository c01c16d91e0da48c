import Kobai
import KobaiTestSupport
import Testing

@Suite struct PureOptimizerTests {
  /// A step of each against the formula, by hand.
  @Test func steps() {
    let (p, g) = (Tensor([1.0, -2.0], dtype: .float64), Tensor([0.5, 4.0], dtype: .float64))
    func one(_ t: GradientTransformation) -> [Double] {
      t.update(g, t.initialize(p), p).updates.array(as: Double.self)
    }
    #expect(one(sgd(0.1)) == [-0.05, -0.4])
    #expect(one(clip(1)) == [0.5, 1])
    #expect(one(chain(addDecayedWeights(0.5), scale(2))) == [2, 6])
    let adapted = one(adam(0.1))
    #expect(abs(adapted[0] + 0.1) < 1e-7 && abs(adapted[1] + 0.1) < 1e-7)
    let clipped = one(clipByGlobalNorm(1))
    #expect(abs(clipped[0] * clipped[0] + clipped[1] * clipped[1] - 1) < 1e-12)
    #expect(one(clipByGlobalNorm(100)) == [0.5, 4])
    let scheduled = scaleBySchedule { step in 1 / (step.to(.float64) + 1) }
    let (first, state) = scheduled.update(g, scheduled.initialize(p), p)
    #expect(first.array(as: Double.self) == [0.5, 4])
    #expect(scheduled.update(g, state, p).updates.array(as: Double.self) == [0.25, 2])
  }

  @Test func momentumAccumulates() {
    let t = sgd(1, momentum: 0.5)
    let p = Tensor(0.0)
    let (a, s) = t.update(Tensor(1.0), t.initialize(p), p)
    let (b, _) = t.update(Tensor(1.0), s, p)
    #expect(a.item() == -1 && b.item() == -1.5)
  }

  /// The same numbers as the optimizer of modules, which is checked against PyTorch.
  @Test func adamAgreesWithTheOptimizerOfModules() {
    let target = Tensor([1.0, -3.0], dtype: .float64)
    let live = Tensor([0.0, 0.0], dtype: .float64, requiresGrad: true)
    let optimizer = Adam([live], lr: 0.1)
    let (optInit, optUpdate, getParams) = Optimizers.adam(0.1).functions(
      like: Tensor([0.0, 0.0], dtype: .float64))
    var state = optInit(Tensor([0.0, 0.0], dtype: .float64))
    let loss = { (p: Tensor) in ((p - target) ** 2).sum() }
    for step in 0..<25 {
      optimizer.zeroGrad()
      loss(live).backward()
      optimizer.step()
      state = optUpdate(step, grad(loss)(getParams(state)), state)
    }
    #expect(
      difference(
        getParams(state), live.detach(), Tolerance(relative: 1e-12, absolute: 1e-12)) == nil)
  }
}
