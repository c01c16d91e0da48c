import KobaiOperators
import KobaiTensor

/// Attention by several heads, each on its part of the embedding (Vaswani et al., 2017):
/// softmax(Q Kᵀ / √d) V of projected queries, keys and values, projected once more.
///
///     let attention = MultiheadAttention(512, 8, batchFirst: true)
///     let x = Tensor.randn([32, 10, 512])
///     let (y, weights) = attention(x, x, x)   // [32, 10, 512], [32, 10, 10]
///
/// State: `in_proj_weight` [3 · embed, embed], or `q_proj_weight`, `k_proj_weight` and `v_proj_weight` where
/// keys or values have a size of their own; `in_proj_bias`; `bias_k` and `bias_v` with `addBiasKV`;
/// `out_proj.weight` and `out_proj.bias`. See
/// [torch.nn.MultiheadAttention](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html).
public final class MultiheadAttention: ModuleBase, Hookable {
  /// As hooks see a call.
  public typealias Input = (query: Tensor, key: Tensor, value: Tensor)
  /// The output, and the attention weights if they were asked for.
  public typealias Output = (output: Tensor, weights: Tensor?)

  /// The size of queries and outputs, the number of heads, the sizes of keys and of values.
  public let embedDim, numHeads, kdim, vdim: Int
  /// The probability with which an attention weight is zeroed in training.
  public let dropout: Double
  /// Whether each head also has a key and value of zeros to attend to.
  public let addZeroAttn: Bool
  /// Whether inputs and outputs are [batch, length, …] in place of [length, batch, …].
  public let batchFirst: Bool
  /// [embed, embed], where keys or values have a size of their own; else nil.
  @Parameter public var qProjWeight: Tensor?
  /// [embed, kdim], where keys or values have a size of their own; else nil.
  @Parameter public var kProjWeight: Tensor?
  /// [embed, vdim], where keys or values have a size of their own; else nil.
  @Parameter public var vProjWeight: Tensor?
  /// [3 · embed, embed], for queries, keys and values in turn; nil where there are three weights.
  @Parameter public var inProjWeight: Tensor?
  /// [3 · embed], for queries, keys and values in turn; nil without a bias.
  @Parameter public var inProjBias: Tensor?
  /// [1, 1, embed], a key that each sequence has at its end; nil without `addBiasKV`.
  @Parameter public var biasK: Tensor?
  /// [1, 1, embed], the value of that key.
  @Parameter public var biasV: Tensor?
  /// The projection of the heads' outputs, [embed, embed].
  public let outProj: Linear

  /// - Parameters:
  ///   - embedDim: the size of queries and outputs, divisible by `numHeads`.
  ///   - addBiasKV: adds a trained key and value.
  ///   - kdim: the size of keys; `embedDim` unless given.
  ///   - vdim: the size of values; `embedDim` unless given.
  ///   - batchFirst: inputs and outputs are [batch, length, …] in place of [length, batch, …].
  public init(
    _ embedDim: Int, _ numHeads: Int, dropout: Double = 0, bias: Bool = true,
    addBiasKV: Bool = false, addZeroAttn: Bool = false, kdim: Int? = nil, vdim: Int? = nil,
    batchFirst: Bool = false, dtype: DType? = nil
  ) {
    self.embedDim = embedDim
    self.numHeads = numHeads
    self.kdim = kdim ?? embedDim
    self.vdim = vdim ?? embedDim
    self.dropout = dropout
    self.addZeroAttn = addZeroAttn
    self.batchFirst = batchFirst
    let isValid = Self.accepts(embedDim, numHeads)
    let size = isValid ? embedDim : 0
    let isSeparate = self.kdim != embedDim || self.vdim != embedDim
    func empty(_ shape: Shape, if isPresent: Bool) -> Tensor? {
      isPresent ? Tensor.empty(isValid ? shape : [0], dtype: dtype) : nil
    }
    qProjWeight = empty([size, size], if: isSeparate)
    kProjWeight = empty([size, self.kdim], if: isSeparate)
    vProjWeight = empty([size, self.vdim], if: isSeparate)
    inProjWeight = empty([3 * size, size], if: !isSeparate)
    inProjBias = empty([3 * size], if: bias)
    outProj = Linear(size, size, bias: bias, dtype: dtype)
    biasK = empty([1, 1, size], if: addBiasKV)
    biasV = empty([1, 1, size], if: addBiasKV)
    super.init()
    if isValid { resetParameters() }
  }

