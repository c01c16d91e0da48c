import KobaiOperators
import KobaiTensor

/// The norm of all gradients together, as if they were one vector.
///
/// - Parameters:
///   - parameters: live tensors; those without a gradient do not count.
///   - normType: the order of the norm; `.infinity` is the largest magnitude.
/// - Returns: a rank-0 tensor; 0 if there is no gradient.
public func gradNorm(_ parameters: [Tensor], normType: Double = 2) -> Tensor {
  noGrad { totalNorm(parameters.compactMap(\.grad), normType) }
}

private func totalNorm(_ grads: [Tensor], _ normType: Double) -> Tensor {
  let norms = grads.map { $0.detach().norm(normType) }
  guard let first = norms.first else { return Tensor(0.0) }
  let dtype = norms.reduce(first.dtype) { DType.promote($0, $1.dtype) }
  return Tensor.stack(norms.map { $0.to(dtype) }).norm(normType)
}

/// Scales the gradients of all parameters so that their norm together is at most `maxNorm`.
///
///     loss.backward()
///     clipGradNorm(net.parameters, maxNorm: 1)
///     optimizer.step()
///
/// - Parameters:
///   - parameters: live tensors; those without a gradient do not count.
///   - maxNorm: the largest norm.
///   - normType: the order of the norm; `.infinity` is the largest magnitude.
///   - errorIfNonfinite: whether a norm that is not finite is a misuse.
/// - Returns: the norm before, a rank-0 tensor.
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html>
@discardableResult
public func clipGradNorm(
  _ parameters: [Tensor], maxNorm: Double, normType: Double = 2, errorIfNonfinite: Bool = false
) -> Tensor {
  noGrad {
    let norm = gradNorm(parameters, normType: normType)
    if errorIfNonfinite, !norm.item().isFinite {
      return misuse(
        "clipGradNorm: The total norm of order \(normType) for gradients from `parameters` is "
          + "non-finite, so it cannot be clipped; to scale the gradients by it anyway, leave out "
          + "errorIfNonfinite")
    }
    // Multiplying always, rather than if the norm is too large, needs no look at the data.
    let factor = (maxNorm / (norm + 1e-6)).clamp(max: 1.0)
    for parameter in parameters {
      guard let grad = parameter.grad else { continue }
      parameter.grad = grad.detach() * factor.to(grad.dtype)
    }
    return norm
  }
}

/// Limits each element of the gradients to −clipValue … clipValue.
///
///     clipGradValue(net.parameters, clipValue: 0.5)
///
/// Source: <https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html>
public func clipGradValue(_ parameters: [Tensor], clipValue: Double) {
  noGrad {
    for parameter in parameters {
      guard let grad = parameter.grad else { continue }
      parameter.grad = grad.detach().clamp(min: -clipValue, max: clipValue)
    }
  }
}
