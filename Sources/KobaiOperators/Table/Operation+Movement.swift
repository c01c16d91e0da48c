extension Operation {
  static let movement: [Operation] = [
    to, reshape, flatten, unflatten, squeeze, unsqueeze, permute, transpose, movedim, broadcast,
    expand, clone, detach, contiguous, narrow, select, sliceScatter, selectScatter, split, chunk,
    tensorSplit, unbind, cat, stack, `repeat`, repeatInterleave, flip, roll, rot90, diagonal,
    diagEmbed, diagonalScatter, tril, triu, pad, interpolate,
    unfold, fold,
  ]
}
