import Kobai
import KobaiTestSupport

/// A smooth straight-line program from a vector of three to another: each line reads two of the values
/// before it.
struct RandomProgram: CustomStringConvertible {
  enum Line: CaseIterable {
    case sin, tanh, sigmoid, bell, square, quotient, root, add, sub, mul, product, outer, total
    case shift, splice, softmax, logsumexp, cumsum, norm, mask, choose, scatter, reverse, layerNorm
    case window, gelu, linear, batched, variance, squeezed, loop, scanned, branch
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

  private static let matrix = Tensor(
    [[0.5, -0.25, 0.1], [0.3, 0.2, -0.4], [-0.1, 0.6, 0.25]], dtype: .float64)
  private static let row = Tensor([0.3, -0.7, 0.4], dtype: .float64)

  func callAsFunction(_ x: Tensor) -> Tensor {
    var values = [x]
    for (line, a, b) in lines { values.append(Self.value(line, values[a], values[b])) }
    return values[values.count - 1].tanh() + 0.3 * x
  }

  private static func value(_ line: Line, _ x: Tensor, _ y: Tensor) -> Tensor {
    switch line {
    case .sin: x.sin()
    case .tanh: x.tanh()
    case .sigmoid: (x - y).sigmoid()
    case .bell: (-(x * x)).exp()
    case .square: 0.5 * x * x
    case .quotient: x / (1 + y * y)
    case .root: (1 + x * x) ** 0.5 * y
    case .add: x + 0.5 * y
    case .sub: 0.7 * x - y
    case .mul: x * y.tanh()
    case .product: matrix.matmul(x)
    case .outer: (x.unsqueeze(1).matmul(y.unsqueeze(0))).tanh().sum(dim: 0)
    case .total: x.sum() * y * 0.2
    case .shift: x.roll(1)
    case .splice: cat([x[1...], y[..<1]])
    case .softmax: x.softmax(dim: 0) * y
    case .logsumexp: x - (x + y).logsumexp(dim: 0)
    case .cumsum: x.cumsum(dim: 0) * 0.5
    case .norm: y / (1 + (x * x).sum()).sqrt()
    case .mask: Tensor.where(Tensor([true, false, true]), x, y)
    case .choose: x.indexSelect(dim: 0, index: Tensor([2, 0, 0])) + y
    case .scatter: y.scatterAdd(dim: 0, index: Tensor([1, 1, 0]), src: x)
    case .reverse: x.flip([0])
    case .layerNorm: x.layerNorm([3], eps: 0.5)
    case .window:
      x.reshape([1, 1, 3]).conv1d(y.reshape([1, 1, 3]), padding: 1).reshape([3])
    case .gelu: x.gelu()
    case .linear: linear(x, weight: matrix, bias: y)
    case .batched:
      stack([x, y]).unsqueeze(1).matmul(matrix.expand([2, 3, 3])).sum(dim: 0).squeeze(dim: 0)
    case .variance: y * x.var()
    case .squeezed: (x.unsqueeze(0).expand([2, 3]) * y).mean(dim: 0).silu()
    case .loop: foriLoop(0, 3, { _, z in (0.5 * z + y).sin() }, x)
    case .scanned:
      scan(
        { (sum: Tensor, x: Tensor) -> (Tensor, Tensor) in
          let next = (0.5 * sum + x).tanh()
          return (next, next * x)
        }, y[0], x
      ).1
    case .branch:
      cond(x[0] > y[1] + 0.123, { (x: Tensor) in x.sin() }, { (x: Tensor) in x * y.cos() }, x)
    }
  }

  /// The programs with one line less; what read that line reads its first operand.
  var shorter: [RandomProgram] {
    lines.indices.map { k in
      var program = self
      let operand = lines[k].a
      program.lines.remove(at: k)
      func renumbered(_ value: Int) -> Int {
        value == k + 1 ? operand : value > k + 1 ? value - 1 : value
      }
      for i in program.lines.indices {
        program.lines[i].a = renumbered(program.lines[i].a)
        program.lines[i].b = renumbered(program.lines[i].b)
      }
      return program
    }
  }

  var description: String {
    lines.enumerated().map { "v\($0 + 1) = \($1.line) v\($1.a) v\($1.b)" }
      .joined(separator: "; ")
  }
}
