import Foundation
import KobaiFormats
import Testing

/// Files that NumPy wrote.
struct NumPyCases: Decodable {
  struct Item: Decodable {
    var name: String
    var file: String
    var dtype: String
    var shape: [Int]
    var elements: String
  }

  var arrays: [Item]
  var unreadable: [String: String]
  var npz: [String]
  var zip: [String]
  var bzip2: String
}

@Suite("NPY")
struct NPYTests {
  private let cases: NumPyCases

  init() throws { cases = try Resource.json("numpy.json", as: NumPyCases.self) }

  @Test func readsWhatNumPyWrites() throws {
    #expect(cases.arrays.count == 50)
    for item in cases.arrays {
      let array = try NPY.decode(bytes(hex: item.file))
      #expect(array.dtype.rawValue == item.dtype, "\(item.name)")
      #expect(array.shape == item.shape, "\(item.name)")
      #expect(array.bytes == bytes(hex: item.elements), "\(item.name)")
    }
  }

  /// Files of version 1 in little-endian C order come back byte for byte.
  @Test func writesWhatNumPyWrites() throws {
    var count = 0
    for item in cases.arrays {
      let file = bytes(hex: item.file)
      let header = String(decoding: file.prefix(128), as: UTF8.self)
      guard header.hasPrefix("\u{FFFD}NUMPY\u{1}"), header.contains("'fortran_order': False"),
        !header.contains("'>"), !item.name.contains("Python 2")
      else { continue }
      count += 1
      #expect(try NPY.encode(try NPY.decode(file)) == file, "\(item.name)")
    }
    #expect(count > 20)
  }

  @Test func refusesWhatIsNotAnArrayOfNumbers() {
    #expect(cases.unreadable.count == 28)
    for (name, hex) in cases.unreadable {
      let message = refusal { try NPY.decode(bytes(hex: hex)) }
      #expect(message?.hasPrefix("npy: ") == true, "\(name): \(message ?? "accepted")")
    }
    func message(_ name: String) -> String {
      refusal { try NPY.decode(bytes(hex: cases.unreadable[name] ?? "")) } ?? ""
    }
    #expect(message("objects").contains("Python objects; reading them would execute code"))
    #expect(message("records").contains("records with several fields"))
    #expect(message("f16").contains("long doubles; convert them to float64"))
    #expect(message("data cut").contains("float32 [1] takes 4 bytes, but 3 follow the header"))
    #expect(message("huge").contains("larger than any memory"))
    #expect(message("twice").contains("'descr' stands there twice"))
  }

  @Test func readsTruthInAnyByte() throws {
    var file = try NPY.encode(RawArray(dtype: .bool, shape: [3], bytes: [0, 1, 1]))
    file[file.count - 1] = 200
    #expect(try NPY.decode(file).bytes == [0, 1, 1])
  }

  @Test func writesFiles() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("x.npy")
    let array = RawArray([1, -2, 3.5] as [Double], dtype: .float64, shape: [3])
    try NPY.write(array, to: path)
    #expect(try NPY.read(contentsOf: path) == array)
    #expect(try NPY.read(contentsOf: path).elements(as: Double.self) == [1, -2, 3.5])
    #expect(
      refusal { try NPY.encode(RawArray(dtype: .bfloat16, shape: [], bytes: [0, 0])) } != nil)
    #expect(refusal { try NPY.encode(RawArray(dtype: .int8, shape: [2], bytes: [0])) } != nil)
    #expect(throws: FileError.self) { try NPY.read(contentsOf: path + ".missing") }
  }
}

@Suite("NPZ")
struct NPZTests {
  private let cases: NumPyCases

  init() throws { cases = try Resource.json("numpy.json", as: NumPyCases.self) }

  @Test func readsWhatNumPyWrites() throws {
    #expect(cases.npz.count == 2)
    for hex in cases.npz {
      let file = try NPZ(bytes: bytes(hex: hex))
      #expect(file.names == ["x", "café"])
      let x = RawArray([0, 1, 2, 3, 4, 5] as [Double], dtype: .float64, shape: [2, 3])
      #expect(try file.array("x") == x)
      #expect(
        try file.array("café")
          == RawArray(dtype: .int16, shape: [100], bytes: [UInt8](repeating: 0, count: 200)))
      #expect(try file.array("y") == nil)
      #expect(refusal { try file.array("x", limit: 100) }?.contains("more than the 100") == true)
    }
  }

  @Test func readsOtherArchives() throws {
    #expect(cases.zip.count == 3)
    for hex in cases.zip {
      let file = try NPZ(bytes: bytes(hex: hex))
      #expect(file.names == ["x"])
      #expect(try file.array("x")?.bytes == [0, 1, 2, 3])
      let archive = try ZipArchive(bytes: bytes(hex: hex))
      #expect(archive.entries.map(\.name) == ["x.npy", "readme.txt"])
      #expect(try archive.bytes(of: "readme.txt") == Array("not an array".utf8))
    }
    #expect(refusal { try NPZ(bytes: bytes(hex: cases.bzip2)) }?.contains("method 12") == true)
  }

  @Test func readsWhatItWrites() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.npz")
    let arrays = [
      (
        "weights",
        RawArray(dtype: .float32, shape: [50, 3], bytes: (0..<600).map { UInt8($0 / 3) })
      ),
      ("勾配", RawArray(dtype: .bool, shape: [], bytes: [1])),
    ]
    for compressed in [false, true] {
      try NPZ.write(arrays, to: path, compressed: compressed)
      let file = try NPZ(contentsOf: path)
      #expect(file.names == arrays.map(\.0))
      for (name, array) in arrays { #expect(try file.array(name) == array) }
      #expect(
        try Array(Data(contentsOf: URL(fileURLWithPath: path)))
          == NPZ.encode(arrays, compressed: compressed))
    }
    #expect(try NPZ.encode(arrays, compressed: true).count < NPZ.encode(arrays).count)
    #expect(refusal { try NPZ.encode([arrays[0], arrays[0]]) }?.contains("two files") == true)
    #expect(try NPZ(bytes: try NPZ.encode([])).names == [])
  }

  /// The fields for archives beyond 4 GiB, without 4 GiB.
  @Test func readsLargeArchives() throws {
    let files = [("a", [UInt8](repeating: 1, count: 50)), ("b", [2, 3]), ("c", [])]
    for large in [0, 3, 60, 100, 1000] {
      for compressed in [false, true] {
        let archive = try ZipArchive(
          bytes: try ZipArchive.encode(files, compressed: compressed, largeFrom: large))
        #expect(archive.entries.map(\.name) == ["a", "b", "c"])
        for (name, bytes) in files { #expect(try archive.bytes(of: name) == bytes) }
      }
    }
  }

  /// Every cut, and every change of one byte, is an error or leaves the arrays as they are.
  @Test func noticesDamage() throws {
    let arrays = [("x", RawArray(dtype: .uint8, shape: [40], bytes: Array(0..<40)))]
    for compressed in [false, true] {
      let whole = try NPZ.encode(arrays, compressed: compressed)
      for count in 0..<whole.count {
        #expect(throws: FormatError.self) { try NPZ(bytes: Array(whole[..<count])) }
      }
      for position in whole.indices {
        for change in [UInt8(1), 0x80, 0xFF] {
          var bytes = whole
          bytes[position] ^= change
          guard let file = try? NPZ(bytes: bytes), let array = try? file.array("x") else {
            continue
          }
          #expect(array == arrays[0].1, "byte \(position)")
        }
      }
    }
  }
}
