import Kobai
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

@Suite struct TransformerTests {
  private func distance(_ a: Tensor, _ b: Tensor) -> Double {
    a.shape == b.shape ? (a - b).abs().max().item() : .infinity
  }

  /// The formula, head by head.
  @Test func attentionIsItsFormula() {
    let attention = MultiheadAttention(6, 2, batchFirst: true, dtype: .float64)
    let x = Tensor.randn([1, 4, 6], dtype: .float64)
    guard let weight = attention.inProjWeight, let bias = attention.inProjBias else {
      Issue.record("no projection")
      return
    }
    bias.state?.value = Tensor.randn([18], dtype: .float64).current.value
    let projected = x[0].matmul(weight.t()) + bias
    let heads = (0..<2).map { head in
      let (q, k, v) = (
        projected[0..., (3 * head)..<(3 * head + 3)],
        projected[0..., (6 + 3 * head)..<(9 + 3 * head)],
        projected[0..., (12 + 3 * head)..<(15 + 3 * head)]
      )
      return (q.matmul(k.t()) / 3.0.squareRoot()).softmax(dim: 1).matmul(v)
    }
    let want = attention.outProj(cat(heads, dim: 1))
    let (output, weights) = attention(x, x, x)
    #expect(distance(output[0], want) < 1e-14)
    #expect(weights?.shape == [1, 4, 4])
    #expect(distance(attention(x, x, x, needWeights: false).output, output) < 1e-14)
    #expect(attention(x, x, x, averageAttnWeights: false).weights?.shape == [1, 2, 4, 4])
  }

  @Test func noPositionSeesLaterOnes() {
    let layer = TransformerEncoderLayer(8, 2, dimFeedforward: 16, dropout: 0)
    let mask = Transformer.generateSquareSubsequentMask(5)
    let x = Tensor.randn([5, 3, 8])
    let changed = Tensor.cat([x[..<3], Tensor.randn([2, 3, 8])])
    for isCausal in [false, true] {
      let (a, b) = (
        layer(x, srcMask: mask, isCausal: isCausal),
        layer(changed, srcMask: mask, isCausal: isCausal)
      )
      #expect(distance(a[..<3], b[..<3]) == 0)
      #expect(distance(a[3...], b[3...]) > 0)
    }
    let masked = layer(x, srcMask: mask)
    #expect(distance(masked, layer(x, srcMask: mask.eq(-Double.infinity))) == 0)
    #expect(distance(masked, layer(x, srcMask: mask, isCausal: true)) < 1e-5)
  }

  @Test func paddingIsNotAttendedTo() {
    let decoder = TransformerDecoder(
      TransformerDecoderLayer(8, 2, dimFeedforward: 16, dropout: 0, batchFirst: true),
      numLayers: 2)
    let (x, memory) = (Tensor.randn([2, 3, 8]), Tensor.randn([2, 4, 8]))
    let other = Tensor.cat([memory[0..., ..<3], Tensor.randn([2, 1, 8])], dim: 1)
    let padding = Tensor([[false, false, false, true], [false, false, false, true]])
    #expect(
      distance(
        decoder(x, memory, memoryKeyPaddingMask: padding),
        decoder(x, other, memoryKeyPaddingMask: padding)) == 0)
    #expect(distance(decoder(x, memory), decoder(x, other)) > 0)
  }

  @Test func layersAreCopies() {
    let layer = TransformerEncoderLayer(4, 2, dimFeedforward: 8)
    layer.linear1.weight.state?.requiresGrad = false
    layer.eval()
    let encoder = TransformerEncoder(layer, numLayers: 2)
    #expect(encoder.parameters.count == 2 * layer.parameters.count)
    #expect(!encoder.layers[1].linear1.weight.requiresGrad)
    #expect(!encoder.layers[1].dropout.isTraining)
    let before = encoder.stateDict()
    noGrad { encoder.layers[0].linear2.weight.fill_(7) }
    #expect(layer.linear2.weight.array(as: Float.self).first != 7)
    #expect(
      encoder.layers[1].linear2.weight.array(as: Float.self)
        == before["layers.0.linear2.weight"]?.array(as: Float.self))
  }

  @Test func normalizationComesFirstOrLast() {
    let x = Tensor.randn([5, 4])
    let first = TransformerEncoderLayer(4, 2, dimFeedforward: 8, normFirst: true)
    let last = TransformerEncoderLayer(4, 2, dimFeedforward: 8)
    // The last step of a layer without normFirst is a normalization.
    #expect(last(x).mean(dim: -1).abs().max().item() < 1e-5)
    #expect(first(x).mean(dim: -1).abs().max().item() > 1e-3)
  }

  @Test(
    arguments: [
      Refusal("embed_dim must be divisible by num_heads") { _ = MultiheadAttention(5, 2) },
      Refusal("embed_dim and num_heads must be greater than 0") { _ = MultiheadAttention(0, 2) },
      Refusal("was expecting embedding dimension of 4, but got 3") {
        let x = Tensor.zeros([2, 3])
        _ = MultiheadAttention(4, 2)(x, x, x)
      },
      Refusal("The shape of the 2D attn_mask is [3, 2], but should be [2, 2]") {
        let x = Tensor.zeros([2, 4])
        _ = MultiheadAttention(4, 2)(x, x, x, attnMask: Tensor.zeros([3, 2]))
      },
      Refusal("expected `key_padding_mask` to be `None` or 1-D but found 2-D") {
        let x = Tensor.zeros([2, 4])
        _ = MultiheadAttention(4, 2)(x, x, x, keyPaddingMask: Tensor.zeros([1, 2]))
      },
      Refusal("Need attn_mask if specifying the is_causal hint") {
        let x = Tensor.zeros([2, 4])
        _ = MultiheadAttention(4, 2)(x, x, x, isCausal: true)
      },
      Refusal("the batch number of src and tgt must be equal") {
        let net = Transformer(
          dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 4)
        _ = net(Tensor.zeros([2, 3, 4]), Tensor.zeros([2, 2, 4]))
      },
    ])
  fileprivate func misuseIsExplained(_ refusal: Refusal) throws {
    let error = #expect(throws: Misuse.self) { try recovering(refusal.body) }
    #expect(error?.message.contains(refusal.words) == true, "\(error?.message ?? "")")
  }
}
