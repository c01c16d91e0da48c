import CKernels
import KobaiTensor

// Convolution is bilinear in input and weight, and so are its two transposes. Written as y = C(x, w),
// the three are one trilinear form ⟨C(x, w), dy⟩ = ⟨x, I(dy, w)⟩ = ⟨w, W(x, dy)⟩, so each transposes
// into the other two and derivatives of every order stay among them. I is the transposed convolution.

/// The attributes of a convolution and what its three primitives share.
protocol ConvolutionPrimitive: BilinearOperation {
  var geometry: WindowGeometry { get }
  var groups: Int { get }
  init(_ geometry: WindowGeometry, groups: Int)

  /// Into which dimension of each operand, and of the result, a batch is folded if it belongs to this
  /// operand only, and whether each of them is divided among the groups.
  static var foldX: ConvolutionFold { get }
  static var foldY: ConvolutionFold { get }
}

/// Where a batch dimension of one operand goes: into a dimension of this operand and one of the result.
struct ConvolutionFold {
  let operand, result: Int
  /// Channels are divided among the groups: the batch goes between group and channel. The second
  /// dimension of a weight already counts the channels of one group.
  let operandHasGroups, resultHasGroups: Bool
}

extension ConvolutionPrimitive {
  func with(groups: Int) -> Self { Self(geometry, groups: groups) }

  public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
    let (x, y) = (inputs[0], inputs[1])
    if size == 0 {
      let types = zip(inputs, isBatched).map {
        TensorType($0.dtype, $1 ? Array($0.shape.dropFirst()) : $0.shape)
      }
      return [Tensor.zeros([0] + infer(types[0], types[1]).shape, dtype: x.dtype)]
    }
    if isBatched[0] && isBatched[1] {
      // One more level of groups: each member of the batch convolves its own channels.
      let z = bind(
        with(groups: groups * size), x.folded(into: Self.jointX, groups: 1),
        y.folded(into: Self.jointY, groups: 1))
      return [z.unfolded(from: Self.jointResult, size: size, groups: 1)]
    }
    let fold = isBatched[0] ? Self.foldX : Self.foldY
    let folded = (isBatched[0] ? x : y)
      .folded(into: fold.operand, groups: fold.operandHasGroups ? groups : 1)
    let z = isBatched[0] ? bind(self, folded, y) : bind(self, x, folded)
    return [
      z.unfolded(from: fold.result, size: size, groups: fold.resultHasGroups ? groups : 1)
    ]
  }

  /// Which dimension counts the channels over all groups: 1, but 0 in a weight.
  private static var jointX: Int { 1 }
  private static var jointY: Int { self == Primitives.ConvolutionWeightGradient.self ? 1 : 0 }
  private static var jointResult: Int { self == Primitives.ConvolutionWeightGradient.self ? 0 : 1 }

  func convolution(batch: Int, inChannels: Int, outChannels: Int) -> kb_convolution {
    kb_convolution(
      window: geometry.window, batch: batch, in_channels: inChannels, out_channels: outChannels,
      groups: groups)
  }
}

extension Tensor {
  /// A first dimension moved into dimension `dim` of what follows it, between groups and the rest.
  func folded(into dim: Int, groups: Int) -> Tensor {
    let (size, inner) = (shape[0], Array(shape.dropFirst()))
    var split = [size] + inner
    split.replaceSubrange((dim + 1)...(dim + 1), with: [groups, inner[dim] / groups])
    var order = Array(1..<split.count)
    order.insert(0, at: dim + 1)
    var joined = inner
    joined[dim] *= size
    return reshape(split).permute(order).reshape(joined)
  }

  /// The inverse of `folded`.
  func unfolded(from dim: Int, size: Int, groups: Int) -> Tensor {
    let joined = shape
    var split = joined
    split.replaceSubrange(dim...dim, with: [groups, size, joined[dim] / groups / size])
    var order = Array(split.indices)
    order.remove(at: dim + 1)
    order.insert(dim + 1, at: 0)
    var inner = joined
    inner[dim] /= size
    return reshape(split).permute(order).reshape([size] + inner)
  }
}

extension Primitives {
  /// x [N, C, input…] ⋆ w [O, C/groups, kernel…] → [N, O, output…].
  public struct Convolution: BiasableConvolution {
    public static let name = "convolution"
    let geometry: WindowGeometry
    let groups: Int

    init(_ geometry: WindowGeometry, groups: Int) {
      self.geometry = geometry
      self.groups = groups
    }

    static var foldX: ConvolutionFold {
      ConvolutionFold(operand: 0, result: 0, operandHasGroups: false, resultHasGroups: false)
    }
    static var foldY: ConvolutionFold {
      ConvolutionFold(operand: 0, result: 1, operandHasGroups: true, resultHasGroups: true)
    }

    public func infer(_ x: TensorType, _ y: TensorType) -> TensorType {
      TensorType(x.dtype, [x.shape[0], y.shape[0]] + geometry.output)
    }

    func evaluate(_ x: Value, _ y: Value, bias: Value?) -> Value {
      let (x, w) = (x.contiguous, y.contiguous)
      var conv = convolution(batch: x.shape[0], inChannels: x.shape[1], outChannels: w.shape[0])
      return x.withElements { px, _ in
        w.withElements { pw, _ in
          bias.withContiguousElements { pb in
            Value.make(x.dtype, infer(x.type, w.type).shape) { out in
              kb_conv_forward(x.dtype.code, &conv, px, pw, pb, out, nil)
            }
          }
        }
      }
    }

