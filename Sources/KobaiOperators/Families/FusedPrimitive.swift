import KobaiTensor

/// A primitive with a kernel for what several ordinary operations could compute, and one for its gradient.
///
/// The author writes both kernels and says what they compute in ordinary operations, `composed`. From that
/// follow forward mode, derivatives of every order (the gradient's own derivatives are those of the composed
/// gradient) and batching.
protocol FusedPrimitive: Primitive {
  /// How many of the first outputs are results. Those behind them are kept for the gradient's kernel and
  /// are used for nothing else.
  var resultCount: Int { get }
  /// The results in ordinary operations.
  func composed(_ inputs: [Tensor]) -> [Tensor]
  /// The cotangents of the inputs where `wanted`, nil elsewhere, from those of the results (nil: zero) and
  /// all inputs and outputs.
  func evaluateGradient(
    _ cotangents: [Value?], _ inputs: [Value], _ outputs: [Value], wanted: [Bool]
  ) -> [Value?]
  /// The gradient's kernel made ready; see `Primitive.prepare`.
  ///
  /// - Parameters:
  ///   - operands: the cotangents that are given, the inputs, the outputs.
  ///   - results: the cotangents that are wanted.
  ///   - places: where all of these stand in the kernel's list of addresses.
  func prepareGradient(
    _ operands: [StridedType], to results: [StridedType], _ places: GradientPlaces
  ) -> Prepared?
  /// Where each input and output has a batch; see `Folding`.
  var inputFoldings: [Folding] { get }
  var outputFoldings: [Folding] { get }
  /// The primitive for inputs that are folded for a batch of this size.
  func folded(_ size: Int) -> Self
}

/// Where the operands of a fused primitive's gradient stand in its list of addresses.
struct GradientPlaces: Sendable {
  /// nil: the cotangent is zero.
  let cotangents: [Int?]
  /// The first input and the first output; the others follow.
  let inputs, outputs: Int
  /// nil: not wanted.
  let results: [Int?]
}

/// How a fused primitive takes a batch, the first dimension of a tensor.
enum Folding {
  /// As another leading dimension.
  case leading
  /// Within the first dimension, the examples one after the other.
  case merged
  /// Within the first dimension, the examples' first rows before their second ones.
  case interleaved
  /// Not at all: all examples have the same.
  case shared

  func fold(_ x: Tensor, isBatched: Bool, size: Int) -> Tensor {
    if self == .shared { return x }
    let all = isBatched ? x : x.broadcast(to: [size] + x.shape)
    switch self {
    case .leading, .shared: return all
    case .merged: return all.reshape([size * all.shape[1]] + all.shape.dropFirst(2))
    case .interleaved:
      return all.transpose(0, 1).reshape([size * all.shape[1]] + all.shape.dropFirst(2))
    }
  }

  func unfold(_ y: Tensor, size: Int) -> Tensor {
    let rows = size == 0 ? 0 : y.shape[0] / size
    switch self {
    case .leading, .shared: return y
    case .merged: return y.reshape([size, rows] + y.shape.dropFirst())
    case .interleaved: return y.reshape([rows, size] + y.shape.dropFirst()).transpose(0, 1)
    }
  }
}

extension FusedPrimitive {
  public var residuals: Residuals { .all }
  public static var batchesByLoop: Bool { false }

  public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
    let results = cotangents.prefix(resultCount)
    guard results.contains(where: { $0 != nil }) else { return kept.isNeeded.map { _ in nil } }
    let gradient = Primitives.FusedGradient(
      self, given: results.map { $0 != nil }, wanted: kept.isNeeded)
    let inputs = (0..<kept.inputCount).map(kept.input)
    let outputs = cotangents.indices.map(kept.output)
    var parts = bind(gradient, results.compactMap { $0 } + inputs + outputs)[...]
    return kept.isNeeded.map { $0 ? parts.popFirst() : nil }
  }

  public func pushforward(
    _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
  ) -> [Tensor?] {
    Linearization(Self.name, inputs, composed).push(tangents)
      + outputs.dropFirst(resultCount).map { _ in nil }
  }

  public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
    let differs = zip(inputFoldings, isBatched).contains { $0 == .shared && $1 }
    if differs { return Self.looped(inputs, isBatched, size) { bind(self, $0) } }
    let all = inputs.indices.map {
      inputFoldings[$0].fold(inputs[$0], isBatched: isBatched[$0], size: size)
    }
    return zip(outputFoldings, bind(folded(size), all)).map { $0.unfold($1, size: size) }
  }

  /// One call for each example: what kernels take to be shared differs between them.
  fileprivate static func looped(
    _ inputs: [Tensor], _ isBatched: [Bool], _ size: Int, _ body: ([Tensor]) -> [Tensor]
  ) -> [Tensor] {
    // Without any example, one tells the shapes.
    let results = (0..<max(size, 1)).map { i in
      body(
        zip(inputs, isBatched).map { input, isBatched in
          if !isBatched { return input }
          return size == 0
            ? Tensor.zeros(Array(input.shape.dropFirst()), dtype: input.dtype)
            : input.select(dim: 0, index: i)
        })
    }
    return results[0].indices.map { k in
      Tensor.stack(results.map { $0[k] }).narrow(dim: 0, start: 0, length: size)
    }
  }
}

