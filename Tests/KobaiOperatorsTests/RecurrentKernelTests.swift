import Kobai
import KobaiTestSupport
import Testing

/// The kernels of recurrent layers beside one cell after the other in ordinary operations, with enough rows
/// for several blocks of steps, for a weight that stays in the caches and for one that does not.
@Suite struct RecurrentKernelTests {
  enum Cell: CaseIterable, Sendable { case relu, tanh, lstm, gru }

  struct Layer: Sendable {
    var cell: Cell
    var input = 10
    var hidden = 64
    /// Steps of each sequence, of 9 one for each if empty.
    var lengths: [Int] = []
    var bias = true
  }

  private func tracked(_ x: Tensor) -> Tensor {
    var leaf = x
    return leaf.requiresGrad_()
  }

  private func step(
    _ cell: Cell, _ x: Tensor, _ states: [Tensor], _ weights: [Tensor]
  ) -> [Tensor] {
    let size = states[0].size(-1)
    func linear(_ x: Tensor, _ i: Int) -> Tensor {
      let y = x.matmul(weights[i].t())
      return weights.count > 2 ? y + weights[i + 2] : y
    }
    func gate(_ y: Tensor, _ i: Int) -> Tensor { y[(i * size)..<((i + 1) * size)] }
    let (a, b) = (linear(x, 0), linear(states[0], 1))
    switch cell {
    case .relu: return [(a + b).relu()]
    case .tanh: return [(a + b).tanh()]
    case .lstm:
      let sums = a + b
      let c =
        gate(sums, 1).sigmoid() * states[1] + gate(sums, 0).sigmoid() * gate(sums, 2).tanh()
      return [gate(sums, 3).sigmoid() * c.tanh(), c]
    case .gru:
      let r = (gate(a, 0) + gate(b, 0)).sigmoid(), z = (gate(a, 1) + gate(b, 1)).sigmoid()
      let n = (gate(a, 2) + r * gate(b, 2)).tanh()
      return [(1 - z) * n + z * states[0]]
    }
  }

  @Test(arguments: [
    Layer(cell: .relu), Layer(cell: .tanh, lengths: [31, 30, 30, 12, 3, 1]), Layer(cell: .lstm),
    Layer(cell: .lstm, lengths: [40, 33, 33, 20, 9, 1]), Layer(cell: .gru),
    Layer(cell: .gru, lengths: [40, 33, 20, 9], bias: false),
    Layer(cell: .lstm, input: 3, hidden: 168, lengths: [20, 20, 20, 20, 20, 20, 20, 20]),
    Layer(cell: .tanh, lengths: [2, 2, 2], bias: false),
  ])
  func layersAreCellsInALoop(_ layer: Layer) {
    var random = RandomSource(seed: 11)
    let lengths = layer.lengths.isEmpty ? Array(repeating: 40, count: 9) : layer.lengths
    let (input, hidden) = (layer.input, layer.hidden)
    let sequences = lengths.map { tracked(random.uniform(-1...1, [$0, input])) }
    let stateCount = layer.cell == .lstm ? 2 : 1
    let initial = (0..<stateCount).map { _ in
      tracked(random.uniform(-1...1, [2, lengths.count, hidden]))
    }
    let packed = packSequence(sequences)
    let outputs: PackedSequence
    let states: [Tensor]
    let module: ModuleBase
    let weights: [[Tensor]]
    switch layer.cell {
    case .lstm:
      let lstm = LSTM(input, hidden, bias: layer.bias, bidirectional: true, dtype: .float64)
      let (output, (h, c)) = lstm(packed, (initial[0], initial[1]))
      (outputs, states, module, weights) = (output, [h, c], lstm, lstm.allWeights)
    case .gru:
      let gru = GRU(input, hidden, bias: layer.bias, bidirectional: true, dtype: .float64)
      let (output, h) = gru(packed, initial[0])
      (outputs, states, module, weights) = (output, [h], gru, gru.allWeights)
    case .relu, .tanh:
      let rnn = RNN(
        input, hidden, nonlinearity: layer.cell == .relu ? .relu : .tanh, bias: layer.bias,
        bidirectional: true, dtype: .float64)
      let (output, h) = rnn(packed, initial[0])
      (outputs, states, module, weights) = (output, [h], rnn, rnn.allWeights)
    }

    var expected: [Tensor] = []
    var ends = [[[Tensor]]](repeating: [[], []], count: stateCount)
    for (i, x) in sequences.enumerated() {
      var halves: [Tensor] = []
      for direction in 0..<2 {
        var current = initial.map { $0[direction, i] }
        var rows: [Tensor] = []
        for t in 0..<lengths[i] {
          let row = x[direction == 0 ? t : lengths[i] - 1 - t]
          current = step(layer.cell, row, current, weights[direction])
          rows.append(current[0])
        }
        halves.append(Tensor.stack(direction == 0 ? rows : rows.reversed()))
        for k in 0..<stateCount { ends[k][direction].append(current[k]) }
      }
      expected.append(Tensor.cat(halves, dim: 1))
    }
    let fused = unpackSequence(outputs) + states
    let composed = expected + ends.map { Tensor.stack($0.map { Tensor.stack($0) }) }
    let tolerance = Tolerance(relative: 1e-11, absolute: 1e-11)
    for (a, b) in zip(fused, composed) {
      #expect(difference(a.detach(), b.detach(), tolerance) == nil)
    }
    let seeds = composed.map { random.direction(like: $0.detach()) }
    let inputs = sequences + initial + module.parameters
    let a = Tensor.gradients(of: fused, wrt: inputs, gradients: seeds)
    let b = Tensor.gradients(of: composed, wrt: inputs, gradients: seeds)
    for (i, (a, b)) in zip(a, b).enumerated() {
      #expect(difference(a ?? .poison, b ?? .poison, tolerance) == nil, "gradient \(i)")
    }
  }
}
