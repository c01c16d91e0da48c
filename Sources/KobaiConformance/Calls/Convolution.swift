import Kobai
import KobaiTensor

extension Arguments {
  /// The padding of a convolution: a number for each dimension, or a name.
  func padding() throws -> any ConvolutionPadding {
    if case .string = value("padding") {
      return try option("padding", default: NamedPadding.valid, ["valid": .valid, "same": .same])
    }
    return try optionalIntOrInts("padding") ?? [0]
  }
}

extension Registry {
  mutating func addConvolution() {
    convolution("torch.nn.functional.conv1d") { x, w, b, s, p, d, g in
      x.conv1d(w, bias: b, stride: s, padding: p, dilation: d, groups: g)
    }
    convolution("torch.nn.functional.conv2d") { x, w, b, s, p, d, g in
      x.conv2d(w, bias: b, stride: s, padding: p, dilation: d, groups: g)
    }
    convolution("torch.nn.functional.conv3d") { x, w, b, s, p, d, g in
      x.conv3d(w, bias: b, stride: s, padding: p, dilation: d, groups: g)
    }
    transposed("torch.nn.functional.conv_transpose1d") { x, w, b, s, p, o, g, d in
      x.convTranspose1d(
        w, bias: b, stride: s, padding: p, outputPadding: o, groups: g, dilation: d)
    }
    transposed("torch.nn.functional.conv_transpose2d") { x, w, b, s, p, o, g, d in
      x.convTranspose2d(
        w, bias: b, stride: s, padding: p, outputPadding: o, groups: g, dilation: d)
    }
    transposed("torch.nn.functional.conv_transpose3d") { x, w, b, s, p, o, g, d in
      x.convTranspose3d(
        w, bias: b, stride: s, padding: p, outputPadding: o, groups: g, dilation: d)
    }
  }

  private mutating func convolution(
    _ name: String,
    _ body:
      @escaping @Sendable (
        Tensor, Tensor, Tensor?, [Int], any ConvolutionPadding, [Int], Int
      ) -> Tensor
  ) {
    tensor(name, "input", "weight", "bias", "stride", "padding", "dilation", "groups") { a in
      body(
        try a.tensor("input"), try a.tensor("weight"), try a.optionalTensor("bias"),
        try a.optionalIntOrInts("stride") ?? [1], try a.padding(),
        try a.optionalIntOrInts("dilation") ?? [1], try a.int("groups", default: 1))
    }
  }

  private mutating func transposed(
    _ name: String,
    _ body:
      @escaping @Sendable (
        Tensor, Tensor, Tensor?, [Int], [Int], [Int], Int, [Int]
      ) -> Tensor
  ) {
    tensor(
      name, "input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"
    ) { a in
      body(
        try a.tensor("input"), try a.tensor("weight"), try a.optionalTensor("bias"),
        try a.optionalIntOrInts("stride") ?? [1], try a.optionalIntOrInts("padding") ?? [0],
        try a.optionalIntOrInts("output_padding") ?? [0], try a.int("groups", default: 1),
        try a.optionalIntOrInts("dilation") ?? [1])
    }
  }
}
