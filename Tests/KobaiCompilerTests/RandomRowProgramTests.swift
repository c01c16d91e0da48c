import Kobai
import KobaiTestSupport
import Testing

/// Random programs on the rows of a matrix, with steps between that are none: compiled against eager, bit for
/// bit, values and gradients.
@Suite struct RandomRowProgramTests {
  enum Line: CaseIterable {
    case tanh, square, flip, add, mul, quotient, scaled, flag
    case sum, mean, largest, smallest, indexed, root, product
    case leave, columnSum, total, mixed
  }

  struct Program: CustomStringConvertible {
    let lines: [(line: Line, a: Int, b: Int)]

    init(seed: Int) {
      var random = RandomSource(seed: seed)
      lines = (0..<(4 + seed % 14)).map { _ in
        (
          Line.allCases.randomElement(using: &random) ?? .tanh,
          Int.random(in: 0..<1000, using: &random), Int.random(in: 0..<1000, using: &random)
        )
      }
    }

    /// From a matrix, an element for each column, and a square matrix.
    func callAsFunction(_ inputs: [Tensor]) -> [Tensor] {
      var wide = [inputs[0]]
      var narrow = [inputs[0].mean(dim: -1, keepDim: true)]
      var results: [Tensor] = []
      for (line, a, b) in lines {
        let (x, y) = (wide[a % wide.count], wide[b % wide.count])
        let (s, t) = (narrow[a % narrow.count], narrow[b % narrow.count])
        switch line {
        case .tanh: wide.append(x.tanh())
        case .square: wide.append(0.5 * x * x - y)
        case .flip: wide.append(-x)
        case .add: wide.append(x + 0.5 * t)
        case .mul: wide.append(y * s)
        case .quotient: wide.append(x / (1 + t.abs()))
        case .scaled: wide.append(x * inputs[1])
        case .flag: wide.append(Tensor.where(x > t, y, x * 0.25))
        case .sum: narrow.append((x * 0.1).sum(dim: -1, keepDim: true))
        case .mean: narrow.append(x.mean(dim: -1).unsqueeze(-1))
        case .largest: narrow.append(x.amax(dim: -1, keepDim: true))
        case .smallest: narrow.append(y.amin(dim: -1, keepDim: true))
        case .indexed: narrow.append(x.max(dim: -1, keepDim: true).values)
        case .root: narrow.append((1 + s * s).sqrt())
        case .product: narrow.append(s * t.tanh())
        case .leave: results.append(a % 2 == 0 ? x : t)
        case .columnSum: results.append(x.sum(dim: 0))
        case .total: wide.append(x * y.mean())
        case .mixed: wide.append(x.matmul(inputs[2]).tanh())
        }
      }
      return results + [wide[wide.count - 1], narrow[narrow.count - 1]]
    }

    var description: String {
      lines.map { "\($0.line) \($0.a) \($0.b)" }.joined(separator: "; ")
    }
  }

  @Test(arguments: 0..<200) func compiledIsEager(_ seed: Int) {
    let program = Program(seed: seed)
    var random = RandomSource(seed: seed + 1000)
    let shape = [[3, 4], [40, 7], [5, 600], [2, 9, 16], [70, 130]][seed % 5]
    let columns = shape[shape.count - 1]
    let dtype: DType = seed % 3 == 0 ? .float64 : .float32
    let inputs = [shape, [columns], [columns, columns]].map {
      random.uniform(-1...1, $0, dtype: dtype)
    }
    let step: @Sendable ([Tensor]) -> [Tensor] = { inputs in
      let gradients = grad { (leaves: [Tensor]) in
        program(leaves).map { ($0 * $0).mean() }.reduce(0, +)
      }(inputs)
      return program(inputs) + gradients
    }
    let expected = step(inputs).map(\.bytes)
    let compiled = jit(step)
    for _ in 0..<2 {
      #expect(compiled(inputs).map(\.bytes) == expected, "seed \(seed): \(program)")
    }
    let graph = compiled.inspect(inputs).graph
    #expect(throws: Never.self) { try graph.verify() }
  }
}
