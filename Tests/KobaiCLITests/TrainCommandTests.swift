import Foundation
import Testing

@Suite(.serialized) struct TrainCommandTests {
  @Test func trainsAndLeavesARun() throws {
    let folder = try ScratchFolder()
    let result = try Program.run(["train", "--json", "--out", folder.path("run")])
    #expect(result.status == 0, "\(result.errors)")
    let last = try #require(result.lines.last)
    let json = try #require(
      JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    #expect(try #require(json["accuracy"] as? Double) >= 0.97)
    for key in ["train_loss", "validation_loss", "test_loss", "seconds", "parameters", "seed"] {
      #expect(json[key] is NSNumber, "\(key)")
    }
    for file in [
      "config.json", "model.safetensors", "checkpoint.safetensors", "history.csv",
      "learning-curve.svg", "confusion-matrix.svg", "report.html",
    ] {
      #expect(try #require(folder.contents("run/\(file)"), "\(file)").count > 100)
    }
    // The output is no terminal: lines, none rewritten.
    #expect(!result.output.contains("\r"))
    #expect(result.lines.count { $0.hasPrefix("epoch ") } == 30)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("run"))
    #expect(names.count == 7, "\(names)")

    let evaluation = try Program.run(["eval", folder.path("run"), "--json"])
    let tested = try #require(
      JSONSerialization.jsonObject(with: Data(evaluation.output.utf8)) as? [String: Any])
    #expect(tested["accuracy"] as? Double == json["accuracy"] as? Double)

