import Kobai
import KobaiTestSupport
import Testing

/// Compositions of transforms over small random programs, against finite differences and loops.
@Suite struct RandomProgramTests {
  /// A straight-line program: each line reads two of the values before it.
  struct Program: CustomStringConvertible {
    enum Line: CaseIterable {
      case sin, tanh, sigmoid, square, add, sub, mul, product, total, shift
    }
    var lines: [(line: Line, a: Int, b: Int)]

    init(seed: Int, length: Int) {
      var random = RandomSource(seed: seed)
      lines = (0..<length).map { i in
        (
          Line.allCases[Int.random(in: 0..<Line.allCases.count, using: &random)],
          Int.random(in: 0...i, using: &random), Int.random(in: 0...i, using: &random)
        )
      }
    }

    static let matrix = Tensor(
      [[0.5, -0.25, 0.1], [0.3, 0.2, -0.4], [-0.1, 0.6, 0.25]], dtype: .float64)

    /// From a vector of three to a number.
    func callAsFunction(_ x: Tensor) -> Tensor {
      var values = [x]
      for (line, a, b) in lines {
        let (x, y) = (values[a], values[b])
        switch line {
        case .sin: values.append(x.sin())
        case .tanh: values.append(x.tanh())
        case .sigmoid: values.append((x - y).sigmoid())
        case .square: values.append(0.5 * x * x)
        case .add: values.append(x + 0.5 * y)
        case .sub: values.append(0.7 * x - y)
        case .mul: values.append(x * y.tanh())
        case .product: values.append(Self.matrix.matmul(x))
        case .total: values.append(x.sum() * y * 0.2)
        case .shift: values.append(x.roll(1))
        }
      }
      return (values[values.count - 1].tanh() * values[0]).sum()
    }

    var description: String {
      lines.enumerated().map { "v\($0 + 1) = \($1.line) v\($1.a) v\($1.b)" }
        .joined(separator: "; ")
    }
  }

  @Test(arguments: 0..<40) func compositions(_ seed: Int) {
    var program = Program(seed: seed, length: 3 + seed % 6)
    var failures = Self.failures(program, seed)
    // The shortest program that still fails.
    while !failures.isEmpty && program.lines.count > 1 {
      var shorter = program
      shorter.lines.removeLast()
      let found = Self.failures(shorter, seed)
      if found.isEmpty { break }
      (program, failures) = (shorter, found)
    }
    for failure in failures { Issue.record("seed \(seed), \(program): \(failure)") }
  }

  private static func failures(_ f: Program, _ seed: Int) -> [String] {
    var random = RandomSource(seed: seed + 100)
    let x = random.uniform(-1...1, [3])
    let v = random.uniform(-1...1, [3])
    let rows = random.uniform(-1...1, [4, 3])
    let call = { (x: Tensor) in f(x) }
    let gradient = { (x: Tensor) in grad(call)(x) }
    let exact = Tolerance(relative: 1e-12, absolute: 1e-12)
    var failures: [String] = []
    func check(
      _ name: String, _ got: Tensor, _ expected: Tensor, _ tolerance: Tolerance = exact
    ) {
      if let found = difference(got, expected, tolerance) { failures.append("\(name): \(found)") }
    }
    /// Along v, by central differences of two steps.
    func slope(_ g: (Tensor) -> Tensor) -> Tensor {
      func at(_ h: Double) -> Tensor { (g(x + v * h) - g(x - v * h)) / (2 * h) }
      return (4 * at(1e-3) - at(2e-3)) / 3
    }
    let near = Tolerance(relative: 1e-7, absolute: 1e-8)
    check("grad", (gradient(x) * v).sum(), slope(call), near)
    check("jvp", jvp(call, x, v).tangent, slope(call), near)
    check("jvp of grad", jvp(gradient, x, v).tangent, slope(gradient), near)
    let second = { (x: Tensor) in grad { (x: Tensor) in (gradient(x) * v).sum() }(x) }
    check("grad of grad", second(x), jvp(gradient, x, v).tangent)
    check("jvp of grad of grad", jvp(second, x, v).tangent, slope(second), near)
    let one = Tensor(1.0, dtype: .float64)
    check("jvp of vjp", jvp({ (x: Tensor) in vjp(call, x).pullback(one) }, x, v).tangent, second(x))
    check("hessian", hessian(call)(x).matmul(v), second(x))
    let (_, derivative) = linearize(gradient, x)
    check("linearize", derivative(v), second(x))
    check("jacobians", jacobian(gradient, mode: .forward)(x), jacobian(gradient, mode: .reverse)(x))

    let loop = Tensor.stack((0..<4).map { gradient(rows[$0]) })
    let many = vmap(gradient)(rows)
    check("vmap of grad", many, loop)
    check("grad of vmap", grad { (rows: Tensor) in vmap(call)(rows).sum() }(rows), loop)
    check(
      "vmap of grad of grad", vmap(second)(rows), Tensor.stack((0..<4).map { second(rows[$0]) }))
    check(
      "grad of vmap of grad",
      grad { (rows: Tensor) in (vmap(gradient)(rows) * v).sum() }(rows),
      Tensor.stack((0..<4).map { second(rows[$0]) }))
    let inner = vmap(call)
    let outer = vmap(inner)
    check("vmap of vmap", outer(Tensor.stack([rows, rows]))[1], inner(rows))
    check("grad of checkpoint", grad(checkpoint(call))(x), gradient(x))
    check("vmap of grad of checkpoint", vmap(grad(checkpoint(call)))(rows), loop)

    let compiled = jit { (rows: Tensor) in vmap(gradient)(rows) }
    check("jit of vmap of grad", compiled(rows), many, .exact)
    check("its replay", compiled(rows), many, .exact)
    let step = jit { (x: Tensor) in f(x) }
    let leaf = x.clone().asState(requiresGrad: true)
    step(leaf).backward()
    check("backward through jit", leaf.grad ?? .poison, gradient(x))
    let product = jit { (x: Tensor) in jvp(gradient, x, v).tangent }
    check("jit of jvp of grad", product(x), second(x))
    return failures
  }
}
