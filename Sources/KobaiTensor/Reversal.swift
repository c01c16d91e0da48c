import CKernels

/// Reverse mode where it nests: a tensor has room for one edge, so one with an edge of an outer level is
/// put into a box before an edge of an inner level is recorded on top.
///
/// A box without an edge on top means what is inside of it; `bind` opens it.
package final class Reversal: Interpreter {
  package let level: Int
  /// The transform that opened this level last on this thread.
  package var name: String {
    let thread = Self.thread
    return places.withLock { $0[thread] } ?? "grad"
  }
  private let places = Locked<[UInt: String]>([:])

  /// A number for the calling thread: where its context lies.
  private static var thread: UInt { UInt(kb_context_address()) }
  /// The depth of transforms on this thread says whether the level is open.
  package var isActive: Bool { level <= Int(kb_context_depth()) }

  private init(level: Int) { self.level = level }

  /// One for each level, so that boxes of one level are of one kind.
  private static let all = (0...largestLevel).map { Reversal(level: $0) }
  private static let largestLevel = 1023

  /// The reversal of a level that is being opened by a transform of this name.
  package static func open(level: Int, _ name: String) -> Reversal {
    let reversal = at(level: level)
    let thread = Self.thread
    reversal.places.withLock { $0[thread] = name }
    return reversal
  }

  package static func at(level: Int) -> Reversal {
    guard level <= largestLevel else {
      return misuse("grad: transforms are nested more than \(largestLevel) deep", else: all[0])
    }
    return all[level]
  }

  package func bind(_ primitive: any Primitive, _ inputs: [Tensor]) -> [Tensor] {
    KobaiTensor.bind(primitive, inputs.map(content)).map(lift)
  }

  /// A box is needed only where there is an edge to keep.
  package func lift(_ tensor: Tensor) -> Tensor {
    let now = tensor.current
    return now.node == nil ? now : trace(now.type, payload: now)
  }

  package func host(_ tensor: Tensor) -> Tensor? { content(tensor) }

  package func content(_ tensor: Tensor) -> Tensor { payload(of: tensor) as? Tensor ?? tensor }
}

extension Tensor {
  /// Without boxes that have no edge on top.
  package var unboxed: Tensor {
    var tensor = self
    while tensor.node == nil, let tracer = tensor.value.tracer,
      let reversal = tracer.interpreter as? Reversal
    {
      tensor = reversal.content(tensor)
    }
    return tensor
  }

  /// What a transform hands to its surroundings: without edges and boxes of `level` and above.
  package func lowered(below level: Int) -> Tensor {
    var tensor = current
    while true {
      if let node = tensor.node, Int(node.level) >= level { tensor.node = nil }
      guard let tracer = tensor.value.tracer, tracer.interpreter.level >= level,
        let reversal = tracer.interpreter as? Reversal
      else { return tensor }
      tensor = reversal.content(tensor)
    }
  }
}