    let summary = try Program.run(["summary", folder.path("run")])
    #expect(summary.output.contains("Conv2d"))
  }

  @Test func killedRunsEndWithTheSameBytes() throws {
    let folder = try ScratchFolder()
    let options = ["--epochs", "3", "--seed", "7"]
    let start = ContinuousClock.now
    let whole = try Program.run(["train", "--out", folder.path("whole")] + options)
    #expect(whole.status == 0, "\(whole.errors)")
    let duration = ContinuousClock.now - start
    var kills = 0
    let killed = folder.path("killed")
    var arguments = ["train", "--out", killed] + options
    // Each attempt lives a little longer, so that kills fall into all parts of the run; the last one
    // is left alone.
    for attempt in 0...20 {
      let running = try Program.start(arguments)
      let deadline = ContinuousClock.now + duration / 15 * (attempt + 1)
      while attempt < 20 && running.process.isRunning && ContinuousClock.now < deadline {
        usleep(2_000)
      }
      if attempt < 20 && running.process.isRunning {
        kill(running.process.processIdentifier, SIGKILL)
        kills += 1
      }
      let result = Program.finish(running)
      if result.status == 0 { break }
      let hasConfig = FileManager.default.fileExists(atPath: "\(killed)/config.json")
      arguments =
        hasConfig ? ["train", "--resume", killed] : ["train", "--out", killed] + options
    }
    #expect(kills > 0)
    #expect(
      folder.contents("killed/model.safetensors") == folder.contents("whole/model.safetensors"))
  }

  @Test(arguments: [SIGINT, SIGTERM]) func interruptedRunsContinue(signal: Int32) throws {
    let folder = try ScratchFolder()
    let options = ["--epochs", "4", "--model", "mlp", "--optimizer", "sgd"]
    #expect(try Program.run(["train", "--out", folder.path("whole")] + options).status == 0)
    let running = try Program.start(
      ["train", "--epochs", "400", "--model", "mlp", "--out", folder.path("long")])
    while folder.contents("long/checkpoint.safetensors") == nil && running.process.isRunning {
      usleep(10_000)
    }
    kill(running.process.processIdentifier, signal)
    let result = Program.finish(running)
    #expect(result.status == 128 + signal)
    #expect(result.output.contains("continue with: kobai train --resume"))
    #expect(folder.contents("long/checkpoint.safetensors") != nil)
    #expect(folder.contents("long/model.safetensors") == nil)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("long"))
    #expect(names.allSatisfy { !$0.contains("partial") && !$0.contains("tmp") }, "\(names)")
  }

  @Test func aFinishedRunIsNotTrainedAgain() throws {
    let folder = try ScratchFolder()
    let options = ["--epochs", "1", "--model", "mlp"]
    #expect(try Program.run(["train", "--out", folder.path("run")] + options).status == 0)
    let model = folder.contents("run/model.safetensors")
    let again = try Program.run(["train", "--resume", folder.path("run")])
    #expect(again.status == 0)
    #expect(folder.contents("run/model.safetensors") == model)
    let clash = try Program.run(["train", "--out", folder.path("run")] + options)
    #expect(clash.status == 1)
    #expect(clash.errors.contains("already holds a run"))
  }

  @Test func runsAreNumbered() throws {
    let folder = try ScratchFolder()
    for _ in 0..<2 {
      let result = try Program.run(
        ["train", "--epochs", "1", "--model", "mlp"], in: folder.url)
      #expect(result.status == 0, "\(result.errors)")
    }
    #expect(folder.contents("runs/digits-mlp-1/config.json") != nil)
    #expect(folder.contents("runs/digits-mlp-2/config.json") != nil)
  }

  @Test func threadsDoNotChangeTheModel() throws {
    let folder = try ScratchFolder()
    for threads in ["1", "2"] {
      let result = try Program.run([
        "train", "--epochs", "1", "--threads", threads, "--out", folder.path(threads),
      ])
      #expect(result.status == 0, "\(result.errors)")
    }
    #expect(folder.contents("1/model.safetensors") == folder.contents("2/model.safetensors"))
  }

  @Test(arguments: [
    ["train", "--data", "mnits"], ["train", "--epochs", "0"], ["train", "--lr", "-1"],
    ["train", "--data", "houses.csv"], ["train", "--resume", "x", "--epochs", "3"],
    ["train", "--model", "transformer"], ["frobnicate"], ["predict"], ["train", "--out", ""],
    ["train", "--resume", ""], ["train", "--epochs", "-1"], ["train", "--threads", "0"],
    ["train", "--epochs", "1000000000000000000"], ["train", "--schedule", "random"],
  ]) func wrongArgumentsAreUsageErrors(arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.status == 64)
    #expect(!result.errors.isEmpty)
    #expect(result.output.isEmpty)
  }

  @Test func failuresAreOneSentence() throws {
    let folder = try ScratchFolder()
    let missing = try Program.run(["eval", folder.path("nothing")])
    #expect(missing.status == 1)
    #expect(missing.errors.contains("is not a run folder"))
    #expect(missing.errors.split(separator: "\n").count == 1)
    let device = try Program.run(["train", "--device", "cuda", "--out", folder.path("run")])
    #expect(device.status == 1)
    #expect(folder.contents("run/config.json") == nil)
    let place = try Program.run(["train", "--out", "/dev/null/run"])
    #expect(place.status == 1)
    #expect(place.errors.contains("/dev/null/run"))
  }

  /// A disk that takes no more, by a limit on the size of files.
  @Test(
    .disabled(
      if: ProcessInfo.processInfo.environment["KOBAI_SANITIZER"] == "thread",
      "the thread sanitizer maps files of its own that exceed the limit"))
  func aFullDiskKeepsTheEarlierCheckpoint() throws {
    let folder = try ScratchFolder()
    #expect(
      try Program.run(["train", "--epochs", "1", "--model", "mlp", "--out", folder.path("run")])
        .status == 0)
    // As if it had been asked for more epochs.
    let config = try #require(folder.contents("run/config.json"))
    let longer = String(decoding: config, as: UTF8.self)
      .replacingOccurrences(of: "\"epochs\" : 1", with: "\"epochs\" : 3")
    try Data(longer.utf8).write(to: URL(fileURLWithPath: folder.path("run/config.json")))
    let checkpoint = folder.contents("run/checkpoint.safetensors")
    let shell = try Program.start(
      [
        "-c", "ulimit -f 8; trap '' XFSZ; exec \"$0\" \"$@\"", Program.url.path, "train",
        "--resume", folder.path("run"),
      ], program: URL(fileURLWithPath: "/bin/sh"))
    let result = Program.finish(shell)
    #expect(result.status == 1)
    #expect(result.errors.contains("checkpoint.safetensors"))
    #expect(folder.contents("run/checkpoint.safetensors") == checkpoint)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("run"))
    #expect(names.count == 7, "\(names)")
  }

  @Test func aRunThatDivergesSaysSo() throws {
    let folder = try ScratchFolder()
    let result = try Program.run([
      "train", "--lr", "1e9", "--optimizer", "sgd", "--out", folder.path("run"),
    ])
    #expect(result.status == 1)
    #expect(result.errors.contains("try a smaller learning rate"))
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(folder.contents("run/model.safetensors") == nil)
  }

  @Test func whatAKilledRunLeavesIsPutInOrder() throws {
    let folder = try ScratchFolder()
    let options = ["--epochs", "2", "--model", "mlp", "--out", folder.path("run")]
    #expect(try Program.run(["train"] + options).status == 0)
    let history = folder.contents("run/history.csv")
    // Killed between the last checkpoint and what follows it, while a file was written.
    for name in ["history.csv", "model.safetensors", "report.html"] {
      try FileManager.default.removeItem(atPath: folder.path("run/\(name)"))
    }
    try Data([1]).write(to: URL(fileURLWithPath: folder.path("run/.1x2y3z.partial")))
    let resumed = try Program.run(["train", "--resume", folder.path("run"), "--json"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(folder.contents("run/history.csv") == history)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("run"))
    #expect(names.count == 7, "\(names)")
    // The time is that of all processes together.
    let json = try #require(
      JSONSerialization.jsonObject(with: Data((resumed.lines.last ?? "").utf8)) as? [String: Any])
    let rows = String(decoding: try #require(history), as: UTF8.self).split(separator: "\n")
    let seconds = rows.dropFirst().compactMap {
      $0.split(separator: ",").last.flatMap { Double($0) }
    }
    #expect(abs(try #require(json["seconds"] as? Double) - seconds.reduce(0, +)) < 1e-9)
  }

  @Test func aConfigurationChangedByHandIsChecked() throws {
    let folder = try ScratchFolder()
    #expect(
      try Program.run(["train", "--epochs", "1", "--model", "mlp", "--out", folder.path("run")])
        .status == 0)
    let config = String(
      decoding: try #require(folder.contents("run/config.json")), as: UTF8.self)
    for (old, new) in [
      ("\"batchSize\" : 32", "\"batchSize\" : 0"), ("\"lr\" : 0.", "\"lr\" : -0."),
      ("\"network\" : \"mlp\"", "\"network\" : \"rnn\""), ("\"classes\" : [", "\"classes\" : {"),
    ] {
      #expect(config.contains(old))
      let changed = config.replacingOccurrences(of: old, with: new)
      try Data(changed.utf8).write(to: URL(fileURLWithPath: folder.path("run/config.json")))
      let result = try Program.run(["summary", folder.path("run")])
      #expect(result.status == 1)
      #expect(result.errors.contains("config.json is damaged"), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1)
    }
  }
}
