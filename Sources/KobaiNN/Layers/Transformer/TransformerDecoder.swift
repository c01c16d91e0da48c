import KobaiOperators
import KobaiTensor

/// Self-attention, attention to an encoder's output and a feedforward network, each with a residual
/// connection and layer normalization (Vaswani et al., 2017).
///
///     let layer = TransformerDecoderLayer(512, 8, batchFirst: true)
///     layer(Tensor.randn([32, 20, 512]), Tensor.randn([32, 10, 512])).shape   // [32, 20, 512]
///
/// State: `self_attn`, `multihead_attn`, `linear1`, `linear2`, `norm1`, `norm2`, `norm3`. See
/// [torch.nn.TransformerDecoderLayer](https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html).
public final class TransformerDecoderLayer: ModuleBase, Hookable {
  /// As hooks see a call.
  public typealias Input = (tgt: Tensor, memory: Tensor)
  public typealias Output = Tensor

  /// Attention of the target to itself, and to the encoder's output.
  public let selfAttn, multiheadAttn: MultiheadAttention
  /// The first layer of the feedforward network, [dimFeedforward, model].
  public let linear1: Linear
  /// Between the two linear layers.
  public let dropout: Dropout
  /// The second layer of the feedforward network, [model, dimFeedforward].
  public let linear2: Linear
  /// For self-attention, for attention to the encoder's output, for the feedforward network.
  public let norm1, norm2, norm3: LayerNorm
  /// Before the residual connections, in the same order.
  public let dropout1, dropout2, dropout3: Dropout
  /// Whether normalization comes before each part, not after its residual.
  public let normFirst: Bool
  /// What follows the first linear layer.
  public let activation: TransformerActivation
  private let configuration: TransformerConfiguration

  /// - Parameters: as of `TransformerEncoderLayer`.
  public convenience init(
    _ dModel: Int, _ nhead: Int, dimFeedforward: Int = 2048, dropout: Double = 0.1,
    activation: TransformerActivation = .relu, layerNormEps: Double = 1e-5,
    batchFirst: Bool = false, normFirst: Bool = false, bias: Bool = true, dtype: DType? = nil
  ) {
    self.init(
      TransformerConfiguration(
        dModel: dModel, nhead: nhead, dimFeedforward: dimFeedforward, dropout: dropout,
        activation: activation, layerNormEps: layerNormEps, batchFirst: batchFirst,
        normFirst: normFirst, bias: bias, dtype: dtype))
  }

  init(_ configuration: TransformerConfiguration) {
    self.configuration = configuration
    selfAttn = configuration.attention()
    multiheadAttn = configuration.attention()
    linear1 = configuration.linear1()
    dropout = configuration.dropoutLayer()
    linear2 = configuration.linear2()
    norm1 = configuration.norm()
    norm2 = configuration.norm()
    norm3 = configuration.norm()
    dropout1 = configuration.dropoutLayer()
    dropout2 = configuration.dropoutLayer()
    dropout3 = configuration.dropoutLayer()
    normFirst = configuration.normFirst
    activation = configuration.activation
    super.init()
  }

  /// - Parameters:
  ///   - tgt: [length, batch, model], [batch, length, model] with `batchFirst`, or [length, model].
  ///   - memory: the encoder's output, with a length of its own.
  ///   - tgtMask, tgtKeyPaddingMask, tgtIsCausal: for self-attention; see `MultiheadAttention`.
  ///   - memoryMask, memoryKeyPaddingMask, memoryIsCausal: for attention to `memory`.
  /// - Returns: like `tgt`.
  public func callAsFunction(
    _ tgt: Tensor, _ memory: Tensor, tgtMask: Tensor? = nil, memoryMask: Tensor? = nil,
    tgtKeyPaddingMask: Tensor? = nil, memoryKeyPaddingMask: Tensor? = nil,
    tgtIsCausal: Bool = false, memoryIsCausal: Bool = false
  ) -> Tensor {
    hooked((tgt, memory)) { given in
      let (tgt, memory) = given
      func attended(_ x: Tensor) -> Tensor {
        dropout1(
          selfAttn.attendToSelf(x, tgtKeyPaddingMask, tgtMask, isCausal: tgtIsCausal))
      }
      func recalled(_ x: Tensor) -> Tensor {
        dropout2(
          multiheadAttn(
            x, memory, memory, keyPaddingMask: memoryKeyPaddingMask, needWeights: false,
            attnMask: memoryMask, isCausal: memoryIsCausal
          ).output)
      }
      if normFirst {
        var x = tgt + attended(norm1(tgt))
        x = x + recalled(norm2(x))
        return x + feedforward(norm3(x))
      }
      var x = norm1(tgt + attended(tgt))
      x = norm2(x + recalled(x))
      return norm3(x + feedforward(x))
    }
  }

  private func feedforward(_ x: Tensor) -> Tensor {
    dropout3(linear2(dropout(activation(linear1(x)))))
  }

  /// A layer of its own with the same values.
  func copy() -> TransformerDecoderLayer {
    configuration.copying(self) { TransformerDecoderLayer(configuration) }
  }
}

/// Decoder layers that are applied one after the other.
///
///     let decoder = TransformerDecoder(TransformerDecoderLayer(512, 8), numLayers: 6)
///     decoder(Tensor.randn([20, 32, 512]), Tensor.randn([10, 32, 512])).shape   // [20, 32, 512]
///
/// All layers begin as copies of the one given. State: `layers.0`, …, and `norm` where there is one. See
/// [torch.nn.TransformerDecoder](https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html).
public final class TransformerDecoder: ModuleBase, Hookable {
  /// As hooks see a call.
  public typealias Input = (tgt: Tensor, memory: Tensor)
  public typealias Output = Tensor

  /// In the order in which they are applied.
  public let layers: [TransformerDecoderLayer]
  /// What normalizes the output of the last layer; nil leaves it.
  public let norm: LayerNorm?

  /// - Parameters:
  ///   - decoderLayer: is copied, not used itself.
  ///   - norm: is applied to the output of the last layer.
  public init(_ decoderLayer: TransformerDecoderLayer, numLayers: Int, norm: LayerNorm? = nil) {
    layers = (0..<numLayers).map { _ in decoderLayer.copy() }
    self.norm = norm
    super.init()
  }

  /// - Parameters: as of `TransformerDecoderLayer`, the same for all layers.
  public func callAsFunction(
    _ tgt: Tensor, _ memory: Tensor, tgtMask: Tensor? = nil, memoryMask: Tensor? = nil,
    tgtKeyPaddingMask: Tensor? = nil, memoryKeyPaddingMask: Tensor? = nil,
    tgtIsCausal: Bool = false, memoryIsCausal: Bool = false
  ) -> Tensor {
    hooked((tgt, memory)) { given in
      let (tgt, memory) = given
      let x = layers.reduce(tgt) { x, layer in
        layer(
          x, memory, tgtMask: tgtMask, memoryMask: memoryMask,
          tgtKeyPaddingMask: tgtKeyPaddingMask, memoryKeyPaddingMask: memoryKeyPaddingMask,
          tgtIsCausal: tgtIsCausal, memoryIsCausal: memoryIsCausal)
      }
      return norm?.callAsFunction(x) ?? x
    }
  }
}
