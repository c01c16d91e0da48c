import KobaiFormats
import KobaiTensor

extension Tensor {
  /// The array of a NumPy file.
  ///
  ///     let weight = try Tensor(npy: "weight.npy")   // what numpy.load gives
  ///
  /// Unsigned integers wider than 8 bits become signed ones that hold them.
  ///
  /// - Throws: `FileError` if it cannot be read, `FormatError` if it is malformed or holds no numbers.
  public init(npy path: String) throws { try self.init(try NPY.read(contentsOf: path)) }

  /// Writes the elements as a NumPy file, which appears complete or not at all.
  ///
  ///     try x.write(npy: "x.npy")   // numpy.load("x.npy") reads it
  ///
  /// - Throws: `FormatError` for bfloat16, which NumPy does not know; `FileError` if it cannot be
  ///   written.
  public func write(npy path: String) throws { try NPY.write(RawArray(self), to: path) }
}

extension NPZ {
  /// All arrays under their names, in the order of the file.
  ///
  ///     let data = Dictionary(uniqueKeysWithValues: try NPZ(contentsOf: "mnist.npz").tensors())
  ///     data["x_train"]?.shape   // Optional([60000, 28, 28])
  ///
  /// - Throws: `FormatError` if an array is damaged or holds no numbers.
  public func tensors() throws(FormatError) -> [(String, Tensor)] {
    var result: [(String, Tensor)] = []
    for name in names {
      if let tensor = try tensor(name) { result.append((name, tensor)) }
    }
    return result
  }

  /// The array of that name; nil if there is none.
  ///
  /// - Throws: `FormatError` as `tensors()` does.
  public func tensor(_ name: String) throws(FormatError) -> Tensor? {
    guard let array = try array(name) else { return nil }
    return try Tensor(array)
  }

  /// Writes tensors as a file, which appears complete or not at all.
  ///
  ///     try NPZ.write(["x": x, "y": y], to: "data.npz", compressed: true)
  ///
  /// - Parameter tensors: names with tensors: a `StateDict`, a dictionary.
  /// - Throws: `FormatError` if a name stands twice or a tensor is bfloat16, `FileError` if the file cannot
  ///   be written.
  public static func write(
    _ tensors: some Sequence<(key: String, value: Tensor)>, to path: String,
    compressed: Bool = false
  ) throws {
    try write(
      tensors.map { (name: $0.key, array: RawArray($0.value)) }, to: path, compressed: compressed)
  }
}
