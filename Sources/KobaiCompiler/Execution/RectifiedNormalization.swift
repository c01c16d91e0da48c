import CKernels
import KobaiOperators
import KobaiTensor

extension Primitives {
  /// [x] → [μ, r, variance] of each channel of x [N, C, K, S]: what a normalisation of channels finds out
  /// before it normalises. Graphs have it, and the two below, after the pass `rectify`; they are not
  /// differentiated or batched.
  struct ChannelStatistics: ContiguousKernel {
    static let name = "channelStatistics"
    let normalization: Normalization

    func infer(_ inputs: [TensorType]) -> [TensorType] {
      Array(normalization.infer(inputs).dropFirst())
    }

    func run(_ inputs: [TensorType], _ memory: Prepared.Memory) {
      normalization.findChannelStatistics(
        inputs[0], memory[0], mean: memory[1], scale: memory[2], variance: memory[3])
    }
  }

  /// [x, μ, r, weight?, bias?, shortcut?] → ReLU((x − μ) r · weight + bias + shortcut), in the shape in which
  /// ReLU has it.
  struct RectifiedNormalization: ContiguousKernel {
    static let name = "rectifiedNormalization"
    let hasWeight, hasBias, hasShortcut: Bool
    let shape: Shape

    /// The operations, in order.
    var names: [String] { ["normalization"] + (hasShortcut ? ["add"] : []) + ["relu"] }

    func infer(_ inputs: [TensorType]) -> [TensorType] { [TensorType(inputs[0].dtype, shape)] }

    func run(_ inputs: [TensorType], _ memory: Prepared.Memory) {
      let x = inputs[0]
      let parameters = Parameters(memory, from: 3, hasWeight, hasBias)
      kb_channel_rectify(
        x.dtype.code, x.shape[0], x.shape[1], x.shape[2] * x.shape[3], memory[0], memory[1],
        memory[2], parameters.weight, parameters.bias,
        hasShortcut ? UnsafeRawPointer(memory[inputs.count - 1]) : nil, memory[inputs.count])
    }
  }

  /// [dy, x, μ, r, weight?, bias?] → those of [dx, dw, db] that are wanted, dy being the gradient of a rectified
  /// normalisation without a shortcut. Which elements ReLU made zero is found out again from x.
  struct RectifiedNormalizationGradient: ContiguousKernel {
    static let name = "rectifiedNormalizationGradient"
    let gradient: NormalizationGradient
    let hasBias: Bool

    func infer(_ inputs: [TensorType]) -> [TensorType] { gradient.infer(inputs) }

    func run(_ inputs: [TensorType], _ memory: Prepared.Memory) {
      let x = inputs[1]
      let parameters = Parameters(memory, from: 4, gradient.hasWeight, hasBias)
      var next = inputs.count
      func place(_ isWanted: Bool) -> UnsafeMutableRawPointer? {
        if !isWanted { return nil }
        defer { next += 1 }
        return memory[next]
      }
      let dx = place(gradient.wantsX)
      let dWeight = place(gradient.wantsWeight)
      let dBias = place(gradient.wantsBias)
      kb_channel_rectify_backward(
        true, x.dtype.code, x.shape[0], x.shape[1], x.shape[2] * x.shape[3], memory[0], memory[1],
        memory[2], memory[3], parameters.weight, parameters.bias, dx, dWeight, dBias)
    }
  }
}

/// Where the weight and the bias lie, which follow each other among the inputs.
private struct Parameters {
  let weight, bias: UnsafeRawPointer?

  init(_ memory: Prepared.Memory, from first: Int, _ hasWeight: Bool, _ hasBias: Bool) {
    weight = hasWeight ? UnsafeRawPointer(memory[first]) : nil
    bias = hasBias ? UnsafeRawPointer(memory[first + (hasWeight ? 1 : 0)]) : nil
  }
}

/// A primitive that one kernel evaluates, from contiguous inputs to contiguous results. Only graphs have it that
/// are differentiated and batched no more.
protocol ContiguousKernel: Primitive {
  /// Runs the kernel on the addresses of the inputs and behind them those of the results.
  func run(_ inputs: [TensorType], _ memory: Prepared.Memory)
}

extension ContiguousKernel {
  func evaluate(_ inputs: [Value]) -> [Value] {
    let types = inputs.map(\.type)
    let results = infer(types).map {
      Value(body: Body(layout: Layout(contiguous: $0.shape), dtype: $0.dtype), dtype: $0.dtype)
    }
    let operands = inputs.map(\.contiguous) + results
    withExtendedLifetime(operands) { run(types, operands.compactMap { $0.body?.pointer }) }
    return results
  }

  func prepare(_ inputs: [StridedType], to outputs: [StridedType]) -> Prepared? {
    let types = inputs.map { TensorType($0) }
    return .onContiguous(inputs, to: outputs) {
      run(types, $0)
      return true
    }
  }

  func batch(_ inputs: [Tensor], isBatched: [Bool], size: Int) -> [Tensor] {
    misuse("\(Self.name): is batched before it is formed", else: [.poison])
  }
}
