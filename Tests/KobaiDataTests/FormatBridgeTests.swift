import Foundation
import Kobai
import KobaiFormats
import Testing

struct FormatBridgeTests {
  /// A path that no other test uses; the folder is removed at the end.
  func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "kobai-bridge-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  static let dtypes: [DType] = DType.allCases.filter { $0 != .bfloat16 }

  func sample(_ dtype: DType) -> Tensor {
    (Tensor.arange(12).reshape([3, 4]) - 3).remainder(5).to(dtype).transpose(0, 1)
  }

  @Test func numPyFilesComeBack() throws {
    try withFolder { folder in
      for dtype in Self.dtypes {
        let x = sample(dtype)
        try x.write(npy: folder + "/x.npy")
        #expect(same(try Tensor(npy: folder + "/x.npy"), x))
      }
      let scalar = Tensor(2.5, dtype: .float64)
      try scalar.write(npy: folder + "/x.npy")
      #expect(same(try Tensor(npy: folder + "/x.npy"), scalar))
      #expect(throws: FormatError.self) { try sample(.bfloat16).write(npy: folder + "/y.npy") }
      #expect(throws: FileError.self) { try Tensor(npy: folder + "/y.npy") }
      for compressed in [false, true] {
        try NPZ.write(
          ["a": sample(.float32), "b": sample(.int64)], to: folder + "/x.npz",
          compressed: compressed)
        let file = try NPZ(contentsOf: folder + "/x.npz")
        let read = Dictionary(uniqueKeysWithValues: try file.tensors())
        #expect(read.count == 2)
        #expect(same(try #require(read["a"]), sample(.float32)))
        #expect(same(try #require(try file.tensor("b")), sample(.int64)))
        #expect(try file.tensor("c") == nil)
      }
    }
  }

  @Test func unsignedIntegersAreWidened() throws {
    let small = RawArray([1, 65535] as [UInt16], dtype: .uint16, shape: [2])
    #expect(same(try Tensor(small), Tensor([1, 65535], dtype: .int32)))
    let middle = RawArray([1, .max] as [UInt32], dtype: .uint32, shape: [2])
    #expect(same(try Tensor(middle), Tensor([1, 4_294_967_295])))
    let large = RawArray([1, 1 << 63] as [UInt64], dtype: .uint64, shape: [2])
    let error = #expect(throws: FormatError.self) { try Tensor(large) }
    #expect(error?.message.contains("9223372036854775808") == true)
    #expect(throws: FormatError.self) {
      try Tensor(RawArray(dtype: .float32, shape: [2], bytes: [0]))
    }
    #expect(throws: FormatError.self) {
      try Tensor(RawArray(dtype: .float32, shape: [-1], bytes: []))
    }
  }

  @Test func safetensorsComeBack() throws {
    try withFolder { folder in
      let path = folder + "/x.safetensors"
      let all = DType.allCases.filter { $0 != .complex128 }
      try SafeTensors.write(
        Dictionary(uniqueKeysWithValues: all.map { ($0.description, sample($0)) }), to: path)
      let read = try SafeTensors(contentsOf: path).tensors()
      #expect(Set(read.map(\.0)) == Set(all.map(\.description)))
      for (name, tensor) in read {
        #expect(same(tensor, sample(try #require(DType(name: name)))), "\(name)")
      }
      #expect(throws: SafeTensorsError.self) {
        try SafeTensors.write(["x": sample(.complex128)], to: path)
      }
      #expect(try SafeTensors(contentsOf: path).tensors().count == all.count)
    }
  }

  @Test func imagesComeBack() throws {
    try withFolder { folder in
      let path = folder + "/x.png"
      for channels in 1...4 {
        let pixels = (Tensor.arange(channels * 5 * 7) * 37).remainder(256).to(.uint8)
          .reshape([channels, 5, 7])
        try pixels.write(png: path)
        #expect(same(try Tensor(png: path), pixels))
        // 0 … 1 in floating point is the same picture.
        try (pixels.to(.float32) / 255).write(png: path)
        #expect(same(try Tensor(png: path), pixels))
        let (rgb, gray) = (try Tensor(png: path, mode: .rgb), try Tensor(png: path, mode: .gray))
        #expect(rgb.shape == [3, 5, 7] && gray.shape == [1, 5, 7] && gray.dtype == .uint8)
        for i in 0..<35 {
          let place = (0..<3).map { rgb.array(as: Double.self)[$0 * 35 + i] }
          let brightness = 0.299 * place[0] + 0.587 * place[1] + 0.114 * place[2]
          #expect(abs(gray.array(as: Double.self)[i] - brightness) <= 0.51)
        }
      }
      let row = Tensor([[0.0, 2, -1, 0.5]])
      try row.write(png: path)
      #expect(try Tensor(png: path).array(as: Int.self) == [0, 255, 0, 128])
      for wrong in [
        Tensor.zeros([2]), Tensor.zeros([5, 2, 2]), Tensor.zeros([2, 2], dtype: .int64),
      ] {
        #expect(throws: FormatError.self) { try wrong.write(png: folder + "/y.png") }
      }
      #expect(!FileManager.default.fileExists(atPath: folder + "/y.png"))
    }
  }

  @Test func idxFilesAreRead() throws {
    try withFolder { folder in
      let bytes = try IDX.encode(RawArray(sample(.int16)))
      try AtomicFile.write(bytes, to: folder + "/x.idx")
      #expect(same(try Tensor(idx: folder + "/x.idx"), sample(.int16).contiguous()))
    }
  }
}