    public func transposeX(_ dz: Tensor, _ y: Tensor) -> Tensor {
      bind(ConvolutionInputGradient(geometry, groups: groups), dz, y)
    }
    public func transposeY(_ dz: Tensor, _ x: Tensor) -> Tensor {
      bind(ConvolutionWeightGradient(geometry, groups: groups), x, dz)
    }
  }

  /// dy [N, O, output…], w [O, C/groups, kernel…] → dx [N, C, input…]: the transposed convolution.
  public struct ConvolutionInputGradient: BiasableConvolution {
    public static let name = "convolutionInputGradient"
    let geometry: WindowGeometry
    let groups: Int

    init(_ geometry: WindowGeometry, groups: Int) {
      self.geometry = geometry
      self.groups = groups
    }

    static var foldX: ConvolutionFold {
      ConvolutionFold(operand: 0, result: 0, operandHasGroups: false, resultHasGroups: false)
    }
    static var foldY: ConvolutionFold {
      ConvolutionFold(operand: 1, result: 1, operandHasGroups: false, resultHasGroups: true)
    }

    public func infer(_ x: TensorType, _ y: TensorType) -> TensorType {
      TensorType(x.dtype, [x.shape[0], y.shape[1] * groups] + geometry.input)
    }

    func evaluate(_ x: Value, _ y: Value, bias: Value?) -> Value {
      let (dy, w) = (x.contiguous, y.contiguous)
      var conv = convolution(
        batch: dy.shape[0], inChannels: w.shape[1] * groups, outChannels: dy.shape[1])
      return dy.withElements { pdy, _ in
        w.withElements { pw, _ in
          bias.withContiguousElements { pb in
            Value.make(dy.dtype, infer(dy.type, w.type).shape) { out in
              kb_conv_input_gradient(dy.dtype.code, &conv, pdy, pw, pb, out, nil)
            }
          }
        }
      }
    }

    public func transposeX(_ dz: Tensor, _ y: Tensor) -> Tensor {
      bind(Convolution(geometry, groups: groups), dz, y)
    }
    public func transposeY(_ dz: Tensor, _ x: Tensor) -> Tensor {
      bind(ConvolutionWeightGradient(geometry, groups: groups), dz, x)
    }
  }

  /// x [N, C, input…], dy [N, O, output…] → dw [O, C/groups, kernel…].
  public struct ConvolutionWeightGradient: ConvolutionPrimitive {
    public static let name = "convolutionWeightGradient"
    let geometry: WindowGeometry
    let groups: Int

    init(_ geometry: WindowGeometry, groups: Int) {
      self.geometry = geometry
      self.groups = groups
    }

    static var foldX: ConvolutionFold {
      ConvolutionFold(operand: 1, result: 1, operandHasGroups: true, resultHasGroups: false)
    }
    static var foldY: ConvolutionFold {
      ConvolutionFold(operand: 1, result: 0, operandHasGroups: true, resultHasGroups: true)
    }

    public func infer(_ x: TensorType, _ y: TensorType) -> TensorType {
      TensorType(x.dtype, [y.shape[1], x.shape[1] / groups] + geometry.kernel)
    }

    public func evaluate(_ x: Value, _ y: Value) -> Value {
      let (x, dy) = (x.contiguous, y.contiguous)
      var conv = convolution(batch: x.shape[0], inChannels: x.shape[1], outChannels: dy.shape[1])
      return x.withElements { px, _ in
        dy.withElements { pdy, _ in
          Value.make(x.dtype, infer(x.type, dy.type).shape) { out in
            kb_conv_weight_gradient(x.dtype.code, &conv, px, pdy, out)
          }
        }
      }
    }

    public func transposeX(_ dz: Tensor, _ y: Tensor) -> Tensor {
      bind(ConvolutionInputGradient(geometry, groups: groups), y, dz)
    }
    public func transposeY(_ dz: Tensor, _ x: Tensor) -> Tensor {
      bind(Convolution(geometry, groups: groups), x, dz)
    }
  }
}

extension Operation {
  static let convolution = Operation(
    "convolution", .contraction,
    primitives: [
      Primitives.Convolution.self, Primitives.ConvolutionInputGradient.self,
      Primitives.ConvolutionWeightGradient.self,
      Primitives.BiasedConvolution<Primitives.Convolution>.self,
      Primitives.BiasedConvolution<Primitives.ConvolutionInputGradient>.self,
    ],
    samples: [
      Sample(.uniform(-2...2, [2, 4, 5]), .uniform(-2...2, [6, 2, 2])) {
        bind(Primitives.Convolution(geometry, groups: 2), $0[0], $0[1])
      },
      Sample(.uniform(-2...2, [2, 6, 4]), .uniform(-2...2, [6, 2, 2])) {
        bind(Primitives.ConvolutionInputGradient(geometry, groups: 2), $0[0], $0[1])
      },
      Sample(.uniform(-2...2, [2, 4, 5]), .uniform(-2...2, [2, 6, 4])) {
        bind(Primitives.ConvolutionWeightGradient(geometry, groups: 2), $0[0], $0[1])
      },
    ])

  private static let geometry = WindowGeometry(
    input: [5], output: [4], kernel: [2], stride: [2], padding: [2], dilation: [1])
}
