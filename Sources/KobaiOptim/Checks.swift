import KobaiTensor

// What constructors refuse, in PyTorch's words.

/// The number that a learning rate stands for: a Swift number, or a tensor of one element, whose value now
/// is taken.
func rate(_ lr: some TensorOperand, _ optimizer: String) -> Double {
  let operand = lr.operand.resolved
  guard operand.count == 1 else {
    return misuse(
      "\(optimizer): Tensor lr must be 1-element, but its shape is \(operand.shape)", else: 0)
  }
  let value = operand.value.tracer == nil ? operand.value : operand.hostValue(optimizer)
  guard let value else { return 0 }
  let number = value.cast(to: .float64)
  return number.withElements { pointer, _ in pointer.loadUnaligned(as: Double.self) }
}

/// A misuse unless `isValid`.
func check(_ isValid: Bool, _ optimizer: String, _ problem: @autoclosure () -> String) {
  if !isValid { misuse("\(optimizer): \(problem())", else: ()) }
}

extension ParameterGroup {
  func checkRate(_ optimizer: String) {
    check(lr >= 0, optimizer, "Invalid learning rate: \(lr); it must be at least 0")
  }

  func checkAtLeastZero(_ name: Hyperparameter, _ words: String, _ optimizer: String) {
    let value = self[number: name]
    check(value >= 0, optimizer, "Invalid \(words) value: \(value); it must be at least 0")
  }

  func checkBetas(_ optimizer: String) {
    for (i, name) in [Hyperparameter.beta1, .beta2].enumerated() {
      let beta = self[number: name]
      check(
        beta >= 0 && beta < 1, optimizer,
        "Invalid beta parameter at index \(i): \(beta); it must be at least 0 and less than 1")
    }
  }
}

/// Flags that choose among PyTorch's implementations. Kobai has one, which is fused; they are accepted
/// where they promise nothing else.
struct ImplementationFlags {
  var foreach: Bool?
  var fused: Bool?
  var capturable = false
  var differentiable = false
  /// Whether the learning rate was given as a tensor.
  var hasTensorRate = false

  func check(_ optimizer: String) {
    if differentiable {
      misuse(
        fused == true
          ? "\(optimizer): `fused` does not support `differentiable`"
          : "\(optimizer): differentiable steps are not supported; write the update with tensor "
            + "operations on the parameters to differentiate through it", else: ())
    }
    if fused == true && foreach == true {
      misuse(
        "\(optimizer): `fused` and `foreach` cannot be `True` together; leave both out", else: ())
    }
    if hasTensorRate && foreach == true && !capturable {
      misuse(
        "\(optimizer): lr as a Tensor is not supported for capturable=False and foreach=True; leave "
          + "foreach out", else: ())
    }
  }
}
