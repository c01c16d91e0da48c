import CKernels
import KobaiTensor

/// x · weightᵀ + bias: a fully connected layer.
///
///     linear(Tensor([1.0, 2.0]), weight: Tensor([[1.0, 1.0]]), bias: Tensor([0.5]))   // tensor([3.5000])
///
/// - Parameters:
///   - x: [..., in].
///   - weight: [out, in], or [in] for a single output without its dimension.
///   - bias: [out] or [].
/// - Returns: [..., out]. Half types accumulate in float32 and round once.
public func linear(_ x: Tensor, weight: Tensor, bias: Tensor? = nil) -> Tensor {
  let (a, b) = (x.shape, weight.shape)
  guard b.count == 1 || b.count == 2 else {
    return misuse("linear: weight must have 1 or 2 dimensions, but its shape is \(b)")
  }
  guard let inner = a.last, inner == b[b.count - 1] else {
    return misuse(
      "linear: mat1 and mat2 shapes cannot be multiplied: input \(a) and weight \(b); the last sizes "
        + "must be equal")
  }
  guard let bias else {
    guard b.count == 2 else { return x.matmul(weight) }
    guard Tensor.sameDType("linear", x, weight) else { return .poison }
    let rows = x.reshape([a.dropLast().reduce(1, *), inner])
    return bind(Primitives.LinearProduct(), rows, weight).reshape(Array(a.dropLast()) + [b[0]])
  }
  guard Tensor.sameDType("linear", x, bias), Tensor.sameDType("linear", x, weight) else {
    return .poison
  }
  let result = Array(a.dropLast() + b.dropLast())
  guard bias.rank <= max(result.count, 1),
    Operands.broadcastShape("linear", [result, bias.shape]) == result
  else {
    return misuse("linear: bias of shape \(bias.shape) does not fit the result of shape \(result)")
  }
  if b.count == 2 && bias.shape == [b[0]] {
    if a.count == 2 { return bind(Primitives.Linear(), [x, weight, bias])[0] }
    let rows = x.reshape([a.dropLast().reduce(1, *), inner])
    return bind(Primitives.Linear(), [rows, weight, bias])[0].reshape(result)
  }
  let wide = x.dtype.computing
  let transposed = b.count == 1 ? weight : weight.t()
  return (x.to(wide).matmul(transposed.to(wide)) + bias.to(wide)).to(x.dtype)
}

extension Primitives {
  /// [n, in] × [out, in]ᵀ + [out]. As one primitive the bias rides in the product, and the gradient of the
  /// weight has the weight's own memory order.
  public struct Linear: TailedPrimitive {
    public static let name = "linear"
    public static let gradientName = "AddmmBackward0"
    public init() {}

    public func infer(_ inputs: [TensorType]) -> [TensorType] {
      [TensorType(inputs[0].dtype, [inputs[0].shape[0], inputs[1].shape[0]])]
    }

    public func evaluate(_ inputs: [Value]) -> [Value] {
      let (x, weight, bias) = (inputs[0], inputs[1], inputs[2].contiguous)
      let (m, k, n) = (x.shape[0], x.shape[1], weight.shape[0])
      let dtype = x.dtype
      return [
        Value.make(dtype, [m, n]) { out in
          bias.withElements { bias, _ in
            x.withElements { a, _ in
              weight.withElements { b, _ in
                kb_linear(
                  dtype.code, m, n, k,
                  kb_matrix(
                    data: a, row_stride: x.layout.strides[0], column_stride: x.layout.strides[1],
                    batch_stride: 0),
                  kb_matrix(
                    data: b, row_stride: weight.layout.strides[1],
                    column_stride: weight.layout.strides[0], batch_stride: 0), bias, out, nil)
              }
            }
          }
        }
      ]
    }

    public func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
      preparedKernel(inputs, to: outputs)
    }

