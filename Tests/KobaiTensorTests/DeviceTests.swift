import Kobai
import Testing

@Suite struct DeviceTests {
  @Test func theProcessorIsADevice() throws {
    #expect(try Device("cpu") == .cpu)
    #expect(try Device("cpu:0") == .cpu)
    #expect(Device.available.contains(.default))
    #expect(Device.cpu.description == "cpu")
    let x = Tensor([1.0, 2], requiresGrad: true)
    #expect(x.device == .cpu)
    #expect(x.to(.cpu).requiresGrad && x.to(.cpu).isLeaf)
  }

  @Test(arguments: ["cuda", "cuda:1", "mps", "", "cpu:1", "cpu:-1", "cpu:x", "cpu:0:0", ":0"])
  func othersAreNotAvailable(_ name: String) {
    let error = #expect(throws: DeviceError.self) { try Device(name) }
    #expect(error?.description.contains("\"\(name)\" is not available; available: cpu") == true)
  }
}
