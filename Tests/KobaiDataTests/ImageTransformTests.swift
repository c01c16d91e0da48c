import Kobai
import Testing

struct ImageTransformTests {
  let batch = Tensor.arange(2 * 3 * 4 * 5).reshape([2, 3, 4, 5])

  @Test func channelsComeFirst() {
    let image = (Tensor.arange(24) * 10).to(.uint8).reshape([2, 4, 3])
    let tensor = image.imageToTensor()
    #expect(tensor.shape == [3, 2, 4] && tensor.isContiguous)
    #expect(tensor.array(as: Float.self)[8 + 5] == Float((5 * 3 + 1) * 10) / 255)
    #expect(image.unsqueeze(0).imageToTensor().shape == [1, 3, 2, 4])
    #expect(same(image.to(.float32).imageToTensor(), image.to(.float32).permute([2, 0, 1])))
  }

  @Test func normalizingIsPerChannel() {
    let x = batch.to(.float64)
    let y = x.normalized(mean: [1, 2, 3], std: [0.5, 2, 4])
    for (place, value) in y.array(as: Double.self).enumerated() {
      let channel = place / 20 % 3
      let expected = (Double(place) - [1.0, 2, 3][channel]) / [0.5, 2, 4][channel]
      #expect(value == expected)
    }
    #expect(throws: Misuse.self) { try recovering { _ = x.normalized(mean: [1], std: [1]) } }
    #expect(throws: Misuse.self) {
      try recovering { _ = x.normalized(mean: [1, 1, 1], std: [1, 0, 1]) }
    }
    #expect(throws: Misuse.self) { try recovering { _ = batch.normalized(mean: [1], std: [1]) } }
  }

  /// Every dtype, padding and size against padding and slicing with the numbers that the generator gives.
  @Test(arguments: [DType.uint8, .float32, .float64, .complex128])
  func cropsArePiecesOfThePaddedImage(dtype: DType) {
    for (height, width, padding) in [
      (4, 5, 0), (2, 3, 0), (4, 5, 2), (8, 9, 2), (1, 1, 3), (3, 9, 2),
    ] {
      let x = batch.to(dtype)
      let crops = x.randomCrop(
        height: height, width: width, padding: padding, generator: Generator(seed: 4))
      #expect(crops.shape == [2, 3, height, width] && crops.dtype == dtype)
      let generator = Generator(seed: 4)
      var padded = Tensor.zeros([2, 3, 4 + 2 * padding, 5 + 2 * padding], dtype: dtype)
      padded[0..., 0..., padding..<padding + 4, padding..<padding + 5] = x
      for image in 0..<2 {
        let rooms = [4 + 2 * padding - height, 5 + 2 * padding - width]
        let starts = rooms.map { room in
          rooms == [0, 0]
            ? 0 : Tensor.randint(room + 1, [1], generator: generator).item(as: Int.self)
        }
        let expected = padded.select(dim: 0, index: image)
          .narrow(dim: 1, start: starts[0], length: height)
          .narrow(dim: 2, start: starts[1], length: width)
        #expect(same(crops.select(dim: 0, index: image), expected))
      }
    }
    #expect(throws: Misuse.self) { try recovering { _ = batch.randomCrop(height: 5, width: 5) } }
  }

  @Test func flipsFollowTheGenerator() {
    let x = Tensor.arange(50 * 2 * 3).reshape([50, 1, 2, 3])
    let flipped = x.randomHorizontalFlip(p: 0.3, generator: Generator(seed: 2))
    let generator = Generator(seed: 2)
    for image in 0..<50 {
      let original = x.select(dim: 0, index: image)
      let turns = Tensor.rand([1], generator: generator).item() < 0.3
      #expect(
        same(flipped.select(dim: 0, index: image), turns ? original.flip([2]) : original))
    }
    #expect(same(x.randomHorizontalFlip(p: 0), x))
    #expect(same(x.randomHorizontalFlip(p: 1), x.flip([3])))
    let image = x.select(dim: 0, index: 1)
    #expect(same(image.randomHorizontalFlip(p: 1), image.flip([2])))
  }
}
