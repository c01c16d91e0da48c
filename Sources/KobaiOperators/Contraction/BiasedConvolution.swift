import CKernels
import KobaiTensor

/// A convolution that can add a bias to its result in the same pass.
protocol BiasableConvolution: ConvolutionPrimitive, TailedPrimitive {
  /// `bias`, contiguous, has an element for each channel of the result; nil adds nothing.
  func evaluate(_ x: Value, _ y: Value, bias: Value?) -> Value
  /// The kernel on contiguous operands, the third of which is the bias, if there is one.
  func contiguousKernel(_ inputs: [StridedType]) -> TailedKernel
}

extension BiasableConvolution {
  public func evaluate(_ x: Value, _ y: Value) -> Value { evaluate(x, y, bias: nil) }
}

extension Value? {
  /// Calls `body` with the elements, or with nil.
  func withContiguousElements<R>(_ body: (UnsafeRawPointer?) -> R) -> R {
    guard let value = self?.contiguous else { return body(nil) }
    return value.withElements { pointer, _ in body(pointer) }
  }
}

extension Primitives {
  /// A convolution (or its transpose) of x with w, plus a bias for each channel of the result. A primitive
  /// of its own because a separate addition reads and writes the whole result once more.
  struct BiasedConvolution<C: BiasableConvolution>: Primitive {
    static var name: String { "biased" + C.name.prefix(1).uppercased() + C.name.dropFirst() }
    static var gradientName: String { C.gradientName }
    let convolution: C

    init(_ convolution: C) { self.convolution = convolution }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      [convolution.infer(inputs[0], inputs[1])]
    }

    func evaluate(_ inputs: [Value]) -> [Value] {
      [convolution.evaluate(inputs[0], inputs[1], bias: inputs[2])]
    }

    var residuals: Residuals { [.input(0), .input(1)] }

    func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      guard let dz = cotangents[0] else { return [nil, nil, nil] }
      let others = (0..<dz.rank).filter { $0 != 1 }
      return [
        kept.isNeeded[0]
          ? convolution.transposeX(dz, kept.input(1).conjugatedIfComplex) : nil,
        kept.isNeeded[1]
          ? convolution.transposeY(dz, kept.input(0).conjugatedIfComplex) : nil,
        kept.isNeeded[2] ? dz.sum(dims: others) : nil,
      ]
    }

    func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      let (x, w, shape) = (inputs[0], inputs[1], outputs[0].shape)
      let parts = [
        tangents[0].map { bind(convolution, $0, w) },
        tangents[1].map { bind(convolution, x, $0) },
        tangents[2].map { $0.alongChannels(rank: shape.count).broadcast(to: shape) },
      ]
      return [parts.compactMap { $0 }.reduce(nil) { sum, part in sum.map { $0 + part } ?? part }]
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      // The half types round once, at the end.
      let dtype = inputs[0].dtype
      let wide = inputs.map { $0.to(dtype.computing) }
      let isConvolutionBatched = isBatched[0] || isBatched[1]
      let z =
        isConvolutionBatched
        ? convolution.batch(
          Array(wide.prefix(2)), isBatched: Array(isBatched.prefix(2)), size: size)[0]
        : bind(convolution, wide[0], wide[1])
      let rank = isConvolutionBatched ? z.rank - 1 : z.rank
      let bias = wide[2].alongChannels(rank: rank, isBatched: isBatched[2])
      return [(z + bias).to(dtype)]
    }
  }
}

extension Tensor {
  /// [C], or [batch, C], as [1, C, 1, …] of a rank, or [batch, 1, C, 1, …].
  func alongChannels(rank: Int, isBatched: Bool = false) -> Tensor {
    let shape = shape
    return reshape(
      (isBatched ? [shape[0]] : []) + [1, shape[shape.count - 1]]
        + Array(repeating: 1, count: rank - 2))
  }
}
