import KobaiFormats
import KobaiTensor

extension Tensor {
  /// The array of an IDX file (MNIST's format), plain or compressed by gzip.
  ///
  ///     let images = try Tensor(idx: "train-images-idx3-ubyte.gz")   // uint8, [60000, 28, 28]
  ///
  /// - Throws: `FileError` if it cannot be read, `FormatError` if it is not such a file.
  public init(idx path: String) throws { try self.init(try IDX.read(contentsOf: path)) }
}
