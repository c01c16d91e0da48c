import CKernels
import KobaiTensor

/// What happens to the gates of a recurrent layer in each step; the rows of weights are those of the gates
/// in the order named.
package enum RecurrentCellKind: Hashable, Sendable {
  /// h′ = tanh(x + s), from what the input (x) and the state (s) contribute.
  case tanh
  /// h′ = relu(x + s).
  case relu
  /// i, f, o = σ(x + s), g = tanh(x + s); c′ = f c + i g, h′ = o tanh(c′).
  case lstm
  /// r, z = σ(x + s), n = tanh(x + r s); h′ = (1 − z) n + z h.
  case gru

  var code: kb_cell {
    switch self {
    case .tanh: KB_RNN_TANH
    case .relu: KB_RNN_RELU
    case .lstm: KB_LSTM
    case .gru: KB_GRU
    }
  }

  /// The states after a step.
  ///
  /// - Parameters:
  ///   - x, s: [..., gates · size], what input and state contribute.
  ///   - states: h, and c of an LSTM.
  package func step(_ x: Tensor, _ s: Tensor, _ states: [Tensor], size: Int) -> [Tensor] {
    switch self {
    case .tanh: return [(x + s).tanh()]
    case .relu: return [(x + s).relu()]
    case .lstm:
      let gates = x + s
      let (i, f) = (gates.gate(0, size: size).sigmoid(), gates.gate(1, size: size).sigmoid())
      let (g, o) = (gates.gate(2, size: size).tanh(), gates.gate(3, size: size).sigmoid())
      let next = f * states[1] + i * g
      return [o * next.tanh(), next]
    case .gru:
      let r = (x.gate(0, size: size) + s.gate(0, size: size)).sigmoid()
      let z = (x.gate(1, size: size) + s.gate(1, size: size)).sigmoid()
      let n = (x.gate(2, size: size) + r * s.gate(2, size: size)).tanh()
      return [(states[0] - n) * z + n]
    }
  }
}