  /// New initial values from the default generator for all but `outProj.weight`.
  public func resetParameters() {
    inProjWeight?.xavierUniform_()
    qProjWeight?.xavierUniform_()
    kProjWeight?.xavierUniform_()
    vProjWeight?.xavierUniform_()
    inProjBias?.constant_(0)
    outProj.bias?.constant_(0)
    biasK?.xavierNormal_()
    biasV?.xavierNormal_()
  }

  private static func accepts(_ embedDim: Int, _ numHeads: Int) -> Bool {
    guard embedDim > 0, numHeads > 0 else {
      return misuse(
        "MultiheadAttention: embed_dim and num_heads must be greater than 0, got embed_dim=\(embedDim) "
          + "and num_heads=\(numHeads) instead", else: false)
    }
    guard embedDim % numHeads == 0 else {
      return misuse(
        "MultiheadAttention: embed_dim must be divisible by num_heads, got embed_dim=\(embedDim) and "
          + "num_heads=\(numHeads)", else: false)
    }
    return true
  }

  /// What each query takes from the values.
  ///
  /// - Parameters:
  ///   - query: [length, batch, embed], or [batch, length, embed] with `batchFirst`, or [length, embed].
  ///   - key, value: likewise, with a length and sizes of their own.
  ///   - keyPaddingMask: [batch, keys] or [keys]: bool, true where a key is to be ignored, or numbers
  ///     that are added to the scores.
  ///   - needWeights: whether to return the attention weights; without them less memory is used.
  ///   - attnMask: [queries, keys] or [batch · heads, queries, keys]: bool, true where a query may not
  ///     attend to a key, or numbers that are added to the scores.
  ///   - averageAttnWeights: whether the weights are averaged over the heads.
  ///   - isCausal: says that `attnMask` is the mask of `Transformer.generateSquareSubsequentMask`.
  /// - Returns: the output, like `query`, and the weights [batch, queries, keys], or
  ///   [batch, heads, queries, keys] without the average.
  public func callAsFunction(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, keyPaddingMask: Tensor? = nil,
    needWeights: Bool = true, attnMask: Tensor? = nil, averageAttnWeights: Bool = true,
    isCausal: Bool = false
  ) -> Output {
    hooked((query, key, value)) { given in
      // One product projects all three where they are the same, as in PyTorch.
      let isSelf = given.query.isSame(as: given.key) && given.key.isSame(as: given.value)
      return attend(
        given.query, isSelf ? nil : (given.key, given.value), keyPaddingMask, attnMask,
        isCausal: isCausal, weights: needWeights ? (averageAttnWeights ? .averaged : .each) : .none
      )
    }
  }

  /// Which attention weights are returned.
  enum Weights { case none, averaged, each }

