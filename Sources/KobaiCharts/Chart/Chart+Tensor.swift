import KobaiTensor

extension Chart {
  /// A tensor of shape [H, W] as coloured cells; see ``imshow(_:x:y:colors:range:label:)``.
  public mutating func imshow(
    _ matrix: Tensor, x: ClosedRange<Double>? = nil, y: ClosedRange<Double>? = nil,
    colors: ColorMap = .viridis, range: ClosedRange<Double>? = nil, label: String = ""
  ) {
    guard matrix.shape.count == 2 else {
      return misuse(
        "imshow: expected a tensor of shape [H, W], got \(matrix.shape); "
          + "pictures with channels are drawn by ImageGrid", else: ())
    }
    addGrid(
      matrix.plotValues, rows: matrix.shape[0], columns: matrix.shape[1], x: x, y: y,
      colors: colors, range: range, label: label)
  }
}
