import CKernels
import KobaiOperators
import KobaiTensor

extension Primitives {
  /// A product or convolution and the group that follows it, its *tail*, which runs on parts of the result
  /// while they lie in the caches. Graphs have it after the pass `epilogues`; it is not differentiated or
  /// batched.
  ///
  /// Inputs are the product's and then the group's but for the product's result; outputs are the group's and
  /// then, if it is kept, the product's.
  struct Tailed: Primitive {
    static let name = "tailed"
    let product: any TailedPrimitive
    let productInputs: Int
    let group: FusedGroup
    /// The group's input that is the product's result, and the shape under which it reads it.
    let main: Int
    let shape: Shape
    /// The group's output that takes the place of the product's result; nil: that one is an output too.
    let place: Int?

    /// The operations, in order.
    var names: [String] { [type(of: product).name] + group.names }

    static func == (a: Tailed, b: Tailed) -> Bool {
      a.group == b.group && a.main == b.main && a.shape == b.shape && a.place == b.place
        && AnyHashable(a.product) == AnyHashable(b.product)
    }
    func hash(into hasher: inout Hasher) {
      hasher.combine(group)
      hasher.combine(AnyHashable(product))
    }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      let results = product.infer(Array(inputs.prefix(productInputs)))
      let types = group.infer(inserting(TensorType(results[0].dtype, shape), in: inputs))
      return place == nil ? types + results : types
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      let results = product.evaluate(Array(inputs.prefix(productInputs)))
      let result =
        results[0].shape == shape ? results[0] : results[0].view(Layout(contiguous: shape))
      let values = group.evaluate(
        inserting(result, in: inputs), replacing: place.map { ($0, main) })
      return place == nil ? values + results : values
    }

    /// The group's inputs.
    private func inserting<T>(_ result: T, in inputs: [T]) -> [T] {
      var own = Array(inputs.dropFirst(productInputs))
      own.insert(result, at: main)
      return own
    }

    func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      guard outputs.allSatisfy(\.layout.isContiguous) else { return nil }
      let own = Array(inputs.prefix(productInputs))
      let type = product.infer(own.map { TensorType($0.dtype, $0.shape) })[0]
      let result = StridedType(type.dtype, Layout(contiguous: type.shape))
      let operands = TailOperands(self, inputCount: inputs.count, outputCount: outputs.count)
      let read = inserting(StridedType(type.dtype, Layout(contiguous: shape)), in: inputs)
      let columns = type.shape.suffix(product.rowRank(of: type.shape)).reduce(1, *)
      if let kernel = product.kernel(own, to: result),
        let kinds = TailInputs(read.map(\.layout), shape: shape, columns: columns)
      {
        let program = group.program
        return .kernel(mayReplace: []) { memory in
          operands.fill(memory)
          var tail = kb_fused_make_tail(
            program.code, columns, kinds.uniform, kinds.byRow, kinds.byColumn, operands.read,
            operands.written)
          withUnsafeMutableBytes(of: &tail) {
            kernel(operands.product, $0.assumingMemoryBound(to: kb_tail.self).baseAddress)
          }
          return true
        }
      }
      let written = outputs.prefix(group.program.results.count)
      guard case .kernel(_, let first)? = product.prepare(own, to: [result]),
        case .kernel(_, let second)? = group.prepare(read, to: Array(written))
      else { return nil }
      return .kernel(mayReplace: []) { memory in
        operands.fill(memory)
        return first(operands.product) && second(operands.group)
      }
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      misuse("tailed: a group of operations is batched before it is formed", else: [.poison])
    }
  }
}

/// How the inputs of a tail lie, a bit for each; see `kb_fused_tail`.
private struct TailInputs {
  var uniform: UInt32 = 0
  var byRow: UInt32 = 0
  var byColumn: UInt32 = 0

  /// Shorter rows are not worth a run of the group's code for each.
  private static let leastColumns = 128

  /// nil if one lies in another way than a tail takes.
  init?(_ layouts: [Layout], shape: Shape, columns: Int) {
    // The dimensions that are a row.
    var split = shape.count
    var length = 1
    while split > 0, length < columns {
      split -= 1
      length *= shape[split]
    }
    for (i, layout) in layouts.enumerated() where !(layout.isContiguous && layout.shape == shape) {
      if layout.strides.allSatisfy({ $0 == 0 }) {
        uniform |= 1 << UInt32(i)
        continue
      }
      guard length == columns, columns >= Self.leastColumns else { return nil }
      let (rows, row) = (layout.part(..<split), layout.part(split...))
      if rows.isContiguous, row.strides.allSatisfy({ $0 == 0 }) {
        byRow |= 1 << UInt32(i)
      } else if row.isContiguous, rows.strides.allSatisfy({ $0 == 0 }) {
        byColumn |= 1 << UInt32(i)
      } else {
        return nil
      }
    }
  }
}

extension Layout {
  fileprivate func part(_ range: some RangeExpression<Int>) -> Layout {
    Layout(shape: Array(shape[range]), strides: Array(strides[range]))
  }
}

/// The lists of addresses that a product and its tail are called with.
///
/// `@unchecked Sendable`: used by one thread at a time.
private final class TailOperands: @unchecked Sendable {
  private let primitive: Primitives.Tailed
  private let inputCount: Int
  private let outputCount: Int
  /// The product's inputs and result, then the group's inputs and outputs.
  private let list: UnsafeMutablePointer<UnsafeMutableRawPointer>

  init(_ primitive: Primitives.Tailed, inputCount: Int, outputCount: Int) {
    self.primitive = primitive
    (self.inputCount, self.outputCount) = (inputCount, outputCount)
    list = .allocate(capacity: inputCount + outputCount + 2)
  }

  deinit { list.deallocate() }

  var product: Prepared.Memory { Prepared.Memory(list) }
  var group: Prepared.Memory { Prepared.Memory(list + primitive.productInputs + 1) }
  var read: UnsafePointer<UnsafeRawPointer?> { Self.optional(group) }
  var written: UnsafePointer<UnsafeMutableRawPointer?> {
    Self.optional(group + (inputCount - primitive.productInputs + 1))
  }

  /// The same addresses for functions that also take null.
  private static func optional<Pointer>(_ memory: Prepared.Memory) -> UnsafePointer<Pointer?> {
    UnsafeRawPointer(memory).assumingMemoryBound(to: Pointer?.self)
  }

  func fill(_ memory: Prepared.Memory) {
    let count = primitive.productInputs
    let outputs = memory + inputCount
    let result = outputs[primitive.place ?? outputCount - 1]
    list.update(from: memory, count: count)
    list[count] = result
    let own = list + count + 1
    own.update(from: memory + count, count: primitive.main)
    own[primitive.main] = result
    let rest = inputCount - count - primitive.main
    (own + primitive.main + 1).update(from: memory + count + primitive.main, count: rest)
    (own + inputCount - count + 1).update(from: outputs, count: outputCount)
  }
}
