import KobaiOperators
import KobaiTensor

/// Sequences of different lengths without padding, the longest first: all first steps, then all second
/// steps, and so on.
///
///     let packed = packSequence([Tensor([1, 2, 3]), Tensor([4, 5])])
///     packed.data         // tensor([1, 4, 2, 5, 3])
///     packed.batchSizes   // [2, 2, 1]
///
/// `RNN`, `LSTM` and `GRU` take it and give it back.
public struct PackedSequence: Sendable {
  /// [Σ lengths, …]
  public var data: Tensor
  /// How many sequences have a step of each number.
  public let batchSizes: [Int]
  /// Where each sequence, the longest first, stood before sorting; nil if they were sorted.
  public let sortedIndices: [Int]?
  /// Where each sequence stands in the sorted order.
  public let unsortedIndices: [Int]?

  /// - Parameters:
  ///   - batchSizes: never increasing, their sum the size of `data`'s first dimension.
  ///   - sortedIndices: a permutation of 0 ..< batchSizes[0].
  public init(data: Tensor, batchSizes: [Int], sortedIndices: [Int]? = nil) {
    self.data = data
    self.batchSizes = batchSizes
    self.sortedIndices = sortedIndices
    unsortedIndices = sortedIndices.map { sorted in
      sorted.indices.sorted { sorted[$0] < sorted[$1] }
    }
    let fits =
      data.rank >= 1 && batchSizes.reduce(0, +) == data.size(0)
      && batchSizes.allSatisfy { $0 > 0 } && zip(batchSizes, batchSizes.dropFirst()).allSatisfy(>=)
      && sortedIndices.map { $0.sorted() == Array(0..<(batchSizes.first ?? 0)) } ?? true
    if !fits {
      misuse(
        "PackedSequence: batch sizes \(batchSizes) must be positive, must not increase and must add up to "
          + "the first size of data, whose shape is \(data.shape); sorted indices must be a permutation of "
          + "the sequences", else: ())
    }
  }

  /// The length of each sequence, the longest first.
  var sortedLengths: [Int] {
    (0..<(batchSizes.first ?? 0)).map { i in batchSizes.count { $0 > i } }
  }
}

/// Packs the first `lengths[i]` steps of each sequence of a padded batch.
///
///     let (x, lengths) = (Tensor([[1, 2, 3], [4, 5, 0]]), [3, 2])
///     packPaddedSequence(x, lengths: lengths, batchFirst: true).data   // tensor([1, 4, 2, 5, 3])
///
/// - Parameters:
///   - input: [steps, batch, …], or [batch, steps, …] with `batchFirst`.
///   - lengths: of each sequence, at least 1 and at most the number of steps.
///   - enforceSorted: asks for decreasing lengths; without it the sequences are sorted here.
public func packPaddedSequence(
  _ input: Tensor, lengths: [Int], batchFirst: Bool = false, enforceSorted: Bool = true
) -> PackedSequence {
  let name = "packPaddedSequence"
  guard input.rank >= 2 else {
    return .refused(
      "\(name): the input must have at least 2 dimensions, steps and batch, but its shape is "
        + "\(input.shape)")
  }
  var steps = batchFirst ? input.transpose(0, 1) : input
  guard lengths.count == steps.size(1), !lengths.isEmpty else {
    return .refused(
      "\(name): Expected `len(lengths)` to be equal to batch_size, but got \(lengths.count) "
        + "(batch_size=\(steps.size(1)))")
  }
  guard lengths.allSatisfy({ $0 > 0 }) else {
    return .refused(
      "\(name): Length of all samples has to be greater than 0, but found an element in 'lengths' that "
        + "is <= 0: \(lengths)")
  }
  var order: [Int]?
  var sorted = lengths
  if !enforceSorted {
    let places = lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
    sorted = places.map { lengths[$0] }
    order = places
    steps = steps.indexSelect(dim: 1, index: Tensor(places, shape: [places.count], dtype: .int64))
  }
  guard zip(sorted, sorted.dropFirst()).allSatisfy(>=) else {
    return .refused(
      "\(name): `lengths` array must be sorted in decreasing order when `enforce_sorted` is True, but it "
        + "is \(lengths); pass enforceSorted: false to have the sequences sorted")
  }
  guard sorted[0] <= steps.size(0) else {
    return .refused(
      "\(name): lengths must be at most the number of steps, \(steps.size(0)), but they are \(lengths)"
    )
  }
  let batchSizes = (0..<sorted[0]).map { t in sorted.count { $0 > t } }
  let rows = batchSizes.enumerated().map { t, count in
    steps.select(dim: 0, index: t).narrow(dim: 0, start: 0, length: count)
  }
  return PackedSequence(data: Tensor.cat(rows), batchSizes: batchSizes, sortedIndices: order)
}

