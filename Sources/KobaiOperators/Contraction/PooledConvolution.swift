import CKernels
import KobaiTensor

extension Tensor {
  /// What `conv2d`, `relu` and `maxPool2d(kernelSize: 2)` give one after the other, in one pass that neither
  /// writes nor keeps what lies between them; ReLU and pooling may also change places.
  ///
  ///     x.conv2dReluMaxPool2d(weight, bias: bias, …)   // x.conv2d(weight, bias: bias).relu().maxPool2d(kernelSize: 2)
  ///
  /// - Parameter pool: the size, stride, padding and dilation of the pooling and whether its last windows
  ///   may reach beyond the plane.
  /// - Returns: nil where there is no such pass: for other windows than 2 × 2 side by side, for other dtypes
  ///   than float32 and float64, and for arguments that `conv2d` or `maxPool2d` would refuse. Values and
  ///   gradients are those of the three operations; only the sum for the bias has another order.
  package func conv2dReluMaxPool2d(
    _ weight: Tensor, bias: Tensor?, stride: [Int], padding: any ConvolutionPadding,
    dilation: [Int], groups: Int,
    pool: (
      size: any PerDimension, stride: any PerDimension, padding: any PerDimension,
      dilation: any PerDimension, ceilMode: Bool
    )
  ) -> Tensor? {
    let (x, w) = (shape, weight.shape)
    guard dtype == .float32 || dtype == .float64, weight.dtype == dtype, x.count == 4, w.count == 4,
      bias.map({ $0.dtype == dtype && $0.shape == [w[0]] }) ?? true,
      groups > 0, w[0] > 0, w[0] % groups == 0, x[1] > 0, x[1] == w[1] * groups,
      Self.isPair(pool.size), Self.isPair(pool.stride), Self.isBoth(pool.padding, 0),
      Self.isBoth(pool.dilation, 1)
    else { return nil }
    func pair(_ sizes: [Int]) -> [Int] { sizes.count == 1 ? [sizes[0], sizes[0]] : sizes }
    let (stride, dilation) = (pair(stride), pair(dilation))
    let kernel = Array(w.suffix(2))
    let reach = (0..<2).map { dilation[$0] * (kernel[$0] - 1) }
    guard stride.count == 2, dilation.count == 2,
      (stride + dilation + kernel).allSatisfy({ $0 > 0 })
    else { return nil }
    let begin: [Int]
    var sizes: [Int]
    if let explicit = padding.explicitPadding.map(pair) {
      guard explicit.count == 2, explicit.allSatisfy({ $0 >= 0 }) else { return nil }
      begin = explicit
      sizes = (0..<2).map { x[2 + $0] + 2 * explicit[$0] - reach[$0] }
    } else {
      guard stride == [1, 1] else { return nil }
      begin = reach.map { $0 / 2 }
      sizes = Array(x.suffix(2))
    }
    guard sizes.allSatisfy({ $0 > 0 }) else { return nil }
    sizes = (0..<2).map { (sizes[$0] - 1) / stride[$0] + 1 }
    guard sizes.allSatisfy({ $0 > 1 && (!pool.ceilMode || $0 % 2 == 0) }) else { return nil }
    let geometry = WindowGeometry(
      input: Array(x.suffix(2)), output: sizes, kernel: kernel, stride: stride, padding: begin,
      dilation: dilation)
    let primitive = Primitives.PooledConvolution(
      Primitives.Convolution(geometry, groups: groups))
    return bind(primitive, [self, weight] + (bias.map { [$0] } ?? []))[0]
  }

  private static func isPair(_ sizes: any PerDimension) -> Bool { isBoth(sizes, 2) }

  private static func isBoth(_ sizes: any PerDimension, _ size: Int) -> Bool {
    let all = sizes.perDimension
    return (1...2).contains(all.count) && all.allSatisfy { $0 == size }
  }
}

extension Primitives {
  /// [x, w, bias?] → [the largest elements of the 2 × 2 windows of ReLU(x ⋆ w + bias), which element of its
  /// window each is]. The second is uint8: 0 … 3, or 4 where ReLU made it zero.
  struct PooledConvolution: Primitive {
    static let name = "pooledConvolution"
    static let gradientName = MaxPool.gradientName
    let convolution: Convolution

    init(_ convolution: Convolution) { self.convolution = convolution }

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      let type = convolution.infer(inputs[0], inputs[1]).replacing(last: pooled)
      return [type, TensorType(.uint8, type.shape)]
    }

    private var pooled: [Int] { convolution.geometry.output.map { $0 / 2 } }

