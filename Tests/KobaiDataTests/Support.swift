import Kobai

/// The same dtype, shape and bytes.
func same(_ a: Tensor, _ b: Tensor) -> Bool {
  a.dtype == b.dtype && a.shape == b.shape && a.bytes == b.bytes
}
