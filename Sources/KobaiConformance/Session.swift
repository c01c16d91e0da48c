import KobaiFormats
import KobaiTensor

/// The tensors of one case while it runs. The same key gives the same tensor.
public final class Session {
  private let file: SafeTensors
  private var made: [String: Tensor] = [:]
  /// Whether inputs that require grad are made so; not for a second run without derivatives.
  private let tracksGradients: Bool

  public init(_ file: SafeTensors, tracksGradients: Bool = true) {
    self.file = file
    self.tracksGradients = tracksGradients
  }

  /// The stored elements.
  public func host(_ reference: TensorReference) throws -> HostTensor {
    guard let dtype = DType(name: reference.dtype) else {
      throw Unsupported("tensors of dtype \(reference.dtype)")
    }
    guard let entry = file[reference.key], let bytes = file.bytes(of: reference.key) else {
      throw SuiteError("there is no tensor \(reference.key) in the case's file")
    }
    // Complex numbers are stored as pairs of reals.
    let stored = reference.shape + (dtype.isComplex ? [2] : [])
    guard entry.shape == stored, bytes.count == reference.shape.reduce(dtype.size, *) else {
      throw SuiteError(
        "tensor \(reference.key) is stored as \(entry.dtype.rawValue)\(entry.shape), "
          + "but the case says \(reference.dtype)\(reference.shape)")
    }
    return HostTensor(dtype: dtype, shape: reference.shape, bytes: bytes)
  }

  /// The tensor that an operation is given.
  public func tensor(_ reference: TensorReference) throws -> Tensor {
    if let tensor = made[reference.key] { return tensor }
    let host = try host(reference)
    var tensor = Tensor(bytes: host.bytes, dtype: host.dtype, shape: host.shape)
    if let strides = reference.strides { tensor = Self.strided(host, strides) ?? tensor }
    if reference.requiresGrad && tracksGradients { tensor.requiresGrad = true }
    made[reference.key] = tensor
    return tensor
  }

  /// A tensor already given out, or as a later write has left it.
  public func current(_ key: String) -> Tensor? { made[key] }

  /// Records that an operation has written a new value to one of its inputs.
  public func update(_ reference: TensorReference, to tensor: Tensor) {
    made[reference.key] = tensor
  }

  /// The elements spread over memory as the sample's were, so that operations meet real strides.
  private static func strided(_ host: HostTensor, _ strides: [Int]) -> Tensor? {
    guard strides.count == host.shape.count, strides.allSatisfy({ $0 >= 0 }), host.count > 0 else {
      return nil
    }
    let size = host.dtype.size
    let extent = zip(host.shape, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
    var storage = [UInt8](repeating: 0, count: extent * size)
    for index in 0..<host.count {
      let offset = zip(host.position(of: index), strides).reduce(0) { $0 + $1.0 * $1.1 }
      for byte in 0..<size { storage[offset * size + byte] = host.bytes[index * size + byte] }
    }
    let memory = Tensor(bytes: storage, dtype: host.dtype, shape: [extent])
    return Tensor(memory.value.view(Layout(shape: host.shape, strides: strides)))
  }
}
