import Foundation
import Kobai
import Testing

@Suite(.serialized) struct PredictCommandTests {
  @Test func answersForImagesOfAllFormats() throws {
    let folder = try ScratchFolder()
    let run = folder.path("run")
    #expect(try Program.run(["train", "--epochs", "10", "--out", run]).status == 0)
    let (images, labels) = (Digits.images, Digits.labels.array(as: Int.self))

    // Three digits as an array, as published: 0 … 16.
    let array = images[..<3].squeeze(dim: 1)
    try NPY.write(RawArray(array), to: folder.path("three.npy"))
    let result = try Program.run(["predict", run, folder.path("three.npy"), "--csv"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.lines.first == "file,index,prediction,probability")
    let answers = result.lines.dropFirst().map { $0.split(separator: ",").map(String.init) }
    #expect(answers.map { $0[1] } == ["0", "1", "2"])
    #expect(answers.map { $0[2] } == labels[..<3].map(String.init))

    // One of them as a picture, larger than the network's images.
    let pixels = (images[0, 0] / 16 * 255).repeatInterleave(4, dim: 0).repeatInterleave(4, dim: 1)
    let bytes = pixels.array(as: Double.self).map { UInt8($0) }
    try PNG(width: 32, height: 32, channels: 1, samples: .uint8(bytes))
      .write(to: folder.path("zero.png"))
    let picture = try Program.run(["predict", run, folder.path("zero.png")])
    #expect(picture.lines.count == 1)
    #expect(picture.lines.first?.hasPrefix("\(folder.path("zero.png")): \(labels[0])") == true)

    // What a file is shows in its bytes; the outputs can be had as they are.
    try FileManager.default.moveItem(atPath: folder.path("three.npy"), toPath: folder.path("three"))
    let again = try Program.run([
      "predict", run, folder.path("three"), folder.path("zero.png"), "--outputs",
      folder.path("scores.npy"),
    ])
    #expect(again.status == 0, "\(again.errors)")
    let scores = try Tensor(npy: folder.path("scores.npy"))
    #expect(scores.shape == [4, 10])
    #expect(scores[..<3].argmax(dim: 1).array(as: Int.self) == labels[..<3].map { $0 })
    try Data("a,b\n".utf8).write(to: URL(fileURLWithPath: folder.path("photo.jpg")))
    let other = try Program.run(["predict", run, folder.path("photo.jpg")])
    #expect(other.status == 1)
    #expect(other.errors.contains("photo.jpg is neither a PNG"), "\(other.errors)")

    let broken = try Program.run(["predict", run, folder.path("nothing.png")])
    #expect(broken.status == 1)
    #expect(broken.errors.contains("nothing.png"))
  }

  @Test func answersForTables() throws {
    let folder = try ScratchFolder()
    var rows = "size,colour,price\n"
    for i in 0..<200 {
      let size = Double((i * 37) % 100) / 10
      let colour = ["red", "green", "blue"][i % 3]
      rows += "\(i % 20 == 19 ? "" : "\(size)"),\(colour),\(3 * size + Double(i % 3))\n"
    }
    try Data(rows.utf8).write(to: URL(fileURLWithPath: folder.path("things.csv")))
    let trained = try Program.run([
      "train", "--data", folder.path("things.csv"), "--target", "price", "--epochs", "60",
      "--out", folder.path("price"), "--json",
    ])
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.output.contains("size: 10 of 200 values are missing"))
    let json = try #require(
      JSONSerialization.jsonObject(with: Data((trained.lines.last ?? "").utf8)) as? [String: Any])
    // A twentieth of the sizes cannot be known.
    #expect(try #require(json["r2"] as? Double) > 0.7)

    try Data("size,colour\n2.5,red\n7.5,blue\n".utf8)
      .write(to: URL(fileURLWithPath: folder.path("new.csv")))
    let answered = try Program.run([
      "predict", folder.path("price"), folder.path("new.csv"), "--csv",
    ])
    #expect(answered.lines.first == "file,index,prediction")
    let prices = answered.lines.dropFirst().compactMap {
      $0.split(separator: ",").last.flatMap { Double($0) }
    }
    #expect(prices.count == 2)
    #expect(abs(prices[0] - 7.5) < 2 && abs(prices[1] - 24.5) < 3, "\(prices)")

    let classes = try Program.run([
      "train", "--data", folder.path("things.csv"), "--target", "colour", "--epochs", "2",
      "--out", folder.path("colour"), "--json",
    ])
    #expect(classes.status == 0)
    #expect(classes.lines.last?.contains("\"accuracy\"") == true)
    let wrong = try Program.run([
      "train", "--data", folder.path("things.csv"), "--target", "weight",
    ])
    #expect(wrong.status == 1)
    #expect(wrong.errors.contains("size, colour, price"))
  }
}
