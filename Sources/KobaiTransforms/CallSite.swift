/// Where a transform was called, for errors about tensors that leave it.
struct CallSite: Sendable {
  let transform: String
  let fileID: StaticString
  let line: UInt

  init(_ transform: String, _ fileID: StaticString, _ line: UInt) {
    self.transform = transform
    self.fileID = fileID
    self.line = line
  }

  /// `grad (Main.swift:12)`.
  var name: String {
    let file = "\(fileID)".split(separator: "/").last ?? ""
    return "\(transform) (\(file):\(line))"
  }
}
