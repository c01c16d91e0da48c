import KobaiTensor

/// Where a loader stands, to be saved with a training run.
///
/// It is `Codable`, and the same position gives the same bytes.
public struct DataLoaderState: Codable, Hashable, Sendable {
  /// The epoch under way; nil between epochs.
  public internal(set) var position: Position?
  /// The states of the loader's generators (`generator`, and the sampler's own if it has one), now.
  public internal(set) var generators: [GeneratorState]
  /// What a loader must have in common with the one whose state this is.
  public internal(set) var shape: LoaderShape

  /// A position in the middle of an epoch.
  public struct Position: Codable, Hashable, Sendable {
    /// Where the generators stood when the epoch's order was drawn.
    var jumps: [Jump]
    /// The batches of the epoch that have been handed out.
    public internal(set) var consumed: Int
  }

  /// Where the generators stood before a draw that did not follow the one before it directly.
  struct Jump: Codable, Hashable, Sendable {
    /// 0 for the seed of an epoch, then one for each batch.
    var draw: Int
    var states: [GeneratorState]
  }

  /// The sizes that decide which examples make a batch.
  public struct LoaderShape: Codable, Hashable, Sendable {
    /// The number of examples.
    public internal(set) var datasetCount: Int
    /// The examples of a batch; nil if a batch sampler decides.
    public internal(set) var batchSize: Int?
    /// The batches of an epoch.
    public internal(set) var batchCount: Int
  }
}

/// The bytes of `Generator.state`, as text in JSON and the like: hexadecimal digits rather than
/// thousands of numbers.
public struct GeneratorState: Codable, Hashable, Sendable {
  /// What `Generator.setState` takes.
  public let bytes: [UInt8]
  /// The bytes of a state.
  public init(bytes: [UInt8]) { self.bytes = bytes }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let digits = Array(try container.decode(String.self).utf8)
    let halves = digits.compactMap(Self.value)
    let bytes = stride(from: 0, to: halves.count - 1, by: 2).map {
      halves[$0] << 4 | halves[$0 + 1]
    }
    guard digits.count == 2 * bytes.count else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a generator's state must be hexadecimal digits in pairs")
    }
    self.bytes = bytes
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  public func encode(to encoder: any Encoder) throws {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    var container = encoder.singleValueContainer()
    try container.encode(String(decoding: text, as: UTF8.self))
  }
}

extension DataLoader {
  /// Where the loader stands: between epochs, or, while a loop over it is under way, behind the batch
  /// handed out last.
  public var state: DataLoaderState {
    let position =
      resumption
      ?? epoch.flatMap { epoch in
        epoch.isOver
          ? nil
          : DataLoaderState.Position(
            jumps: epoch.jumps, consumed: epoch.consumed)
      }
    return DataLoaderState(
      position: position, generators: generators.map { GeneratorState(bytes: $0.state) },
      shape: shape)
  }

  /// Continues where `state` was taken: the next iteration gives the batches that were left of its epoch
  /// (none, if it was taken behind the last one), and those that follow are new epochs.
  ///
  ///     // in a loop, after optimizer.step():
  ///     try save(loader.state)
  ///     // in the next process, for a loader made with the same arguments:
  ///     try loader.restore(state)
  ///     for (x, y) in loader { … }   // the rest of the epoch
  ///
  /// The generators that the loader draws from (the default one, if none was given) go back to where they
  /// stood, so that everything that draws from them continues too: a run that was killed and
  /// resumed gives the same bytes as one that was not. An iteration of this loader that is
  /// under way is not affected.
  ///
  /// - Throws: `DataLoaderStateError` if the state is of a loader over another number of examples, of
  ///   other batches or other generators. The loader is then unchanged.
  public func restore(_ state: DataLoaderState) throws(DataLoaderStateError) {
    guard state.shape == shape else {
      throw DataLoaderStateError(
        "it was taken from a loader of \(state.shape), and this one has \(shape); make the "
          + "loader with the same data set and arguments")
    }
    let generators = generators
    let lists = [state.generators] + (state.position?.jumps.map(\.states) ?? [])
    guard lists.allSatisfy({ $0.count == generators.count }) else {
      throw DataLoaderStateError(
        "it holds \(state.generators.count) generators where this loader draws from "
          + "\(generators.count); give the same generator and sampler arguments")
    }
    for saved in lists.joined() {
      do { try Generator().setState(saved.bytes) } catch { throw DataLoaderStateError("\(error)") }
    }
    guard state.position.map({ (0...count).contains($0.consumed) }) ?? true else {
      throw DataLoaderStateError(
        "it lies behind batch \(state.position?.consumed ?? 0) of an epoch of \(count) batches")
    }
    for (generator, now) in zip(generators, state.generators) { generator.reset(to: now.bytes) }
    resumption = state.position
    epoch = nil
  }

  private var shape: DataLoaderState.LoaderShape {
    .init(datasetCount: datasetCount, batchSize: batchSize, batchCount: count)
  }
}

extension DataLoaderState.LoaderShape: CustomStringConvertible {
  public var description: String {
    "\(datasetCount) examples in \(batchCount) batches" + (batchSize.map { " of \($0)" } ?? "")
  }
}

extension Generator {
  /// Goes back to a state that a generator gave.
  func reset(to state: [UInt8]) {
    do {
      try setState(state)
    } catch {
      misuse("\(error)", else: ())
    }
  }
}

/// A state that a loader cannot continue from.
public struct DataLoaderStateError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence that says what does not fit.
  public let message: String
  init(_ message: String) { self.message = message }
  public var description: String { "restore: the state does not fit this loader: \(message)" }
}
