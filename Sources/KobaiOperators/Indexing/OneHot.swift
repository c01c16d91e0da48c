import KobaiTensor

extension Tensor {
  /// A last dimension with a 1 at each class's place and zeros elsewhere.
  ///
  ///     Tensor([0, 2]).oneHot(numClasses: 3)   // tensor([[1, 0, 0], [0, 0, 1]])
  ///
  /// - Parameter numClasses: the largest class + 1 unless given.
  /// - Returns: int64.
  public func oneHot(numClasses: Int? = nil) -> Tensor {
    guard dtype == .int64 else {
      return misuse(
        "oneHot: one_hot is only applicable to index tensor of type LongTensor, but the dtype is "
          + "\(dtype)")
    }
    var classes = numClasses ?? -1
    guard classes >= -1 else {
      return misuse(
        "oneHot: Class values must be smaller than num_classes, but num_classes is \(classes)")
    }
    if resolved.value.tracer == nil || classes < 0 {
      guard hostValue("oneHot") != nil else { return .poison }
      let all = array(as: Int.self)
      guard all.allSatisfy({ $0 >= 0 }) else {
        return misuse("oneHot: Class values must be non-negative.")
      }
      if classes < 0 {
        guard let largest = all.max() else {
          return misuse("oneHot: Can not infer total number of classes from empty tensor.")
        }
        classes = largest == .max ? largest : largest + 1
      }
      guard all.isEmpty || classes > 0 else {
        return misuse("oneHot: Class values must be smaller than num_classes.")
      }
      guard all.allSatisfy({ $0 < classes }) else {
        return misuse("oneHot: Class values must be smaller than num_classes.")
      }
    }
    let zeros = Tensor.zerosView(shape + [classes], .int64)
    return zeros.scatter(dim: -1, index: unsqueeze(-1), value: 1)
  }
}

extension Operation {
  static let oneHot = Operation(
    "oneHot", .indexing,
    samples: [
      Sample(.integers(0..<4, [2, 3])) { $0[0].oneHot(numClasses: 4) },
      Sample(.integers(0..<4, [])) { $0[0].oneHot(numClasses: 5) },
      Sample(.integers(0..<1, [0])) { $0[0].oneHot(numClasses: 3) },
    ])
}
