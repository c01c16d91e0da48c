import Kobai
import KobaiTestSupport
import Testing

/// A misuse and words of its message.
private struct Refusal: Sendable {
  let words: String
  let body: @Sendable () -> Void

  init(_ words: String, _ body: @escaping @Sendable () -> Void) {
    self.words = words
    self.body = body
  }
}

@Suite struct RecurrentTests {
  private func distance(_ a: Tensor, _ b: Tensor) -> Double {
    a.shape == b.shape ? (a - b).abs().max().item() : .infinity
  }

  /// A packed batch gives what each of its sequences gives alone.
  @Test(arguments: [false, true]) func packedSequencesRunAsIfAlone(sorted: Bool) {
    let lengths = sorted ? [5, 3, 3, 1] : [3, 1, 5, 3]
    let sequences = lengths.map { Tensor.randn([$0, 3], dtype: .float64) }
    let packed = packSequence(sequences, enforceSorted: sorted)
    let lstm = LSTM(3, 4, numLayers: 2, bidirectional: true, projSize: 2, dtype: .float64)
    let gru = GRU(3, 4, numLayers: 2, bidirectional: true, dtype: .float64)
    let (h0, c0) = (
      Tensor.randn([4, 4, 2], dtype: .float64), Tensor.randn([4, 4, 4], dtype: .float64)
    )
    let (output, (h, c)) = lstm(packed, (h0, c0))
    let parts = unpackSequence(output)
    let (gruOutput, gruH) = gru(packed)
    let gruParts = unpackSequence(gruOutput)
    for (i, sequence) in sequences.enumerated() {
      let (alone, (hAlone, cAlone)) = lstm(sequence, (h0[0..., i], c0[0..., i]))
      #expect(distance(parts[i], alone) < 1e-14)
      #expect(distance(h[0..., i], hAlone) < 1e-14)
      #expect(distance(c[0..., i], cAlone) < 1e-14)
      let (gruAlone, gruHAlone) = gru(sequence)
      #expect(distance(gruParts[i], gruAlone) < 1e-14)
      #expect(distance(gruH[0..., i], gruHAlone) < 1e-14)
    }
  }

  @Test func layersAreCellsInALoop() {
    let x = Tensor.randn([6, 2, 3], dtype: .float64)
    let lstm = LSTM(3, 4, dtype: .float64)
    let cell = LSTMCell(3, 4, dtype: .float64)
    cell.weightIH = lstm.allWeights[0][0]
    cell.weightHH = lstm.allWeights[0][1]
    cell.biasIH = lstm.allWeights[0][2]
    cell.biasHH = lstm.allWeights[0][3]
    var state = cell(x[0])
    for t in 1..<6 { state = cell(x[t], state) }
    let (output, (h, c)) = lstm(x)
    #expect(distance(output[-1], state.h) < 1e-14)
    #expect(distance(h[0], state.h) < 1e-14)
    #expect(distance(c[0], state.c) < 1e-14)
  }

  @Test func batchFirstIsALayoutOnly() {
    let gru = GRU(3, 4, bidirectional: true)
    let other = GRU(3, 4, batchFirst: true, bidirectional: true)
    for (name, parameter) in gru.namedParameters { other[name] = parameter.detach() }
    let x = Tensor.randn([5, 2, 3])
    #expect(distance(gru(x).output, other(x.transpose(0, 1)).output.transpose(0, 1)) == 0)
    #expect(distance(gru(x).h, other(x.transpose(0, 1)).h) == 0)
  }

  @Test func dropoutActsBetweenLayersInTraining() {
    let rnn = RNN(3, 4, numLayers: 2, dropout: 1)
    let x = Tensor.randn([5, 2, 3])
    // Without any input the second layer sees its biases alone: the same for each example.
    let y = rnn(x).output
    #expect(distance(y[0..., 0], y[0..., 1]) == 0)
    rnn.eval()
    let z = rnn(x).output
    #expect(distance(z[0..., 0], z[0..., 1]) > 0)
  }

