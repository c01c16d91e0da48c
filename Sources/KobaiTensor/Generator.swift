import CKernels

/// A source of random numbers: PyTorch's CPU generator, bit for bit.
///
/// The same seed gives the numbers that PyTorch gives for it, and the same samplers in the same
/// order keep both streams together.
///
///     let generator = Generator(seed: 42)
///     generator.initialSeed             // 42
///     let start = generator.state       // 5056 bytes, equal to torch.get_rng_state()
///     …                                 // draw
///     try generator.setState(start)     // and the same numbers come again
///
/// The engine is MT19937 (Matsumoto and Nishimura, 1998). Only the low 32 bits of a seed reach it,
/// so seeds that differ above them give the same numbers. A generator is an identity: every copy of
/// the reference draws from one stream. Several threads may share one, but then the order in which
/// they draw, and so what each gets, is the scheduler's; reproducible programs give each its own.
public final class Generator: Sendable {
  private let engine: Locked<kb_generator>

  /// The generator that is used where none is given. It starts with a seed that differs from run to
  /// run; ``manualSeed(_:)-(Int)`` makes a program repeat its numbers.
  ///
  ///     Generator.default.manualSeed(0)
  ///     Generator.default.initialSeed     // 0
  ///
  /// Inside of ``withGenerator(_:_:)`` it is the one given there.
  public static var `default`: Generator { replacement ?? shared }

  private static let shared = Generator(seed: nonDeterministicSeed())
  @TaskLocal fileprivate static var replacement: Generator?

  /// A generator with the seed that PyTorch gives to a new one.
  ///
  ///     Generator().initialSeed   // 67280421310721
  public convenience init() {
    self.init(seed: UInt64(KB_GENERATOR_DEFAULT_SEED))
  }

  /// A generator at the start of the stream of `seed`; a negative one stands for 2⁶⁴ + seed.
  ///
  ///     Generator(seed: -7).initialSeed   // 18446744073709551609
  public convenience init(seed: Int) {
    self.init(seed: UInt64(bitPattern: Int64(seed)))
  }

  /// A generator at the start of the stream of `seed`.
  public init(seed: UInt64) {
    engine = Locked(kb_generator())
    withUnsafeGenerator { kb_generator_seed($0, seed) }
  }

  /// Goes to the start of the stream of `seed`; a negative one stands for 2⁶⁴ + seed.
  ///
  ///     let generator = Generator()
  ///     generator.manualSeed(3).initialSeed   // 3
  ///
  /// - Returns: the generator itself.
  @discardableResult
  public func manualSeed(_ seed: Int) -> Generator {
    manualSeed(UInt64(bitPattern: Int64(seed)))
  }

  /// Goes to the start of the stream of `seed`.
  ///
  /// - Returns: the generator itself.
  @discardableResult
  public func manualSeed(_ seed: UInt64) -> Generator {
    withUnsafeGenerator { kb_generator_seed($0, seed) }
    return self
  }

  /// Goes to the start of the stream of a seed that differs from call to call.
  ///
  /// - Returns: that seed, with which ``manualSeed(_:)-(UInt64)`` repeats what follows.
  @discardableResult
  public func seed() -> UInt64 {
    let seed = Self.nonDeterministicSeed()
    manualSeed(seed)
    return seed
  }

  /// The seed given last; drawing does not change it.
  ///
  ///     Generator(seed: 42).initialSeed   // 42
  public var initialSeed: UInt64 {
    withUnsafeGenerator { $0.pointee.seed }
  }

  /// The seed, the position in the stream and what is left of a pair of normals, as 5056 bytes: the
  /// content of PyTorch's `torch.get_rng_state()` and `Generator.get_state()`.
  ///
  ///     Generator(seed: 42).state.count        // 5056
  ///     Generator(seed: 42).state.prefix(2)    // [42, 0]: the seed, little endian
  public var state: [UInt8] {
    withUnsafeGenerator { engine in
      [UInt8](unsafeUninitializedCapacity: Int(KB_GENERATOR_STATE_BYTES)) { bytes, count in
        guard let start = bytes.baseAddress else { return }
        kb_generator_get_state(engine, start)
        count = Int(KB_GENERATOR_STATE_BYTES)
      }
    }
  }

  /// Continues where `state` was taken, in this program or in PyTorch.
  ///
  ///     let generator = Generator(seed: 1), copy = Generator()
  ///     try copy.setState(generator.state)
  ///     copy.initialSeed                       // 1
  ///
  /// - Throws: ``GeneratorStateError`` when the bytes are no such state; the generator is then
  ///   unchanged.
  public func setState(_ state: [UInt8]) throws(GeneratorStateError) {
    let status = withUnsafeGenerator { kb_generator_set_state($0, state, state.count) }
    guard status == KB_OK else { throw GeneratorStateError(byteCount: state.count) }
  }

  /// Calls `body` with the engine while no other thread uses it. `body` must not use this generator
  /// in another way, which would wait for itself, nor keep the pointer.
  package func withUnsafeGenerator<R>(_ body: (UnsafeMutablePointer<kb_generator>) -> R) -> R {
    engine.withLock { body(&$0) }
  }

  private static func nonDeterministicSeed() -> UInt64 {
    UInt64.random(in: .min ... .max)
  }
}

/// Seeds the default generator, as `torch.manual_seed` does: from here on the program draws the
/// numbers that PyTorch draws. A negative seed stands for 2⁶⁴ + seed.
///
///     manualSeed(0)
///     Generator.default.initialSeed   // 0
///
/// - Returns: the default generator.
@discardableResult
public func manualSeed(_ seed: Int) -> Generator {
  Generator.default.manualSeed(seed)
}

/// Seeds the default generator, as `torch.manual_seed` does.
///
/// - Returns: the default generator.
@discardableResult
public func manualSeed(_ seed: UInt64) -> Generator {
  Generator.default.manualSeed(seed)
}

/// Runs `body` with another default generator: what it draws does not depend on what other threads and
/// tasks draw at the same time.
///
///     let a = withGenerator(Generator(seed: 0)) { Tensor.rand([2]) }
///     a   // tensor([0.4963, 0.7682])
public func withGenerator<R>(_ generator: Generator, _ body: () throws -> R) rethrows -> R {
  try Generator.$replacement.withValue(generator, operation: body)
}

/// Runs `body`, which may wait, with another default generator.
public func withGenerator<R>(
  _ generator: Generator, isolation: isolated (any Actor)? = #isolation,
  _ body: () async throws -> R
) async rethrows -> R {
  try await Generator.$replacement.withValue(generator, operation: body)
}

/// Bytes that are no state of a ``Generator``.
public struct GeneratorStateError: Error, Hashable, CustomStringConvertible {
  /// How many bytes were given.
  public let byteCount: Int

  public var description: String {
    let size = Int(KB_GENERATOR_STATE_BYTES)
    let given =
      byteCount == size
      ? "the \(size) bytes hold no MT19937 state (unseeded, or its counters are out of range)"
      : "\(byteCount) bytes given where a state has \(size)"
    return "setState: \(given): pass what `state` or torch.get_rng_state() gave"
  }
}
