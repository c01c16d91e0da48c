import KobaiTensor

extension MultiheadAttention {
  /// Whether the inputs of a call fit; a misuse otherwise.
  func accepts(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ keyPaddingMask: Tensor?,
    _ attnMask: Tensor?, _ isCausal: Bool
  ) -> Bool {
    let fault =
      rankFault(query, key, value, keyPaddingMask, attnMask)
      ?? sizeFault(query, key, value, keyPaddingMask, attnMask)
      ?? (isCausal && attnMask == nil
        ? "Need attn_mask if specifying the is_causal hint. You may use "
          + "Transformer.generateSquareSubsequentMask to create this mask." : nil)
    guard let fault else { return true }
    return misuse("MultiheadAttention: \(fault)", else: false)
  }

  private func rankFault(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ keyPaddingMask: Tensor?,
    _ attnMask: Tensor?
  ) -> String? {
    guard query.rank == 2 || query.rank == 3 else {
      return "query should be unbatched 2D or batched 3D tensor but received \(query.rank)-D query "
        + "tensor"
    }
    let kind = query.rank == 3 ? "For batched (3-D) `query`" : "For unbatched (2-D) `query`"
    guard key.rank == query.rank, value.rank == query.rank else {
      return
        "\(kind), expected `key` and `value` to be \(query.rank)-D but found \(key.rank)-D and "
        + "\(value.rank)-D tensors respectively"
    }
    if let keyPaddingMask, keyPaddingMask.rank != query.rank - 1 {
      return "\(kind), expected `key_padding_mask` to be `None` or \(query.rank - 1)-D but found "
        + "\(keyPaddingMask.rank)-D tensor instead"
    }
    if let attnMask, attnMask.rank != 2, attnMask.rank != 3 {
      return "\(kind), expected `attn_mask` to be `None`, 2-D or 3-D but found \(attnMask.rank)-D "
        + "tensor instead"
    }
    for (mask, name) in [(keyPaddingMask, "key_padding_mask"), (attnMask, "attn_mask")] {
      if let mask, mask.dtype != .bool, !mask.dtype.isFloatingPoint {
        return
          "only bool and floating types of \(name) are supported, but its dtype is \(mask.dtype)"
      }
    }
    return nil
  }

  private func sizeFault(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ keyPaddingMask: Tensor?,
    _ attnMask: Tensor?
  ) -> String? {
    guard query.size(-1) == embedDim else {
      return "was expecting embedding dimension of \(embedDim), but got \(query.size(-1))"
    }
    if inProjWeight != nil, key.shape != value.shape {
      return "key shape \(key.shape) does not match value shape \(value.shape)"
    }
    guard key.shape.dropLast() == value.shape.dropLast() else {
      return "key's sequence and batch dims \(key.shape.dropLast()) do not match value's "
        + "\(value.shape.dropLast())"
    }
    guard key.size(-1) == kdim, value.size(-1) == vdim else {
      return
        "key of shape \(key.shape) and value of shape \(value.shape) must end in kdim=\(kdim) and "
        + "vdim=\(vdim)"
    }
    let (length, batch) = query.rank == 2 ? (0, nil) : batchFirst ? (1, 0) : (0, 1)
    let (queries, keys) = (query.size(length), key.size(length))
    let sequences = batch.map { query.size($0) } ?? 1
    if let batch, key.size(batch) != sequences {
      return
        "query of shape \(query.shape) and key of shape \(key.shape) must have equal batch sizes"
    }
    if let attnMask {
      let expected = attnMask.rank == 2 ? [queries, keys] : [sequences * numHeads, queries, keys]
      guard attnMask.shape == expected else {
        return "The shape of the \(attnMask.rank)D attn_mask is \(attnMask.shape), but should be "
          + "\(expected)"
      }
    }
    if let keyPaddingMask {
      let expected = batch == nil ? [keys] : [sequences, keys]
      guard keyPaddingMask.shape == expected else {
        return "expected key_padding_mask of shape \(expected), but got \(keyPaddingMask.shape)"
      }
    }
    return nil
  }
}
