extension Operation {
  static let indexing: [Operation] = [
    subscripts, index, indexPut, take, put, gather, takeAlongDim, scatter, scatterAdd,
    scatterReduce,
    indexSelect, indexAdd, indexCopy, indexFill, indexReduce, maskedFill, maskedSelect,
    maskedScatter,
    `where`, nonzero, oneHot, embedding,
    embeddingBag,
  ]
}
