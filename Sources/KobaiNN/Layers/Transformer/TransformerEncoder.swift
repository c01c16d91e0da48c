import KobaiOperators
import KobaiTensor

/// What follows the first linear layer of a transformer's layer.
public enum TransformerActivation: Sendable {
  case relu, gelu
  /// A function of one's own, from tensor to tensor of the same shape.
  case function(@Sendable (Tensor) -> Tensor)

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .relu: x.relu()
    case .gelu: x.gelu()
    case .function(let function): function(x)
    }
  }
}

/// Self-attention and a feedforward network, each with a residual connection and layer normalization
/// (Vaswani et al., 2017).
///
///     let layer = TransformerEncoderLayer(512, 8, batchFirst: true)
///     layer(Tensor.randn([32, 10, 512])).shape   // [32, 10, 512]
///
/// State: `self_attn`, `linear1`, `linear2`, `norm1`, `norm2`. See
/// [torch.nn.TransformerEncoderLayer](https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html).
public final class TransformerEncoderLayer: ModuleBase, Hookable {
  /// As hooks see a call.
  public typealias Input = Tensor
  public typealias Output = Tensor

  /// Attention of the sequence to itself.
  public let selfAttn: MultiheadAttention
  /// The first layer of the feedforward network, [dimFeedforward, model].
  public let linear1: Linear
  /// Between the two linear layers.
  public let dropout: Dropout
  /// The second layer of the feedforward network, [model, dimFeedforward].
  public let linear2: Linear
  /// For attention, for the feedforward network.
  public let norm1, norm2: LayerNorm
  /// Before the residual connections, in the same order.
  public let dropout1, dropout2: Dropout
  /// Whether normalization comes before attention and feedforward network, not after their residuals.
  public let normFirst: Bool
  /// What follows the first linear layer.
  public let activation: TransformerActivation
  private let configuration: TransformerConfiguration

  /// - Parameters:
  ///   - dModel: the size of inputs and outputs.
  ///   - nhead: the number of attention heads.
  ///   - dimFeedforward: the size between the two linear layers.
  ///   - dropout: the probability for attention weights and the outputs of each part.
  ///   - batchFirst: inputs and outputs are [batch, length, …] in place of [length, batch, …].
  ///   - bias: whether linear layers and normalizations have one.
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
    linear1 = configuration.linear1()
    dropout = configuration.dropoutLayer()
    linear2 = configuration.linear2()
    norm1 = configuration.norm()
    norm2 = configuration.norm()
    dropout1 = configuration.dropoutLayer()
    dropout2 = configuration.dropoutLayer()
    normFirst = configuration.normFirst
    activation = configuration.activation
    super.init()
  }

  /// - Parameters:
  ///   - src: [length, batch, model], [batch, length, model] with `batchFirst`, or [length, model].
  ///   - srcMask: which positions may not attend to which; see `MultiheadAttention`.
  ///   - srcKeyPaddingMask: which positions are padding.
  ///   - isCausal: says that `srcMask` is the mask of `Transformer.generateSquareSubsequentMask`.
  /// - Returns: like `src`.
  public func callAsFunction(
    _ src: Tensor, srcMask: Tensor? = nil, srcKeyPaddingMask: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    hooked(src) { src in
      func attended(_ x: Tensor) -> Tensor {
        dropout1(
          selfAttn.attendToSelf(x, srcKeyPaddingMask, srcMask, isCausal: isCausal))
      }
      if normFirst {
        let x = src + attended(norm1(src))
        return x + feedforward(norm2(x))
      }
      let x = norm1(src + attended(src))
      return norm2(x + feedforward(x))
    }
  }

  private func feedforward(_ x: Tensor) -> Tensor {
    dropout2(linear2(dropout(activation(linear1(x)))))
  }

  /// A layer of its own with the same values.
  func copy() -> TransformerEncoderLayer {
    configuration.copying(self) { TransformerEncoderLayer(configuration) }
  }
}

/// Encoder layers that are applied one after the other.
///
///     let encoder = TransformerEncoder(TransformerEncoderLayer(512, 8), numLayers: 6)
///     encoder(Tensor.randn([10, 32, 512])).shape   // [10, 32, 512]
///
/// All layers begin as copies of the one given. State: `layers.0`, …, and `norm` where there is one. See
/// [torch.nn.TransformerEncoder](https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html).
public final class TransformerEncoder: ModuleBase, Hookable {
  /// As hooks see a call.
  public typealias Input = Tensor
  public typealias Output = Tensor

  /// In the order in which they are applied.
  public let layers: [TransformerEncoderLayer]
  /// What normalizes the output of the last layer; nil leaves it.
  public let norm: LayerNorm?

  /// - Parameters:
  ///   - encoderLayer: is copied, not used itself.
  ///   - norm: is applied to the output of the last layer.
  public init(_ encoderLayer: TransformerEncoderLayer, numLayers: Int, norm: LayerNorm? = nil) {
    layers = (0..<numLayers).map { _ in encoderLayer.copy() }
    self.norm = norm
    super.init()
  }

  /// - Parameters:
  ///   - src: as for `TransformerEncoderLayer`.
  ///   - mask: the same for all layers.
  ///   - srcKeyPaddingMask: the same for all layers.
  ///   - isCausal: says that `mask` is the mask of `Transformer.generateSquareSubsequentMask`.
  public func callAsFunction(
    _ src: Tensor, mask: Tensor? = nil, srcKeyPaddingMask: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    hooked(src) { src in
      let x = layers.reduce(src) { x, layer in
        layer(x, srcMask: mask, srcKeyPaddingMask: srcKeyPaddingMask, isCausal: isCausal)
      }
      return norm?.callAsFunction(x) ?? x
    }
  }
}