    package func kernel(_ inputs: [StridedType], to output: StridedType) -> TailedKernel? {
      let (x, weight, bias) = (inputs[0].layout, inputs[1].layout, inputs[2].layout)
      guard output.layout.isContiguous else { return nil }
      let (m, k, n) = (x.shape[0], x.shape[1], weight.shape[0])
      let dtype = inputs[0].dtype.code
      let (xs, ws) = ((x.strides[0], x.strides[1]), (weight.strides[1], weight.strides[0]))
      guard n == 1 || bias.strides[0] == 1 else { return nil }
      return { memory, tail in
        kb_linear(
          dtype, m, n, k,
          kb_matrix(data: memory[0], row_stride: xs.0, column_stride: xs.1, batch_stride: 0),
          kb_matrix(data: memory[1], row_stride: ws.0, column_stride: ws.1, batch_stride: 0),
          memory[2], memory[3], tail)
      }
    }

    public var residuals: Residuals { [.input(0), .input(1)] }

    public func pullback(_ cotangents: [Tensor?], _ kept: Kept) -> [Tensor?] {
      guard let dy = cotangents[0] else { return [nil, nil, nil] }
      let product = MatrixProduct()
      return [
        kept.isNeeded[0] ? bind(product, dy, kept.input(1).conjugatedIfComplex) : nil,
        kept.isNeeded[1] ? bind(product, dy.mT, kept.input(0).conjugatedIfComplex) : nil,
        kept.isNeeded[2] ? dy.sum(dim: 0) : nil,
      ]
    }

    public func pushforward(
      _ tangents: [Tensor?], inputs: [Tensor], outputs: [Tensor]
    ) -> [Tensor?] {
      let (x, weight) = (inputs[0], inputs[1])
      let terms = [
        tangents[0].map { $0.matmul(weight.mT) }, tangents[1].map { x.matmul($0.mT) },
        tangents[2].map { $0.broadcast(to: outputs[0].shape) },
      ].compactMap { $0 }
      return [terms.dropFirst().reduce(terms.first) { sum, term in sum.map { $0 + term } }]
    }

    public func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
      let (x, weight, bias) = (inputs[0], inputs[1], inputs[2])
      if isBatched == [true, false, false] {
        let shape = x.shape
        let rows = x.reshape([shape[0] * shape[1], shape[2]])
        return [
          bind(self, [rows, weight, bias])[0].reshape([shape[0], shape[1], weight.shape[0]])
        ]
      }
      // The half types round once, as they do without a batch.
      let wide = x.dtype.computing
      let product = x.to(wide).matmul(weight.to(wide).mT)
      let row = isBatched[2] ? bias.unsqueeze(1) : bias
      return [(product + row.to(wide)).to(x.dtype)]
    }
  }
}

extension Operation {
  static let linear = Operation(
    "linear", .contraction, primitives: [Primitives.Linear.self, Primitives.LinearProduct.self],
    samples: [
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [4, 3]), .uniform(-2...2, [4])) {
        KobaiOperators.linear($0[0], weight: $0[1], bias: $0[2])
      },
      Sample(.uniform(-2...2, [2, 2, 3]), .uniform(-2...2, [4, 3]), .uniform(-2...2, [4])) {
        KobaiOperators.linear($0[0], weight: $0[1], bias: $0[2])
      },
      Sample(.uniform(-2...2, [3]), .uniform(-2...2, [2, 3]), .uniform(-2...2, [2])) {
        KobaiOperators.linear($0[0], weight: $0[1], bias: $0[2])
      },
      Sample(.uniform(-2...2, [0, 3]), .uniform(-2...2, [2, 3]), .uniform(-2...2, [2])) {
        KobaiOperators.linear($0[0], weight: $0[1], bias: $0[2])
      },
      Sample(.uniform(-2...2, [2, 0]), .uniform(-2...2, [2, 0]), .uniform(-2...2, [2])) {
        KobaiOperators.linear($0[0], weight: $0[1], bias: $0[2])
      },
      Sample(.uniform(-2...2, [2, 2, 3]), .uniform(-2...2, [3])) {
        KobaiOperators.linear($0[0], weight: $0[1])
      },
      Sample(.uniform(-2...2, [2, 3]), .uniform(-2...2, [4, 3]), .uniform(-2...2, [])) {
        KobaiOperators.linear($0[0], weight: $0[1], bias: $0[2])
      },
    ])
}
