import KobaiOperators
import KobaiTensor

/// A table of vectors that are looked up by number.
///
///     let layer = Embedding(10, 3)
///     layer(Tensor([[1, 2, 4, 5], [4, 3, 2, 9]])).shape   // [2, 4, 3]
///
/// State: `weight` [numEmbeddings, embeddingDim], standard normal at first.
public final class Embedding: Module {
  /// The number of rows, and their size.
  public let numEmbeddings, embeddingDim: Int
  /// The row that is not trained, counted from the start; nil for none.
  public let paddingIdx: Int?
  /// The norm that used rows are scaled down to; nil leaves them.
  public let maxNorm: Double?
  /// The exponent of that norm.
  public let normType: Double
  /// Whether the gradient of a row is divided by how often it is used in the batch.
  public let scaleGradByFreq: Bool
  /// [numEmbeddings, embeddingDim].
  @Parameter public var weight: Tensor

  /// - Parameters:
  ///   - paddingIdx: a row of zeros that is not trained; counted from the end if negative.
  ///   - maxNorm: rows that are used and whose norm is larger are scaled down to it.
  ///   - normType: the exponent of that norm.
  ///   - scaleGradByFreq: divides the gradient of a row by how often it is used in the batch.
  public init(
    _ numEmbeddings: Int, _ embeddingDim: Int, paddingIdx: Int? = nil, maxNorm: Double? = nil,
    normType: Double = 2, scaleGradByFreq: Bool = false, dtype: DType? = nil
  ) {
    self.numEmbeddings = numEmbeddings
    self.embeddingDim = embeddingDim
    self.paddingIdx = Self.row(paddingIdx, of: numEmbeddings)
    self.maxNorm = maxNorm
    self.normType = normType
    self.scaleGradByFreq = scaleGradByFreq
    weight = Tensor.empty([numEmbeddings, embeddingDim], dtype: dtype)
    super.init()
    resetParameters()
  }

  /// With a given table.
  ///
  /// - Parameter freeze: whether it stays as it is.
  public convenience init(
    pretrained table: Tensor, freeze: Bool = true, paddingIdx: Int? = nil, maxNorm: Double? = nil,
    normType: Double = 2, scaleGradByFreq: Bool = false
  ) {
    guard table.rank == 2 else {
      misuse(
        "Embedding: Embeddings parameter is expected to be 2-dimensional, but its shape is "
          + "\(table.shape)", else: ())
      self.init(0, 0)
      return
    }
    self.init(
      table.shape[0], table.shape[1], paddingIdx: paddingIdx, maxNorm: maxNorm, normType: normType,
      scaleGradByFreq: scaleGradByFreq, dtype: table.dtype)
    weight = table.detach()
    if freeze { requiresGrad_(false) }
  }

  /// New initial values from the default generator.
  public func resetParameters() {
    noGrad {
      weight.normal_()
      if let paddingIdx { weight[paddingIdx] = Tensor.zeros([embeddingDim], dtype: weight.dtype) }
    }
  }

  public func forward(_ indices: Tensor) -> Tensor {
    indices.embedding(
      weight, paddingIdx: paddingIdx, maxNorm: maxNorm, normType: normType,
      scaleGradByFreq: scaleGradByFreq)
  }

  public override var extraDescription: String {
    var text = "\(numEmbeddings), \(embeddingDim)"
    if let paddingIdx { text += ", padding_idx=\(paddingIdx)" }
    if let maxNorm { text += ", max_norm=\(maxNorm)" }
    if normType != 2 { text += ", norm_type=\(normType)" }
    if scaleGradByFreq { text += ", scale_grad_by_freq=True" }
    return text
  }

  private static func row(_ index: Int?, of count: Int) -> Int? {
    guard let index else { return nil }
    guard index >= -count && index < count else {
      return misuse(
        "Embedding: Padding_idx must be within num_embeddings, but is \(index) of \(count)",
        else: nil)
    }
    return index < 0 ? index + count : index
  }
}
