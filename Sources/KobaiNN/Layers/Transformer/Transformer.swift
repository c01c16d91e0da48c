import KobaiOperators
import KobaiTensor

/// An encoder and a decoder that attends to its output (Vaswani et al., 2017, "Attention Is All You Need").
///
///     let transformer = Transformer(nhead: 16, numEncoderLayers: 12)
///     transformer(Tensor.randn([10, 32, 512]), Tensor.randn([20, 32, 512])).shape   // [20, 32, 512]
///
/// State: `encoder` and `decoder`. See
/// [torch.nn.Transformer](https://docs.pytorch.org/docs/stable/generated/torch.nn.Transformer.html).
public final class Transformer: ModuleBase, Hookable {
  /// As hooks see a call.
  public typealias Input = (src: Tensor, tgt: Tensor)
  public typealias Output = Tensor

  /// The size of inputs and outputs, and the number of attention heads.
  public let dModel, nhead: Int
  /// Whether inputs and outputs are [batch, length, model] in place of [length, batch, model].
  public let batchFirst: Bool
  /// What reads `src`, with a normalization at its end.
  public let encoder: TransformerEncoder
  /// What reads `tgt` and the encoder's output, with a normalization at its end.
  public let decoder: TransformerDecoder

  /// - Parameters: as of `TransformerEncoderLayer`.
  public init(
    dModel: Int = 512, nhead: Int = 8, numEncoderLayers: Int = 6, numDecoderLayers: Int = 6,
    dimFeedforward: Int = 2048, dropout: Double = 0.1, activation: TransformerActivation = .relu,
    layerNormEps: Double = 1e-5, batchFirst: Bool = false, normFirst: Bool = false,
    bias: Bool = true, dtype: DType? = nil
  ) {
    let configuration = TransformerConfiguration(
      dModel: dModel, nhead: nhead, dimFeedforward: dimFeedforward, dropout: dropout,
      activation: activation, layerNormEps: layerNormEps, batchFirst: batchFirst,
      normFirst: normFirst, bias: bias, dtype: dtype)
    self.dModel = dModel
    self.nhead = nhead
    self.batchFirst = batchFirst
    encoder = TransformerEncoder(
      TransformerEncoderLayer(configuration), numLayers: numEncoderLayers,
      norm: configuration.norm())
    decoder = TransformerDecoder(
      TransformerDecoderLayer(configuration), numLayers: numDecoderLayers,
      norm: configuration.norm())
    super.init()
    for var parameter in parameters where parameter.rank > 1 { parameter.xavierUniform_() }
  }

  /// - Parameters:
  ///   - src: the encoder's input: [length, batch, model], [batch, length, model] with `batchFirst`, or
  ///     [length, model].
  ///   - tgt: the decoder's, with a length of its own.
  ///   - srcMask, srcKeyPaddingMask, srcIsCausal: for the encoder; see `MultiheadAttention`.
  ///   - tgtMask, tgtKeyPaddingMask, tgtIsCausal: for the decoder's self-attention.
  ///   - memoryMask, memoryKeyPaddingMask, memoryIsCausal: for its attention to the encoder's output.
  /// - Returns: like `tgt`.
  public func callAsFunction(
    _ src: Tensor, _ tgt: Tensor, srcMask: Tensor? = nil, tgtMask: Tensor? = nil,
    memoryMask: Tensor? = nil, srcKeyPaddingMask: Tensor? = nil, tgtKeyPaddingMask: Tensor? = nil,
    memoryKeyPaddingMask: Tensor? = nil, srcIsCausal: Bool = false, tgtIsCausal: Bool = false,
    memoryIsCausal: Bool = false
  ) -> Tensor {
    hooked((src, tgt)) { given in
      let (src, tgt) = given
      guard (2...3).contains(src.rank), src.rank == tgt.rank, src.size(-1) == dModel,
        tgt.size(-1) == dModel
      else {
        return misuse(
          "Transformer: the feature number of src and tgt must be equal to d_model=\(dModel), and both "
            + "must have 2 or 3 dimensions, but got shapes \(src.shape) and \(tgt.shape)")
      }
      let batch = batchFirst ? 0 : 1
      guard src.rank == 2 || src.size(batch) == tgt.size(batch) else {
        return misuse(
          "Transformer: the batch number of src and tgt must be equal, but got shapes \(src.shape) and "
            + "\(tgt.shape)")
      }
      let memory = encoder(
        src, mask: srcMask, srcKeyPaddingMask: srcKeyPaddingMask, isCausal: srcIsCausal)
      return decoder(
        tgt, memory, tgtMask: tgtMask, memoryMask: memoryMask,
        tgtKeyPaddingMask: tgtKeyPaddingMask, memoryKeyPaddingMask: memoryKeyPaddingMask,
        tgtIsCausal: tgtIsCausal, memoryIsCausal: memoryIsCausal)
    }
  }

  /// A mask that keeps each position from attending to later ones: −∞ above the diagonal, else 0.
  ///
  ///     Transformer.generateSquareSubsequentMask(2)   // tensor([[0., -inf], [0., 0.]])
  public static func generateSquareSubsequentMask(_ size: Int, dtype: DType? = nil) -> Tensor {
    Tensor.full([size, size], -Double.infinity, dtype: dtype).triu(diagonal: 1)
  }
}
