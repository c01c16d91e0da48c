import CKernels
import KobaiOperators
import KobaiTensor

extension Primitives {
  /// A group of elementwise operations of float32 or float64 that passes over memory once and may have
  /// several results. Graphs have it after the pass `fuse`; it is not differentiated or batched.
  struct FusedGroup: Primitive {
    static let name = "fused"
    let program: FusedProgram
    /// The operations, in order.
    let names: [String]

    static func == (a: FusedGroup, b: FusedGroup) -> Bool { a.program === b.program }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(program)) }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      let shape = inputs.lazy.map(\.shape).first { !$0.isEmpty } ?? []
      return program.results.map { TensorType($0, shape) }
    }

    func evaluate(_ inputs: [Value]) -> [Value] { evaluate(inputs, replacing: nil) }

    /// - Parameter replaced: an output, and the input in whose memory it is to lie.
    func evaluate(_ inputs: [Value], replacing replaced: (output: Int, input: Int)?) -> [Value] {
      let shape = inputs.lazy.map(\.shape).first { !$0.isEmpty } ?? []
      let layout = Layout(contiguous: shape)
      let results = program.results.enumerated().map { o, dtype in
        if let replaced, replaced.output == o { return inputs[replaced.input] }
        return Value(body: Body(layout: layout, dtype: dtype), dtype: dtype)
      }
      // A single element is read in memory.
      let arrays = inputs.map { $0.shape.isEmpty ? $0.view(Layout(contiguous: [1])) : $0 }
      let layouts = zip(inputs, arrays).map {
        StridedLayout($0.shape.isEmpty ? .scalar : $1.layout, standingFor: shape.count)
      }
      withExtendedLifetime((arrays, results, layouts)) {
        let pointers = arrays.map { $0.body.map { UnsafeRawPointer($0.pointer) } }
        let outputs = results.map { $0.body?.pointer }
        kb_fused_run(
          program.code, shape.count, shape, pointers, layouts.map(\.strides), outputs)
      }
      return results
    }

    func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      guard outputs.allSatisfy(\.layout.isContiguous) else { return nil }
      let result = StridedLayout(outputs[0].layout)
      let prepared = PreparedGroup(
        program, inputs.map { StridedLayout($0.layout, standingFor: result.rank) }, result)
      let mayReplace = outputs.indices.map { o in
        inputs.indices.filter {
          inputs[$0].layout.rank == result.rank && kb_fused_may_replace(program.code, o, $0)
        }
      }
      return .kernel(mayReplace: mayReplace) { prepared.run($0) }
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      misuse("fused: a group of operations is batched before it is formed", else: [.poison])
    }
  }
}

/// What a group computes.
///
/// `@unchecked Sendable`: immutable.
final class FusedProgram: @unchecked Sendable {
  let code: OpaquePointer
  /// The dtype in which it computes.
  let dtype: DType
  /// The dtypes of the results.
  let results: [DType]

  /// Translates a program, which it frees.
  init(
    _ program: UnsafeMutablePointer<kb_fused_program>, dtype: DType, results: [DType]
  ) {
    code = kb_fused_make(program)
    (self.dtype, self.results) = (dtype, results)
    kb_fused_program_free(program)
  }

  deinit { kb_fused_free(code) }
}

/// A group with the strides of its inputs.
///
/// `@unchecked Sendable`: immutable.
private final class PreparedGroup: @unchecked Sendable {
  private let program: FusedProgram
  private let layouts: [StridedLayout]
  private let result: StridedLayout
  private let strides: UnsafeMutablePointer<UnsafePointer<Int>?>

  init(_ program: FusedProgram, _ inputs: [StridedLayout], _ result: StridedLayout) {
    self.program = program
    layouts = inputs
    self.result = result
    strides = .allocate(capacity: max(inputs.count, 1))
    for (i, layout) in inputs.enumerated() { (strides + i).initialize(to: layout.strides) }
  }

  deinit { strides.deallocate() }

  func run(_ memory: Prepared.Memory) -> Bool {
    let count = layouts.count
    UnsafeRawPointer(memory).withMemoryRebound(to: UnsafeRawPointer?.self, capacity: count) {
      inputs in
      UnsafeRawPointer(memory + count).withMemoryRebound(
        to: UnsafeMutableRawPointer?.self, capacity: program.results.count
      ) { outputs in
        kb_fused_run(program.code, result.rank, result.sizes, inputs, strides, outputs)
      }
    }
    return true
  }
}
