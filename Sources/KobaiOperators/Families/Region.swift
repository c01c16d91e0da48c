import CKernels
import KobaiTensor

/// A regular part of an array: in each dimension a start, a count and a step. Dropped dimensions have a
/// count of 1 and do not appear in the part's shape.
package struct Region: Hashable, Sendable {
  package var source: Shape
  package var starts: [Int]
  package var counts: [Int]
  package var steps: [Int]
  package var dropped: [Bool]

  /// All of an array.
  package init(of source: Shape) {
    self.source = source
    starts = Shape(repeating: 0, count: source.count)
    counts = source
    steps = Shape(repeating: 1, count: source.count)
    dropped = Array(repeating: false, count: source.count)
  }

  package func narrowed(_ dim: Int, start: Int, count: Int, step: Int = 1) -> Region {
    var result = self
    result.starts[dim] = start
    result.counts[dim] = count
    // Without a second index there is no step, whatever its size.
    result.steps[dim] = count > 1 ? step : 1
    return result
  }

  package func selecting(_ dim: Int, _ index: Int) -> Region {
    var result = narrowed(dim, start: index, count: 1)
    result.dropped[dim] = true
    return result
  }

  package var isWhole: Bool { counts == source && !dropped.contains(true) }

  /// The shape of the part.
  package var shape: Shape { zip(counts, dropped).filter { !$1 }.map(\.0) }

  /// The same part of each array of a batch.
  package func batched(_ size: Int) -> Region {
    var result = Region(of: [size] + source)
    result.starts = [0] + starts
    result.counts = [size] + counts
    result.steps = [1] + steps
    result.dropped = [false] + dropped
    return result
  }

  /// Where the part lies in an array with these strides, in elements.
  func place(in strides: [Int]) -> (strides: [Int], offset: Int) {
    var result: [Int] = []
    result.reserveCapacity(strides.count)
    var offset = 0
    var isEmpty = false
    for d in source.indices {
      offset += starts[d] * strides[d]
      if counts[d] == 0 { isEmpty = true }
      if !dropped[d] { result.append(strides[d] * steps[d]) }
    }
    // An empty part may start behind the last element: it has no place.
    return (result, isEmpty ? 0 : offset)
  }

  /// Writes `value`, of the part's shape, into an array of the source's shape; it is contiguous unless
  /// `strides` say otherwise.
  func write(
    _ value: Value, into memory: UnsafeMutableRawPointer, strides: [Int]? = nil
  ) {
    guard value.count > 0 else { return }
    let (steps, offset) = place(in: strides ?? Layout(contiguous: source).strides)
    value.withElements { pointer, strides in
      kb_copy(
        value.dtype.size, steps.count, value.shape, pointer, strides,
        memory + offset * value.dtype.size, steps)
    }
  }
}

extension Value {
  /// A fresh contiguous copy, which `change` may write to.
  func copied(_ change: (UnsafeMutableRawPointer) -> Void) -> Value {
    let layout = layout
    return withElements { source, strides in
      Value.make(dtype, layout.contiguous) { out in
        kb_copy(dtype.size, layout.rank, layout.shape, source, strides, out, nil)
        change(out)
      }
    }
  }
}

extension Tensor {
  /// Zeros that take no memory: one element that repeats.
  static func zerosView(_ shape: Shape, _ dtype: DType) -> Tensor {
    full([], 0, dtype: dtype).broadcast(to: shape)
  }

  /// 0, 1, 2 … as int64.
  static func positions(_ count: Int) -> Tensor {
    Tensor(Array(0..<Int64(count)), shape: [count], dtype: .int64)
  }

  /// The part of this tensor. A view.
  package func part(_ region: Region) -> Tensor {
    region.isWhole ? self : bind(Primitives.Slice(region), self)
  }
}
