import KobaiData
import KobaiFormats
import KobaiNN

extension StateDict {
  /// The tensors of a safetensors file, read memory-mapped.
  ///
  ///     try net.load(StateDict(contentsOf: "model.safetensors"))
  ///
  /// - Throws: `FileError`; `SafeTensorsError` if the file is malformed; `FormatError` if it holds a type
  ///   that tensors do not have.
  public init(contentsOf path: String) throws {
    self.init(try SafeTensors(contentsOf: path).tensors())
  }

  /// Writes a safetensors file, complete or not at all. The same tensors give the same bytes; Python's
  /// `safetensors.torch.load_file` reads them.
  ///
  ///     try net.stateDict().write(to: "model.safetensors")
  ///
  /// - Throws: `FileError`; `SafeTensorsError` for complex128, which the format does not have.
  public func write(to path: String, metadata: [String: String] = [:]) throws {
    try SafeTensors.write(self, metadata: metadata, to: path)
  }
}
