import KobaiTensor

/// What the parts of a transformer's layers are made from.
struct TransformerConfiguration {
  let dModel, nhead, dimFeedforward: Int
  let dropout: Double
  let activation: TransformerActivation
  let layerNormEps: Double
  let batchFirst, normFirst, bias: Bool
  let dtype: DType?

  func attention() -> MultiheadAttention {
    MultiheadAttention(
      dModel, nhead, dropout: dropout, bias: bias, batchFirst: batchFirst, dtype: dtype)
  }

  func linear1() -> Linear { Linear(dModel, dimFeedforward, bias: bias, dtype: dtype) }
  func linear2() -> Linear { Linear(dimFeedforward, dModel, bias: bias, dtype: dtype) }
  func norm() -> LayerNorm { LayerNorm(dModel, eps: layerNormEps, bias: bias, dtype: dtype) }
  func dropoutLayer() -> Dropout { Dropout(dropout) }

  /// A copy of `module`, which `make` makes anew. As in PyTorch, copying draws no random numbers: the
  /// default generator goes on where it stood.
  func copying<M: ModuleBase>(_ module: M, make: () -> M) -> M {
    let state = Generator.default.state
    let copy = make()
    // A state that a generator gave is always one.
    try? Generator.default.setState(state)
    for (new, old) in zip(copy.parameters, module.parameters) {
      new.state?.value = old.current.value
      new.state?.requiresGrad = old.requiresGrad
    }
    return copy.train(module.isTraining)
  }
}

extension MultiheadAttention {
  /// Attention of a sequence to itself, without the weights.
  func attendToSelf(
    _ x: Tensor, _ keyPaddingMask: Tensor?, _ attnMask: Tensor?, isCausal: Bool
  ) -> Tensor {
    self(
      x, x, x, keyPaddingMask: keyPaddingMask, needWeights: false, attnMask: attnMask,
      isCausal: isCausal
    ).output
  }
}