  @Test func parametersHaveNames() {
    let rnn = RNN(2, 3, bidirectional: true)
    #expect(rnn["weight_hh_l0_reverse"]?.shape == [3, 3])
    #expect(rnn["weight_hh_l1"] == nil)
    rnn["bias_hh_l0"] = Tensor.zeros([3])
    #expect(rnn.stateDict()["bias_hh_l0"]?.array(as: Float.self) == [0, 0, 0])
    #expect("\(rnn)" == "RNN(2, 3, bidirectional=True)")
    #expect(
      "\(LSTM(2, 3, numLayers: 2, bias: false, batchFirst: true, dropout: 0.1, projSize: 1))"
        == "LSTM(2, 3, proj_size=1, num_layers=2, bias=False, batch_first=True, dropout=0.1)")
    #expect("\(RNNCell(2, 3, nonlinearity: .relu))" == "RNNCell(2, 3, nonlinearity=relu)")
  }

  @Test func paddingAndPackingAreInverse() {
    let sequences = [Tensor([1, 2, 3]), Tensor([4, 5]), Tensor([6, 7, 8, 9])]
    let packed = packSequence(sequences, enforceSorted: false)
    #expect(packed.data.array(as: Int.self) == [6, 1, 4, 7, 2, 5, 8, 3, 9])
    #expect(packed.batchSizes == [3, 3, 2, 1])
    #expect(packed.sortedIndices == [2, 0, 1])
    #expect(packed.unsortedIndices == [1, 2, 0])
    let (padded, lengths) = padPackedSequence(
      packed, batchFirst: true, paddingValue: -1, totalLength: 5)
    #expect(lengths == [3, 2, 4])
    #expect(
      padded.array(as: Int.self) == [1, 2, 3, -1, -1, 4, 5, -1, -1, -1, 6, 7, 8, 9, -1])
    #expect(
      unpackSequence(packed).map { $0.array(as: Int.self) } == [[1, 2, 3], [4, 5], [6, 7, 8, 9]])
    #expect(
      padSequence(sequences, batchFirst: true, paddingSide: .left)[1].array(as: Int.self)
        == [0, 0, 4, 5])
  }

  @Test(
    arguments: [
      Refusal("hidden_size must be greater than zero") { _ = LSTM(3, 0) },
      Refusal("num_layers must be greater than zero") { _ = GRU(3, 4, numLayers: 0) },
      Refusal("proj_size has to be smaller than hidden_size") { _ = LSTM(3, 4, projSize: 4) },
      Refusal("dropout should be a number in range [0, 1]") { _ = RNN(3, 4, dropout: 1.5) },
      Refusal("RNN input dtype (float64) does not match weight dtype (float32)") {
        _ = RNN(3, 4)(Tensor.zeros([2, 3], dtype: .float64))
      },
      Refusal("Expected input to be 2D or 3D, got 4D") {
        _ = GRU(3, 4)(Tensor.zeros([1, 1, 1, 3]))
      },
      Refusal("input.size(-1) must be equal to input_size. Expected 3, got 5") {
        _ = LSTM(3, 4)(Tensor.zeros([2, 5]))
      },
      Refusal("sequence length to be larger than 0") { _ = RNN(3, 4)(Tensor.zeros([0, 2, 3])) },
      Refusal("Expected hidden[1] size (1, 2, 4), got [1, 1, 4]") {
        _ = LSTM(3, 4)(Tensor.zeros([5, 2, 3]), (.zeros([1, 2, 4]), .zeros([1, 1, 4])))
      },
      Refusal("For batched 3-D input, hx should also be 3-D but got 2-D tensor") {
        _ = GRU(3, 4)(Tensor.zeros([5, 2, 3]), .zeros([1, 4]))
      },
      Refusal("Input batch size 3 doesn't match hidden0 batch size 5") {
        _ = GRUCell(2, 4)(Tensor.zeros([3, 2]), .zeros([5, 4]))
      },
      Refusal("must be sorted in decreasing order") {
        _ = packPaddedSequence(Tensor.zeros([4, 2, 3]), lengths: [2, 4])
      },
      Refusal("Length of all samples has to be greater than 0") {
        _ = packPaddedSequence(Tensor.zeros([4, 2, 3]), lengths: [2, 0])
      },
      Refusal("`len(lengths)` to be equal to batch_size, but got 1") {
        _ = packPaddedSequence(Tensor.zeros([4, 2, 3]), lengths: [2])
      },
    ])
  fileprivate func misuseIsExplained(_ refusal: Refusal) throws {
    let error = #expect(throws: Misuse.self) { try recovering(refusal.body) }
    #expect(error?.message.contains(refusal.words) == true, "\(error?.message ?? "")")
  }
}
