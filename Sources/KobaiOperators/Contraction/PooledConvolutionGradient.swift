import CKernels
import KobaiTensor

extension Primitives {
  /// [dy, which, x, w] → the gradients of a pooled convolution that are wanted, of x, w and bias.
  struct PooledConvolutionGradient: Primitive {
    static let name = "pooledConvolutionGradient"
    let convolution: Convolution
    let wanted: [Bool]

    init(_ convolution: Convolution, wanted: [Bool]) {
      self.convolution = convolution
      self.wanted = wanted
    }

    private var inputGradient: ConvolutionInputGradient {
      ConvolutionInputGradient(convolution.geometry, groups: convolution.groups)
    }
    private var weightGradient: ConvolutionWeightGradient {
      ConvolutionWeightGradient(convolution.geometry, groups: convolution.groups)
    }
    private var spread: WindowSpread { WindowSpread(.pairs(convolution.geometry.output)) }
    private var choice: WindowChoice { WindowChoice(.pairs(convolution.geometry.output)) }

    private func chosen<T>(_ all: [T]) -> [T] { zip(all, wanted).filter { $1 }.map { $0.0 } }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      chosen([inputs[2], inputs[3], TensorType(inputs[3].dtype, [inputs[3].shape[0]])])
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      let values = inputs.map(\.contiguous)
      let (dy, which, x, w) = (values[0], values[1], values[2], values[3])
      let bodies = infer(values.map(\.type)).map {
        Body(layout: Layout(contiguous: $0.shape), dtype: $0.dtype)
      }
      var parts = bodies[...]
      let results = wanted.map { $0 ? parts.popFirst()?.pointer : nil }
      var conv = convolution.convolution(
        batch: x.shape[0], inChannels: x.shape[1], outChannels: w.shape[0])
      dy.withElements { pdy, _ in
        which.withElements { pwhich, _ in
          x.withElements { px, _ in
            w.withElements { pw, _ in
              kb_conv_pooled_gradient(
                x.dtype.code, &conv, px, pw, pdy, pwhich.assumingMemoryBound(to: UInt8.self),
                results[0], results[1], results[2])
            }
          }
        }
      }
      return bodies.map { Value(body: $0, dtype: x.dtype) }
    }

    var residuals: Residuals { .inputs }

    func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      var parts = cotangents[...]
      let given = wanted.map { $0 ? parts.removeFirst() : nil }
      let (which, x, w) = (kept.input(1), kept.input(2), kept.input(3))
      func dz() -> Tensor { bind(spread, kept.input(0), which) }
      var results: [Tensor?] = [nil, nil, nil, nil]
      if kept.isNeeded[0] {
        let shape = [x.shape[0], w.shape[0]] + convolution.geometry.output
        let sums = [
          given[0].map { inputGradient.transposeX($0, w) },
          given[1].map { weightGradient.transposeY($0, x) },
          given[2].map { $0.alongChannels(rank: 4).broadcast(to: shape) },
        ].compactMap { $0 }
        results[0] = sums.dropFirst().reduce(sums.first) { sum, part in sum.map { $0 + part } }
          .map { bind(choice, $0, which) }
      }
      if kept.isNeeded[2] { results[2] = given[1].map { weightGradient.transposeX($0, dz()) } }
      if kept.isNeeded[3] { results[3] = given[0].map { inputGradient.transposeY($0, dz()) } }
      return results
    }

    func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      let (which, x, w) = (inputs[1], inputs[2], inputs[3])
      let dz = bind(spread, inputs[0], which)
      let tangent = tangents[0].map { bind(spread, $0, which) }
      func sum(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
        guard let a, let b else { return a ?? b }
        return a + b
      }
      return chosen([
        sum(
          tangent.map { bind(inputGradient, $0, w) },
          tangents[3].map { bind(inputGradient, dz, $0) }),
        sum(
          tangents[2].map { bind(weightGradient, $0, dz) },
          tangent.map { bind(weightGradient, x, $0) }),
        tangent.map { $0.sum(dims: [0, 2, 3]) },
      ])
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let isSpread = isBatched[0] || isBatched[1]
      let dz =
        isSpread
        ? spread.batch(
          Array(inputs.prefix(2)), isBatched: Array(isBatched.prefix(2)), size: size)[0]
        : bind(spread, inputs[0], inputs[1])
      func repeated(_ x: Tensor) -> Tensor { x.broadcast(to: [size] + x.shape) }
      func gradient<P: ConvolutionPrimitive>(
        _ primitive: P, _ x: (Tensor, Bool), _ y: (Tensor, Bool)
      )
        -> Tensor
      {
        x.1 || y.1
          ? primitive.batch([x.0, y.0], isBatched: [x.1, y.1], size: size)[0]
          : repeated(bind(primitive, x.0, y.0))
      }
      var results: [Tensor] = []
      if wanted[0] {
        results.append(gradient(inputGradient, (dz, isSpread), (inputs[3], isBatched[3])))
      }
      if wanted[1] {
        results.append(gradient(weightGradient, (inputs[2], isBatched[2]), (dz, isSpread)))
      }
      if wanted[2] {
        results.append(isSpread ? dz.sum(dims: [1, 3, 4]) : repeated(dz.sum(dims: [0, 2, 3])))
      }
      return results
    }
  }
}
