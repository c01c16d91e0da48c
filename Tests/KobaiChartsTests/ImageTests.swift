import Kobai
import KobaiCharts
import KobaiFormats
import Testing

@Suite(.enabled(if: Zlib.isAvailable, "the zlib library reads what is written here"))
struct ImageTests {
  @Test func grayPicturesKeepTheirPixels() throws {
    let values = (0..<6).map(Double.init)
    let grid = ImageGrid([.init(gray: values, width: 3, height: 2, caption: "0 → 5")])
    let drawing = Drawing(grid)
    let pixels = try Pixels(try #require(drawing.all("image").first))
    #expect(pixels.width % 3 == 0 && pixels.width / 3 == pixels.height / 2)
    #expect(
      pixels.squares(columns: 3, rows: 2).map { $0[0] } == [0, 51, 102, 153, 204, 255])
    #expect(drawing.texts == ["0 → 5"])
  }

  @Test func colourPicturesKeepTheirPixels() throws {
    let tensor = Tensor([[[1.0, 0]], [[0, 0.2]], [[0, 1]]])  // [3, 1, 2]
    let interleaved = ImageGrid.Image(rgb: [1, 0, 0, 0, 0.2, 1], width: 2, height: 1)
    for image in [interleaved, .init(tensor)] {
      let drawing = Drawing(ImageGrid([image]))
      let pixels = try Pixels(try #require(drawing.all("image").first))
      #expect(pixels.squares(columns: 2, rows: 1) == [[255, 0, 0], [0, 51, 255]])
    }
  }

  @Test func randomPicturesSurviveCompression() throws {
    var generator = Lehmer(state: 7)
    for side in [1, 2, 7, 64, 300] {
      for alphabet in [1, 2, 256] {
        let bytes = (0..<side * side).map { _ in
          UInt8(Int.random(in: 0..<alphabet, using: &generator))
        }
        let grid = ImageGrid([.init(bytes: bytes, channels: 1, width: side, height: side)])
        let pixels = try Pixels(try #require(Drawing(grid).all("image").first))
        #expect(pixels.squares(columns: side, rows: side).flatMap { $0 } == bytes)
      }
    }
  }

  @Test func heatMapsShowMissingNumbersTransparent() throws {
    let chart = Chart { $0.imshow([[0, 1], [.nan, 0.5]], colors: .gray) }
    let pixels = try Pixels(try #require(Drawing(chart).all("image").first))
    let numbers = pixels.squares(columns: 2, rows: 2).map { Int($0[0]) }
    let reds = numbers.map { pixels.palette[3 * $0] }
    #expect(reds[0] == 0 && reds[1] == 255 && abs(Int(reds[3]) - 128) <= 1)
    #expect(numbers.map { pixels.opacities[$0] } == [255, 255, 0, 255])
  }

  @Test func uint8TensorsHaveTheirWholeRange() throws {
    let image = ImageGrid.Image(Tensor([[10, 20]], dtype: .uint8))
    let pixels = try Pixels(try #require(Drawing(ImageGrid([image])).all("image").first))
    #expect(pixels.squares(columns: 2, rows: 1) == [[10], [20]])
  }
}

@Suite struct ImageGridTests {
  private func picture(_ caption: String) -> ImageGrid.Image {
    .init(gray: [0, 1, 1, 0], width: 2, height: 2, caption: caption)
  }

  @Test(arguments: [0, 1, 5, 8, 9, 30], [160.0, 640])
  func picturesStandInAGrid(_ count: Int, _ width: Double) {
    let grid = ImageGrid((0..<count).map { picture("\($0) → a very long caption") }, title: "Some")
    let drawing = Drawing(grid, width: width)
    #expect(drawing.error == nil)
    #expect(drawing.isInside)
    let images = drawing.all("image")
    #expect(images.count == count)
    for (i, a) in images.enumerated() {
      for b in images[..<i] {
        #expect(
          a.number("x") >= b.number("x") + b.number("width")
            || b.number("x") >= a.number("x") + a.number("width")
            || a.number("y") >= b.number("y") + b.number("height")
            || b.number("y") >= a.number("y") + a.number("height"))
      }
    }
  }

  @Test func unequalSidesKeepTheirRatio() throws {
    let wide = ImageGrid.Image(gray: [0, 1, 2, 3], width: 4, height: 1)
    let image = try #require(Drawing(ImageGrid([wide, picture("")])).all("image").first)
    #expect(abs(image.number("width") - 4 * image.number("height")) < 0.05)
  }

  @Test func marksColourTheCaption() throws {
    let images = [ImageGrid.Image.Mark.none, .right, .wrong].map {
      ImageGrid.Image(gray: [0], width: 1, height: 1, caption: "c", mark: $0)
    }
    let colors = Drawing(ImageGrid(images)).all("text").compactMap { $0.attributes["fill"] }
    #expect(Set(colors).count == 3)
  }

  @Test func wrongSizesAreExplained() {
    #expect(throws: Misuse.self) {
      try recovering { _ = ImageGrid.Image(gray: [1, 2, 3], width: 2, height: 2) }
    }
    #expect(throws: Misuse.self) {
      try recovering { _ = ImageGrid.Image(Tensor([1.0, 2.0])) }
    }
  }
}