/// The padded batch of a packed one, and the length of each sequence.
///
///     let packed = packSequence([Tensor([1, 2, 3]), Tensor([4, 5])])
///     padPackedSequence(packed, batchFirst: true)   // (tensor([[1, 2, 3], [4, 5, 0]]), [3, 2])
///
/// - Parameters:
///   - paddingValue: stands where a sequence has ended.
///   - totalLength: the number of steps of the result, at least the longest length.
public func padPackedSequence(
  _ sequence: PackedSequence, batchFirst: Bool = false, paddingValue: Double = 0,
  totalLength: Int? = nil
) -> (output: Tensor, lengths: [Int]) {
  let steps = totalLength ?? sequence.batchSizes.count
  guard steps >= sequence.batchSizes.count, let batch = sequence.batchSizes.first else {
    return misuse(
      "padPackedSequence: Expected total_length to be at least the length of the longest sequence in "
        + "input, but got total_length=\(steps) and max sequence length being "
        + "\(sequence.batchSizes.count)", else: (.poison, []))
  }
  // Row t · batch + i of the result is that of `data` where sequence i still has a step t, else the row
  // of padding that stands after them.
  let count = sequence.data.size(0)
  var index = [Int](repeating: count, count: steps * batch)
  var row = 0
  for (t, size) in sequence.batchSizes.enumerated() {
    for i in 0..<size { index[t * batch + (sequence.sortedIndices?[i] ?? i)] = row + i }
    row += size
  }
  let rest = Array(sequence.data.shape.dropFirst())
  let padding = Tensor.full([1] + rest, paddingValue, dtype: sequence.data.dtype)
  let padded = Tensor.cat([sequence.data, padding])
    .indexSelect(dim: 0, index: Tensor(index, shape: [index.count], dtype: .int64))
    .reshape([steps, batch] + rest)
  let lengths = sequence.sortedLengths
  return (
    batchFirst ? padded.transpose(0, 1) : padded,
    sequence.unsortedIndices.map { $0.map { lengths[$0] } } ?? lengths
  )
}

/// Packs sequences [length, …] of different lengths.
///
///     packSequence([Tensor([1, 2, 3]), Tensor([4, 5])]).data   // tensor([1, 4, 2, 5, 3])
public func packSequence(_ sequences: [Tensor], enforceSorted: Bool = true) -> PackedSequence {
  packPaddedSequence(
    padSequence(sequences), lengths: sequences.map { $0.rank == 0 ? 0 : $0.size(0) },
    enforceSorted: enforceSorted)
}

/// Where `padSequence` puts the padding.
public enum PaddingSide: String, Sendable, CaseIterable {
  /// Before each sequence, or behind it.
  case left, right
}

/// Sequences [length, …] stacked to one batch, the shorter ones padded.
///
///     padSequence([Tensor([1, 2, 3]), Tensor([4, 5])], batchFirst: true)   // tensor([[1, 2, 3], [4, 5, 0]])
///
/// - Returns: [steps, batch, …], or [batch, steps, …] with `batchFirst`.
public func padSequence(
  _ sequences: [Tensor], batchFirst: Bool = false, paddingValue: Double = 0,
  paddingSide: PaddingSide = .right
) -> Tensor {
  guard let rest = sequences.first?.shape.dropFirst(),
    sequences.allSatisfy({ $0.rank >= 1 && $0.shape.dropFirst() == rest })
  else {
    return misuse(
      "padSequence: received an empty list of sequences, or sequences whose sizes after the first "
        + "dimension differ: \(sequences.map(\.shape)); they must be equal")
  }
  let steps = sequences.map { $0.size(0) }.max() ?? 0
  let padded = sequences.map { sequence in
    let missing = steps - sequence.size(0)
    if missing == 0 { return sequence }
    let padding = Tensor.full([missing] + rest, paddingValue, dtype: sequence.dtype)
    return Tensor.cat(paddingSide == .right ? [sequence, padding] : [padding, sequence])
  }
  return Tensor.stack(padded, dim: batchFirst ? 0 : 1)
}

/// The sequences of a padded batch without their padding.
///
///     unpadSequence(Tensor([[1, 2, 3], [4, 5, 0]]), lengths: [3, 2], batchFirst: true)
///     // [tensor([1, 2, 3]), tensor([4, 5])]
public func unpadSequence(_ padded: Tensor, lengths: [Int], batchFirst: Bool = false) -> [Tensor] {
  guard padded.rank >= 2, lengths.count == padded.size(batchFirst ? 0 : 1) else {
    return misuse(
      "unpadSequence: \(lengths.count) lengths were given for a batch of shape \(padded.shape); each "
        + "sequence needs one", else: [])
  }
  return zip(padded.unbind(dim: batchFirst ? 0 : 1), lengths).map {
    $0.narrow(dim: 0, start: 0, length: $1)
  }
}

/// The sequences of a packed batch, in their order before sorting.
public func unpackSequence(_ sequence: PackedSequence) -> [Tensor] {
  let (padded, lengths) = padPackedSequence(sequence)
  return unpadSequence(padded, lengths: lengths)
}

extension PackedSequence {
  /// What stands for a packed sequence after a misuse.
  fileprivate static func refused(_ message: String) -> PackedSequence {
    misuse(message, else: ())
    return PackedSequence(refused: .poison)
  }

  private init(refused data: Tensor) {
    self.data = data
    batchSizes = []
    sortedIndices = nil
    unsortedIndices = nil
  }
}
