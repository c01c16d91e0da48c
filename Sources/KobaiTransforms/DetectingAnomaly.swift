import KobaiOperators
import KobaiTensor

/// Runs `body` and throws when an operation in it makes a NaN or an infinity from finite numbers.
///
///     try detectingAnomaly {
///       let x = Tensor([1.0, 0.0], requiresGrad: true)
///       x.sqrt().sum().backward()
///     }                           // anomaly: SqrtBackward0 gave an infinity in its gradient
///
/// Every result is looked at, forward and backward, so this is for finding a fault, not for training.
///
/// - Throws: the first `Anomaly`, once `body` has returned; what `body` throws.
@discardableResult
public func detectingAnomaly<R>(_ body: () throws -> R) throws -> R {
  try Anomaly.detect(kindOfAnomaly, body)
}

private func kindOfAnomaly(_ tensor: Tensor) -> String? {
  // Inside a transform elements are not known; its operations on plain tensors are looked at instead.
  guard tensor.dtype.isDifferentiable, tensor.current.value.meta.isPlain else { return nil }
  let plain = tensor.detach()
  guard !plain.isFinite().all().item(as: Bool.self) else { return nil }
  let wide: DType = plain.dtype.isComplex ? .complex128 : .float64
  let hasNaN = plain.to(wide).bytes.withUnsafeBytes { bytes in
    bytes.bindMemory(to: Double.self).contains { $0.isNaN }
  }
  return hasNaN ? "NaN" : "infinity"
}