/// A function's forward derivative: the transpose of its pullback, which is linear.
private struct Linearization {
  let transposed: Tape
  let tape: Tape

  init(_ name: String, _ inputs: [Tensor], _ function: ([Tensor]) -> [Tensor]) {
    let tape = Tape(name, inputs, function)
    self.tape = tape
    transposed = Tape(name, tape.outputs.map { Tensor.zeros(like: $0) }) {
      tape.pull($0, isLast: false)
    }
  }

  func push(_ tangents: [Tensor?]) -> [Tensor?] {
    transposed.pull(
      zip(tangents, transposed.outputs).map { $0 ?? Tensor.zeros(like: $1) }, isLast: true)
  }
}

extension Primitives {
  /// The cotangents of a fused primitive's inputs that are wanted, from [those of its results that are
  /// given, its inputs, its outputs]. The outputs are functions of the inputs: the derivative along an input
  /// includes what goes through them.
  struct FusedGradient<P: FusedPrimitive>: Primitive {
    static var name: String { P.name + "Gradient" }
    let primitive: P
    let given, wanted: [Bool]

    init(_ primitive: P, given: [Bool], wanted: [Bool]) {
      self.primitive = primitive
      self.given = given
      self.wanted = wanted
    }

    private var givenCount: Int { given.lazy.filter { $0 }.count }
    /// Cotangents and inputs.
    private var primalCount: Int { givenCount + wanted.count }

    private func inputs<T>(_ all: [T]) -> [T] { Array(all[givenCount..<primalCount]) }

    private func cotangents<T>(_ all: [T]) -> [T?] {
      var next = 0
      return given.map {
        if !$0 { return nil }
        defer { next += 1 }
        return all[next]
      }
    }

    func infer(_ types: [TensorType]) -> [TensorType] {
      zip(inputs(types), wanted).filter { $1 }.map { $0.0 }
    }

    func evaluate(_ values: [Value]) -> [Value] {
      let results = primitive.evaluateGradient(
        cotangents(values), inputs(values), Array(values[primalCount...]), wanted: wanted)
      return zip(results, wanted).compactMap { $1 ? $0 : nil }
    }

    func prepare(_ operands: [StridedType], to results: [StridedType]) -> Prepared? {
      func places(_ isThere: [Bool], from first: Int) -> [Int?] {
        var next = first
        return isThere.map {
          if !$0 { return nil }
          defer { next += 1 }
          return next
        }
      }
      return primitive.prepareGradient(
        operands, to: results,
        GradientPlaces(
          cotangents: places(given, from: 0), inputs: givenCount, outputs: primalCount,
          results: places(wanted, from: operands.count)))
    }

    var residuals: Residuals { .inputs }

    private func composed(_ primals: [Tensor]) -> [Tensor] {
      let tape = Tape(P.name, inputs(primals), primitive.composed)
      let dense = zip(cotangents(primals), tape.outputs).map { $0 ?? Tensor.zeros(like: $1) }
      return zip(tape.pull(dense, isLast: true), wanted).filter { $1 }.map { $0.0 }
    }

    func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      let tape = Tape(Self.name, (0..<primalCount).map(kept.input), composed)
      let dense = zip(cotangents, tape.outputs).map { $0 ?? Tensor.zeros(like: $1) }
      let results = tape.pull(dense, isLast: true)
      return kept.isNeeded.indices.map { i in
        i < primalCount && kept.isNeeded[i] ? results[i] : nil
      }
    }

    func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      Linearization(Self.name, Array(inputs.prefix(primalCount)), composed)
        .push(Array(tangents.prefix(primalCount)))
    }

    func batch(_ tensors: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let inputFoldings = primitive.inputFoldings
      let foldings =
        zip(primitive.outputFoldings, given).filter { $1 }.map { $0.0 } + inputFoldings
        + primitive.outputFoldings
      let wantedFoldings = zip(inputFoldings, wanted).filter { $1 }.map { $0.0 }
      // The examples' gradients of what they share are not the one of all.
      let differs = zip(foldings, isBatched).contains { $0 == .shared && $1 }
      if differs || wantedFoldings.contains(.shared) {
        return P.looped(tensors, isBatched, size) { bind(self, $0) }
      }
      let all = tensors.indices.map {
        foldings[$0].fold(tensors[$0], isBatched: isBatched[$0], size: size)
      }
      let gradient = FusedGradient(primitive.folded(size), given: given, wanted: wanted)
      return zip(wantedFoldings, bind(gradient, all)).map { $0.unfold($1, size: size) }
    }
  }
}