    func evaluate(_ inputs: [Value]) -> [Value] {
      let (x, w) = (inputs[0].contiguous, inputs[1].contiguous)
      let types = infer([x.type, w.type])
      let which = Body(layout: Layout(contiguous: types[1].shape), dtype: .uint8)
      var conv = convolution.convolution(
        batch: x.shape[0], inChannels: x.shape[1], outChannels: w.shape[0])
      let bias: Value? = inputs.count > 2 ? inputs[2] : nil
      let y = x.withElements { px, _ in
        w.withElements { pw, _ in
          bias.withContiguousElements { pb in
            Value.make(x.dtype, types[0].shape) { out in
              kb_conv_pooled_forward(
                x.dtype.code, &conv, px, pw, pb, out,
                which.pointer.assumingMemoryBound(to: UInt8.self))
            }
          }
        }
      }
      return [y, Value(body: which, dtype: .uint8)]
    }

    var residuals: Residuals { [.input(0), .input(1), .output(1)] }

    func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      guard let dy = cotangents[0] else { return kept.isNeeded.map { _ in nil } }
      let wanted = kept.isNeeded + (kept.inputCount == 2 ? [false] : [])
      let gradient = PooledConvolutionGradient(convolution, wanted: wanted)
      var parts = bind(gradient, [dy, kept.output(1), kept.input(0), kept.input(1)])[...]
      return kept.isNeeded.map { $0 ? parts.popFirst() : nil }
    }

    func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      let primitive: any Primitive =
        inputs.count > 2 ? BiasedConvolution(convolution) : convolution
      let dz = primitive.pushforward(
        tangents, inputs: inputs, outputs: [.zeros(convolved(inputs), dtype: inputs[0].dtype)])
      let choice = WindowChoice(.pairs(convolution.geometry.output))
      return [dz[0].map { bind(choice, $0, outputs[1]) }, nil]
    }

    private func convolved(_ inputs: [Tensor]) -> Shape {
      [inputs[0].shape[0], inputs[1].shape[0]] + convolution.geometry.output
    }

    func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let types = zip(inputs, isBatched).map {
        TensorType($0.dtype, $1 ? Array($0.shape.dropFirst()) : $0.shape)
      }
      if size == 0 { return infer(types).map { .zeros([0] + $0.shape, dtype: $0.dtype) } }
      if !isBatched.dropFirst().contains(true) {
        let shape = types[0].shape
        let x = inputs[0].reshape([size * shape[0]] + shape.dropFirst())
        return bind(self, [x] + inputs.dropFirst()).map {
          $0.reshape([size, shape[0]] + $0.shape.dropFirst())
        }
      }
      // One more level of groups: each member of the batch has channels of its own.
      let all = zip(inputs, isBatched).map { $1 ? $0 : $0.broadcast(to: [size] + $0.shape) }
      var folded = [all[0].folded(into: 1, groups: 1), all[1].folded(into: 0, groups: 1)]
      if all.count > 2 { folded.append(all[2].folded(into: 0, groups: 1)) }
      let joint = PooledConvolution(convolution.with(groups: convolution.groups * size))
      return bind(joint, folded).map { $0.unfolded(from: 1, size: size, groups: 1) }
    }
  }
}

extension Operation {
  static let pooledConvolution = Operation(
    "pooledConvolution", .contraction,
    primitives: [
      Primitives.PooledConvolution.self, Primitives.PooledConvolutionGradient.self,
      Primitives.WindowSpread.self, Primitives.WindowChoice.self,
    ],
    samples: [
      Sample(
        .uniform(-2...2, [2, 2, 5, 4]), .uniform(-2...2, [3, 2, 3, 3]), .uniform(-2...2, [3])
      ) { pooled(padding: [1, 1], $0) },
      Sample(.uniform(-2...2, [2, 4, 5, 6]), .uniform(-2...2, [6, 2, 2, 1])) {
        pooled(padding: [0, 0], groups: 2, $0)
      },
      Sample(.uniform(-2...2, [1, 1, 9, 9]), .uniform(-2...2, [2, 1, 3, 3])) {
        pooled(padding: [2, 0], stride: [2, 1], $0)
      },
    ])

  private static func pooled(
    padding: [Int], stride: [Int] = [1], groups: Int = 1, _ inputs: [Tensor]
  ) -> Tensor {
    inputs[0].conv2dReluMaxPool2d(
      inputs[1], bias: inputs.count > 2 ? inputs[2] : nil, stride: stride, padding: padding,
      dilation: [1], groups: groups, pool: (2, 2, 0, 1, false)) ?? .poison
  }
}
