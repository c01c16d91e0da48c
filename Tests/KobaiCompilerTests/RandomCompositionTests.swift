import Kobai
import KobaiTestSupport
import Testing

/// Every composition of up to three transforms over random programs. The last transform is compared with
/// finite differences, or the loop, of the composition below it, which has been checked the same way.
@Suite struct RandomCompositionTests {
  private typealias Map = (Tensor) -> Tensor

  /// What makes another map of vectors out of one.
  private enum Transform: CaseIterable {
    case grad, valueAndGrad, jvp, vjp, jacfwd, jacrev, linearize, hessian
    case rows, columns, shared, jit, checkpoint, customJVP, customVJP

    private static func vector(_ elements: [Double]) -> Tensor { Tensor(elements, dtype: .float64) }
    private static let u = vector([0.8, -0.5, 0.6])
    private static let v = vector([-0.4, 0.9, 0.7])
    private static let scales = vector([0.5, -1, 1.2, 0.1])
    private static let weights = vector([0.3, -0.6, 0.4, 0.9])

    /// By Kobai.
    func of(_ f: @escaping Map) -> Map {
      let (u, v, scales, weights) = (Self.u, Self.v, Self.scales, Self.weights)
      switch self {
      case .grad:
        return Kobai.grad { (f($0) * u).sum() }
      case .valueAndGrad:
        let both = Kobai.valueAndGrad { (x: Tensor) in (f(x) * u).sum() }
        return { x in
          let (value, gradient) = both(x)
          return value * v + gradient
        }
      case .jvp:
        return { x in
          let (y, dy) = Kobai.jvp(f, x, x * v)
          return 0.5 * y + dy
        }
      case .vjp:
        return { x in
          let (y, pullback) = Kobai.vjp(f, x)
          return pullback(y * u)
        }
      case .jacfwd:
        let derivative = Kobai.jacfwd(f)
        return { derivative($0).matmul(v) }
      case .jacrev:
        let derivative = Kobai.jacrev(f)
        return { u.matmul(derivative($0)) }
      case .linearize:
        return { x in
          let (y, derivative) = Kobai.linearize(f, x)
          return derivative(x) + derivative(v) - y
        }
      case .hessian:
        let second = Kobai.hessian { (f($0) * u).sum() }
        return { second($0).matmul(v) }
      case .rows:
        let batched = vmap(f)
        return { weights.matmul(batched($0 * scales.unsqueeze(1))) }
      case .columns:
        let batched = vmap(f, inAxes: [1], outAxes: 1)
        return { batched($0.unsqueeze(1) * scales).matmul(weights) }
      case .shared:
        return { x in weights.matmul(vmap { (c: Tensor) in f(x * c) }(scales)) }
      case .jit:
        let compiled = Kobai.jit(f)
        return { compiled($0) }
      case .checkpoint:
        return Kobai.checkpoint(f)
      case .customJVP:
        return Kobai.customJVP(
          f,
          jvp: { x, dx in
            let (y, dy) = Kobai.jvp(f, x, dx)
            return (y, dy)
          })
      case .customVJP:
        return Kobai.customVJP(
          f, forward: { (f($0), $0) }, backward: { x, dy in Kobai.vjp(f, x).pullback(dy) })
      }
    }

    /// By calls of `f` alone, at plain points.
    func reference(_ f: @escaping Map) -> Map {
      let (u, v) = (Self.u, Self.v)
      switch self {
      case .grad: return { u.matmul(Self.jacobian(f, $0)) }
      case .valueAndGrad: return { (f($0) * u).sum() * v + u.matmul(Self.jacobian(f, $0)) }
      case .jvp: return { 0.5 * f($0) + Self.jacobian(f, $0).matmul($0 * v) }
      case .vjp: return { (f($0) * u).matmul(Self.jacobian(f, $0)) }
      case .jacfwd: return { Self.jacobian(f, $0).matmul(v) }
      case .jacrev: return { u.matmul(Self.jacobian(f, $0)) }
      case .linearize: return { Self.jacobian(f, $0).matmul($0 + v) - f($0) }
      case .hessian:
        // Of one order by differences: the other is `grad`, which has been checked.
        let gradient = Transform.grad.of(f)
        return { Self.jacobian(gradient, $0).matmul(v) }
      case .rows, .columns, .shared:
        return { x in
          zip(Self.scales.array(as: Double.self), Self.weights.array(as: Double.self))
            .map { scale, weight in f(x * scale) * weight }
            .reduce(Tensor.zeros([3], dtype: .float64)) { $0 + $1 }
        }
      case .jit, .checkpoint, .customJVP, .customVJP: return f
      }
    }

