import KobaiOperators
import KobaiTensor

/// A table of embeddings of which each bag's rows are summed, averaged, or their largest elements taken.
///
///     let layer = EmbeddingBag(10, 3, mode: .sum)
///     layer(Tensor([1, 2, 4, 5, 4, 3]), offsets: [0, 4]).shape   // [2, 3]
///
/// State: `weight` [rows, size], normal at first.
public final class EmbeddingBag: ModuleBase {
  /// The number of rows, and their size.
  public let numEmbeddings, embeddingDim: Int
  /// The norm that used rows are scaled down to; nil leaves them.
  public let maxNorm: Double?
  /// The exponent of that norm.
  public let normType: Double
  /// Whether the gradient of a row is divided by how often it is used.
  public let scaleGradByFreq: Bool
  /// What becomes of the rows of a bag.
  public let mode: BagReduction
  /// Whether the last offset is the end of the last bag.
  public let includeLastOffset: Bool
  /// The row that no bag counts and that is not trained, counted from the start; nil for none.
  public let paddingIdx: Int?
  /// [numEmbeddings, embeddingDim].
  @Parameter public var weight: Tensor

  /// - Parameters:
  ///   - maxNorm: rows that are used and whose norm is larger are scaled down to it.
  ///   - includeLastOffset: whether the last offset is the end of the last bag.
  ///   - paddingIdx: a row that no bag counts and that is not trained; may be counted from the end.
  public init(
    _ numEmbeddings: Int, _ embeddingDim: Int, maxNorm: Double? = nil, normType: Double = 2,
    scaleGradByFreq: Bool = false, mode: BagReduction = .mean, includeLastOffset: Bool = false,
    paddingIdx: Int? = nil, dtype: DType? = nil
  ) {
    self.numEmbeddings = numEmbeddings
    self.embeddingDim = embeddingDim
    self.maxNorm = maxNorm
    self.normType = normType
    self.scaleGradByFreq = scaleGradByFreq
    self.mode = mode
    self.includeLastOffset = includeLastOffset
    let isValid = paddingIdx.map { $0 >= -numEmbeddings && $0 < numEmbeddings } ?? true
    self.paddingIdx = isValid ? paddingIdx.map { $0 < 0 ? $0 + numEmbeddings : $0 } : nil
    weight = Tensor.empty([numEmbeddings, embeddingDim], dtype: dtype)
    super.init()
    if !isValid {
      misuse(
        "EmbeddingBag: padding_idx must be within num_embeddings, but is \(paddingIdx ?? 0) of "
          + "\(numEmbeddings)", else: ())
    }
    resetParameters()
  }

  /// New initial values from the default generator.
  public func resetParameters() {
    noGrad {
      weight.normal_()
      if let paddingIdx { weight[paddingIdx] = Tensor.zeros([embeddingDim], dtype: weight.dtype) }
    }
  }

  /// - Parameters:
  ///   - indices: [bags, count], or [n] with `offsets`.
  ///   - offsets: where each bag begins.
  ///   - perSampleWeights: of the indices' shape, a factor for each row; for sums only.
  /// - Returns: [bags, size].
  public func callAsFunction(
    _ indices: Tensor, offsets: [Int]? = nil, perSampleWeights: Tensor? = nil
  ) -> Tensor {
    scoped {
      indices.embeddingBag(
        weight, offsets: offsets, mode: mode, perSampleWeights: perSampleWeights,
        maxNorm: maxNorm, normType: normType, scaleGradByFreq: scaleGradByFreq,
        includeLastOffset: includeLastOffset, paddingIdx: paddingIdx)
    }
  }

  public override var extraDescription: String {
    var text = "\(numEmbeddings), \(embeddingDim)"
    if let maxNorm { text += ", max_norm=\(maxNorm.python)" }
    if normType != 2 { text += ", norm_type=\(normType.python)" }
    if scaleGradByFreq { text += ", scale_grad_by_freq=True" }
    text += ", mode='\(mode.rawValue)'"
    if let paddingIdx { text += ", padding_idx=\(paddingIdx)" }
    return text
  }
}
