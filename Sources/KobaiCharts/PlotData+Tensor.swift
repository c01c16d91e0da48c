import KobaiOperators
import KobaiTensor

extension Tensor: PlotData {
  /// The elements, row after row; of complex numbers the real parts.
  public var plotValues: [Double] { array(as: Double.self) }
}