    /// Whether tangents are pushed through what is below, which `customVJP` refuses.
    var isForward: Bool {
      switch self {
      case .jvp, .jacfwd, .hessian, .customJVP: true
      default: false
      }
    }

    /// [3, 3], by central differences of two steps each.
    private static func jacobian(_ f: Map, _ x: Tensor) -> Tensor {
      let columns = (0..<3).map { j in
        let e = vector((0..<3).map { $0 == j ? 1 : 0 })
        func at(_ h: Double) -> Tensor { (f(x + e * h) - f(x - e * h)) / (2 * h) }
        return (4 * at(1e-3) - at(2e-3)) / 3
      }
      return stack(columns, dim: 1)
    }
  }

  /// All chains of one to three transforms, the first applied first.
  private static let chains: [[Transform]] = {
    let all = Transform.allCases
    var longest = all.map { [$0] }
    var chains = longest
    for _ in 1..<Workload.of(3, sanitized: 2) {
      longest = longest.flatMap { chain in all.map { chain + [$0] } }
      chains += longest
    }
    return chains
  }()

  private static let programs = 61

  /// Program `seed` meets every 61st chain: together they meet them all.
  @Test(arguments: 0..<programs) func compositions(_ seed: Int) {
    let program = RandomProgram(seed: seed, length: 2 + seed % 5)
    for chain in stride(from: seed, to: Self.chains.count, by: Self.programs).map({
      Self.chains[$0]
    }) {
      guard let failure = Self.failure(chain, program, seed) else { continue }
      // The smallest program that fails.
      var (program, failure_) = (program, failure)
      while let (shorter, found) = program.shorter.lazy.compactMap({ shorter in
        Self.failure(chain, shorter, seed).map { (shorter, $0) }
      }).first {
        (program, failure_) = (shorter, found)
      }
      let names = chain.reversed().map { "\($0)" }.joined(separator: " of ")
      Issue.record("seed \(seed), \(names) of {\(program)}: \(failure_)")
    }
  }

  private static func failure(_ chain: [Transform], _ program: RandomProgram, _ seed: Int)
    -> String?
  {
    let last = chain[chain.count - 1]
    if let rule = chain.firstIndex(of: .customVJP),
      chain[(rule + 1)...].contains(where: \.isForward)
    {
      return nil
    }
    var random = RandomSource(seed: seed + 1000)
    let points = [random.uniform(-1...1, [3]), random.uniform(-1...1, [3])]
    do {
      return try recovering {
        let below = chain.dropLast().reduce({ program($0) }) { $1.of($0) }
        let (got, expected) = (last.of(below), last.reference(below))
        // At the second point a compiled function replays what it has made at the first.
        for x in points {
          let (a, b) = (got(x), expected(x))
          // A traced `cond` computes both branches, and a `scan` sums the cotangents of what its body reads
          // several times within a round, so that they add up in another order.
          let isExact =
            last == .jit && !program.lines.contains { $0.line == .branch || $0.line == .scanned }
          let tolerance =
            isExact
            ? Tolerance.exact : Tolerance(relative: 0, absolute: 1e-7 * (1 + b.largestFinite))
          if let found = difference(a, b, tolerance) { return found }
        }
        return nil
      }
    } catch {
      return "\(error)"
    }
  }
}
