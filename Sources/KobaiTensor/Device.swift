/// Where a tensor's elements are and its operations run.
public struct Device: Hashable, Sendable, CustomStringConvertible {
  /// The kind, by PyTorch's name: `cpu`.
  public let type: String
  /// Which one of its kind, counted from 0.
  public let index: Int

  /// Host memory and the processor's cores.
  public static let cpu = Device(type: "cpu", index: 0)

  /// A device by PyTorch's name: `"cpu"`, `"cuda:1"`.
  ///
  /// - Throws: `DeviceError` if there is no such device.
  public init(_ name: String) throws {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    guard let type = parts.first, !type.isEmpty, parts.count <= 2,
      let index = parts.count == 2 ? Int(parts[1]) : 0, index >= 0
    else { throw DeviceError(name: name, available: Device.available) }
    let device = Device(type: String(type), index: index)
    guard Device.available.contains(device) else {
      throw DeviceError(name: name, available: Device.available)
    }
    self = device
  }

  private init(type: String, index: Int) {
    self.type = type
    self.index = index
  }

  /// The devices of this machine that Kobai can use.
  public static var available: [Device] { [.cpu] }

  /// Where new tensors go.
  public static var `default`: Device { .cpu }

  public var description: String { index == 0 ? type : "\(type):\(index)" }
}

/// A device that this machine, or this build, does not have.
public struct DeviceError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was asked for.
  public let name: String
  /// What there is.
  public let available: [Device]
  public var description: String {
    "device: \"\(name)\" is not available; available: "
      + available.map(\.description).joined(separator: ", ")
  }
}

extension Tensor {
  /// The same elements on another device; itself if they are there.
  public func to(_ device: Device) -> Tensor { self }
}
