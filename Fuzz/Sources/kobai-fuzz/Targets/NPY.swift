import KobaiFormats

extension FuzzTarget {
  /// An `.npy` file, or an `.npz` file if it begins like one.
  static let npy = FuzzTarget(
    name: "npy", maximalLength: 288,
    words: [
      "'descr': ", "'fortran_order': ", "'shape': ", "True", "False", "'<f4'", "'>c16'", "'|b1'",
      "(2, 3)", "(1,)", "()", "}", "PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "PK\u{6}\u{6}",
      "PK\u{6}\u{7}", ".npy",
    ],
    seeds: {
      let array = RawArray(dtype: .int16, shape: [2, 3], bytes: Array(0..<12))
      let fortran = "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 1, 2), }\n"
      let head: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(fortran.utf8.count), 0]
      let file: (name: String, bytes: [UInt8]) = ("x.npy", head + fortran.utf8 + Array(0..<16))
      return [
        try NPY.encode(array), file.bytes,
        try ZipArchive.encode([file]), try ZipArchive.encode([file], compressed: true),
        try ZipArchive.encode([("a", [1]), ("b.npy", [])]),
        try NPZ.encode([("y", RawArray(dtype: .bool, shape: [1], bytes: [1]))], compressed: true),
      ]
    },
    run: { bytes in
      if bytes.starts(with: "PK".utf8) {
        let file = try NPZ(bytes: bytes)
        for name in file.names {
          if let array = try? file.array(name, limit: 1 << 16) { check(array) }
        }
        return
      }
      check(try NPY.decode(bytes))
    })

  private static func check(_ array: RawArray) {
    demand(array.count * array.dtype.size == array.bytes.count, "an array has its bytes")
    guard let encoded = try? NPY.encode(array) else { fatalError("an array cannot be written") }
    demand((try? NPY.decode(encoded)) == array, "an array is kept")
  }
}
