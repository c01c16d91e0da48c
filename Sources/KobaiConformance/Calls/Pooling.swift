import Kobai
import KobaiTensor

extension Registry {
  mutating func addPooling() {
    call(
      "torch.nn.functional.max_pool2d", "input", "kernel_size", "stride", "padding", "dilation",
      "ceil_mode", "return_indices"
    ) { a in
      let result = try a.tensor("input").maxPool2dWithIndices(
        kernelSize: a.intOrInts("kernel_size"), stride: a.optionalIntOrInts("stride"),
        padding: a.optionalIntOrInts("padding") ?? [0],
        dilation: a.optionalIntOrInts("dilation") ?? [1],
        ceilMode: a.bool("ceil_mode", default: false))
      let values = Output.tensor(result.values)
      return try a.bool("return_indices", default: false)
        ? .tuple([values, .tensor(result.indices)]) : values
    }
    tensor(
      "torch.nn.functional.avg_pool2d", "input", "kernel_size", "stride", "padding", "ceil_mode",
      "count_include_pad", "divisor_override"
    ) { a in
      try a.tensor("input").avgPool2d(
        kernelSize: a.intOrInts("kernel_size"), stride: a.optionalIntOrInts("stride"),
        padding: a.optionalIntOrInts("padding") ?? [0],
        ceilMode: a.bool("ceil_mode", default: false),
        countIncludePad: a.bool("count_include_pad", default: true),
        divisorOverride: a.optionalInt("divisor_override"))
    }
    tensor("torch.nn.functional.adaptive_avg_pool2d", "input", "output_size") { a in
      try a.tensor("input").adaptiveAvgPool2d(outputSize: Self.sizes(a, "output_size"))
    }
    tensor("torch.nn.functional.pad", "input", "pad", "mode", "value") { a in
      try a.tensor("input").pad(
        a.ints("pad"),
        mode: a.option(
          "mode", default: .constant,
          [
            "constant": .constant, "reflect": .reflect, "replicate": .replicate,
            "circular": .circular,
          ]), value: a.optionalDouble("value"))
    }
    tensor(
      "torch.nn.functional.interpolate", "input", "size", "scale_factor", "mode", "align_corners",
      "recompute_scale_factor", "antialias"
    ) { a in
      try a.tensor("input").interpolate(
        size: a.optionalIntOrInts("size"), scaleFactor: a.optionalDoubles("scale_factor"),
        mode: a.option(
          "mode", default: .nearest,
          [
            "nearest": .nearest, "nearest-exact": .nearestExact, "linear": .linear,
            "bilinear": .bilinear, "bicubic": .bicubic, "trilinear": .trilinear, "area": .area,
          ]), alignCorners: a.optionalBool("align_corners"),
        recomputeScaleFactor: a.optionalBool("recompute_scale_factor"),
        antialias: a.bool("antialias", default: false))
    }
  }

  /// Sizes of which None keeps the input's.
  static func sizes(_ a: Arguments, _ name: String) throws -> [Int?] {
    switch a.value(name) {
    case .int(let size): return [size]
    case .tuple(let items), .list(let items):
      return try items.map { item in
        switch item {
        case .int(let size): size
        case .null: nil
        default: throw ArgumentTypeMismatch("a size of \(item.kind)")
        }
      }
    default: return try a.ints(name)
    }
  }
}
