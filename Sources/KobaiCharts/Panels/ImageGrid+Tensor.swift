import KobaiTensor

extension ImageGrid.Image {
  /// A picture from a tensor of shape [H, W], [1, H, W] (gray) or [3, H, W] (red, green, blue).
  ///
  /// - Parameter range: the numbers shown darkest and brightest; nil for 0 and 255 if the dtype is
  ///   uint8, else the picture's least and greatest.
  public init(
    _ tensor: Tensor, range: ClosedRange<Double>? = nil, caption: String = "", mark: Mark = .none
  ) {
    let shape = Array(tensor.shape)
    let channels = shape.count == 3 ? shape[0] : 1
    guard shape.count == 2 || shape.count == 3 && (channels == 1 || channels == 3),
      !shape.contains(0)
    else {
      misuse(
        "ImageGrid.Image: expected shape [H, W], [1, H, W] or [3, H, W], got \(shape); "
          + "take one picture of a batch by its index", else: ())
      self.init(bytes: [0], channels: 1, width: 1, height: 1, caption: caption, mark: mark)
      return
    }
    let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
    let planes = tensor.plotValues
    let range = range ?? (tensor.dtype == .uint8 ? 0...255 : nil)
    if channels == 1 {
      self.init(
        gray: planes, width: width, height: height, range: range, caption: caption, mark: mark)
    } else {
      let area = width * height
      let pixels = (0..<area).flatMap { i in (0..<3).map { planes[$0 * area + i] } }
      self.init(
        rgb: pixels, width: width, height: height, range: range, caption: caption, mark: mark)
    }
  }
}
