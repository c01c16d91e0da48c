import KobaiOperators
import KobaiTensor

extension Tape {
  init(_ site: CallSite, _ inputs: [Tensor], _ body: ([Tensor]) -> [Tensor]) {
    self.init(site.name, inputs, body)
  }

  /// The cotangents that `pull` takes for these outputs; nil, after a misuse, if they do not fit.
  func checkCotangents(_ name: String, _ cotangents: [Tensor]) -> [Tensor]? {
    guard cotangents.count == outputs.count else {
      return misuse(
        "\(name): \(cotangents.count) cotangents were given for \(outputs.count) outputs", else: nil
      )
    }
    for (cotangent, output) in zip(cotangents, outputs) {
      if cotangent.shape == output.shape { continue }
      return misuse(
        "\(name): the cotangent of an output must have its shape, \(output.shape), but has "
          + "\(cotangent.shape)", else: nil)
    }
    return zip(cotangents, outputs).map { $1.dtype.isDifferentiable ? $0.to($1.dtype) : $0 }
  }
}

/// What `grad` can differentiate: a real number.
func checkScalar(_ name: String, _ output: Tensor) -> Bool {
  guard output.count == 1 else {
    return misuse(
      "\(name): the function must return a scalar, but the shape of its result is \(output.shape); "
        + "reduce it (.sum()), or use jacobian or vjp", else: false)
  }
  guard output.dtype.isFloatingPoint else {
    return misuse(
      "\(name): the function must return a real floating point number, but its dtype is "
        + "\(output.dtype); "
        + (output.dtype.isComplex
          ? "take .real or .abs(), or use vjp" : "convert with .to(.float32)"),
      else: false)
  }
  return !output.isPoisoned
}

/// A number of another type, in an array or a struct, would come back as its own derivative.
func checkHoldsTensors(_ name: String, _ inputs: [Tensor]) -> Bool {
  inputs.isEmpty
    ? misuse(
      "\(name): the arguments hold no tensor to differentiate with respect to; give tensors, such as "
        + "Tensor([2.0, 3.0]) in the place of [2.0, 3.0]", else: false)
    : true
}

/// Arguments that are differentiated must have a derivative.
func checkDifferentiable(_ name: String, _ inputs: [Tensor]) -> Bool {
  guard checkHoldsTensors(name, inputs) else { return false }
  for input in inputs where !input.dtype.isDifferentiable && !input.isPoisoned {
    return misuse(
      "\(name): requires real- or complex-valued inputs, but got \(input.dtype): only Tensors of "
        + "floating point and complex dtype can require gradients; convert with .to(.float32), or do "
        + "not differentiate this argument", else: false)
  }
  return true
}
