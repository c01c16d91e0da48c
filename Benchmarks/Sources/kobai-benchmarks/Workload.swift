import Kobai

/// One thing to measure. The workers in peers/ know it by the same name.
struct Workload: Sendable {
  let name: String
  let work: Work
  /// Nil where there is no such way to do it; throws what is missing.
  let make: @Sendable (Way) throws -> Subject?
}

/// What a call needs at least, by the textbook: floating point operations and bytes to and from memory.
/// Zero where it is not what limits the workload.
struct Work: Sendable {
  var flops = 0.0
  var reads = 0.0
  var writes = 0.0
}

/// How Kobai runs a workload.
enum Way: String {
  case eager
  case jit
  /// Eager, without the fast algorithms that round differently (Winograd's convolution).
  case precise

  func setUp() { Convolutions.isPrecise = self == .precise }
}

/// A workload that is ready to run.
struct Subject {
  /// What is timed.
  let call: () -> Void
  /// Numbers that every library must agree on: the losses of the first steps, or two projections of
  /// an operation's result.
  let check: () -> [Double]
  /// Remembers the state that training has reached; `reset` returns to it.
  var keep: () -> Void = {}
  var reset: () -> Void = {}
  /// The root mean square of the result's error against float64, divided by that of the result.
  var error: () -> Double? = { nil }
}

/// Every workload, in the order of the table.
let workloads: [Workload] = [
  trainingSteps, [mnistEpoch], matrixProducts, elementwiseOperations, reductions, normalizations,
  indexing, convolutions, poolings, attentions,
].flatMap { $0 }