  /// - Parameter source: keys and values; nil if they are the queries themselves.
  func attend(
    _ query: Tensor, _ source: (key: Tensor, value: Tensor)?, _ keyPaddingMask: Tensor?,
    _ attnMask: Tensor?, isCausal: Bool, weights: Weights
  ) -> (output: Tensor, weights: Tensor?) {
    let (key, value) = source ?? (query, query)
    guard accepts(query, key, value, keyPaddingMask, attnMask, isCausal) else {
      return (.poison, nil)
    }
    let isBatched = query.rank == 3
    func batchFirst(_ x: Tensor) -> Tensor {
      !isBatched ? x.unsqueeze(0) : self.batchFirst ? x : x.transpose(0, 1)
    }
    var (q, k, v) = project(
      batchFirst(query), source.map { (batchFirst($0.key), batchFirst($0.value)) })
    let batch = q.size(0)
    // As in PyTorch, the hint takes the place of the mask where nothing else needs it.
    let usesHint = isCausal && keyPaddingMask == nil && weights == .none
    var mask = usesHint ? nil : attnMask.map { scores($0, like: q) }
    if let given = mask {
      mask = given.reshape(
        given.rank == 2 ? [1, 1] + given.shape : [batch, numHeads] + given.shape.dropFirst())
    }
    var padding = keyPaddingMask.map {
      scores($0, like: q).reshape([batch, 1, 1, k.size(1)])
    }
    func extend(_ key: Tensor, _ value: Tensor) {
      k = Tensor.cat([k, key], dim: 1)
      v = Tensor.cat([v, value], dim: 1)
      mask = mask?.pad([0, 1])
      padding = padding?.pad([0, 1])
    }
    if let biasK, let biasV {
      extend(biasK.expand(batch, 1, embedDim), biasV.expand(batch, 1, embedDim))
    }
    if addZeroAttn {
      let zeros = Tensor.zeros([batch, 1, embedDim], dtype: q.dtype)
      extend(zeros, zeros)
    }
    if let padding { mask = mask.map { $0 + padding } ?? padding }
    let (heads, taken) = combine(
      split(q), split(k), split(v), mask, isCausal: usesHint, needsWeights: weights != .none)
    var output = outProj(heads.transpose(1, 2).reshape([batch, q.size(1), embedDim]))
    output = !isBatched ? output.squeeze(0) : self.batchFirst ? output : output.transpose(0, 1)
    let shown = weights == .averaged ? taken?.mean(dim: 1) : taken
    return (output, isBatched ? shown : shown?.squeeze(0))
  }

  /// [batch, length, embed] as [batch, heads, length, embed / heads].
  private func split(_ x: Tensor) -> Tensor {
    x.reshape([x.size(0), x.size(1), numHeads, embedDim / numHeads]).transpose(1, 2)
  }

  private func combine(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ mask: Tensor?, isCausal: Bool, needsWeights: Bool
  ) -> (Tensor, Tensor?) {
    let p = isTraining ? dropout : 0
    guard needsWeights else {
      let heads = scaledDotProductAttention(
        q, k, v, attnMask: mask, dropoutP: p, isCausal: isCausal)
      return (heads, nil)
    }
    let scale = (1 / Double(embedDim / numHeads)).squareRoot()
    var scores = (q * scale).matmul(k.mT)
    if let mask { scores = scores + mask }
    let weights = scores.softmax(dim: -1).dropout(p: p)
    return (weights.matmul(v), weights)
  }

  /// A mask as numbers to be added to scores: −∞ where a bool mask is true.
  private func scores(_ mask: Tensor, like x: Tensor) -> Tensor {
    guard mask.dtype == .bool else { return mask.to(x.dtype) }
    return Tensor.zeros(mask.shape, dtype: x.dtype).maskedFill(mask, -Double.infinity)
  }

  /// The projected queries, keys and values.
  private func project(_ query: Tensor, _ source: (key: Tensor, value: Tensor)?) -> (
    Tensor, Tensor, Tensor
  ) {
    func part(_ x: Tensor, _ i: Int) -> Tensor {
      x.narrow(dim: 0, start: i * embedDim, length: embedDim)
    }
    if let inProjWeight, source == nil {
      let all = linear(query, weight: inProjWeight, bias: inProjBias).chunk(3, dim: -1)
      return all.count == 3 ? (all[0], all[1], all[2]) : (.poison, .poison, .poison)
    }
    let (key, value) = source ?? (query, query)
    func project(_ x: Tensor, _ own: Tensor?, _ i: Int) -> Tensor {
      guard let weight = own ?? inProjWeight.map({ part($0, i) }) else { return .poison }
      return linear(x, weight: weight, bias: inProjBias.map { part($0, i) })
    }
    return (
      project(query, qProjWeight, 0), project(key, kProjWeight, 1), project(value, vProjWeight, 2)
    )
  }
}

extension Tensor {
  /// Whether both are one tensor: the same elements with the same origin.
  fileprivate func isSame(as other: Tensor) -> Bool {
    value.body != nil && value.body === other.value.body && node === other.node
  }
}
