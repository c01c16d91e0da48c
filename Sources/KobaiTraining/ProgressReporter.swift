import KobaiTensor

/// Shows a run: one line that is rewritten on a terminal, a line for each epoch elsewhere.
///
///     epoch  3/20 ━━━━━━━━━╸────── 57% 12,345/s 0:03 left  loss 0.1234  val_accuracy 0.9612
///     epoch  3/20  loss 0.1180  accuracy 0.9634  validation loss 0.1021  accuracy 0.9712  (2.1 s)
public final class ProgressReporter: TrainingCallback {
  private let isLive: Bool
  private let width: () -> Int
  private let write: (String) -> Void
  private var lastDrawn: ContinuousClock.Instant?
  private var started = ContinuousClock.now
  private var shown = 0

  /// - Parameters:
  ///   - isLive: whether the line under way is shown and rewritten.
  ///   - width: characters of a line.
  ///   - write: takes the text; the standard output by default.
  public init(
    isLive: Bool = Terminal.isInteractive, width: @escaping () -> Int = { Terminal.width },
    write: @escaping (String) -> Void = Terminal.write
  ) {
    self.isLive = isLive
    self.width = width
    self.write = write
  }

  public func trainingWillBegin(_ trainer: Trainer) {
    started = .now
    lastDrawn = nil
  }

  public func batchDidEnd(_ trainer: Trainer) {
    guard isLive else { return }
    let now = ContinuousClock.now
    // Ten times a second is enough for the eye and costs nothing.
    if let lastDrawn, now - lastDrawn < .milliseconds(100), trainer.batch < trainer.batchCount {
      return
    }
    lastDrawn = now
    draw(liveLine(trainer, elapsed: seconds(now - started)))
  }

  public func epochDidEnd(_ trainer: Trainer) {
    guard let epoch = trainer.history.epochs.last else { return }
    var parts = [counter(epoch.number, trainer.epochCount), text(epoch.train)]
    if let validation = epoch.validation { parts.append("validation \(text(validation))") }
    parts.append("(\(epoch.seconds.fixed(1)) s)")
    erase()
    write(parts.joined(separator: "  ") + "\n")
  }

  public func trainingDidEnd(_ trainer: Trainer) { erase() }

  private func liveLine(_ trainer: Trainer, elapsed: Double) -> String {
    let batches = Swift.max(1, trainer.batchCount)
    let part = Double(trainer.batch) / Double(batches)
    let rate = Double(trainer.examplesSeen) / Swift.max(elapsed, 1e-9)
    let stepsLeft =
      Double(trainer.epochCount - trainer.epoch) * Double(batches) - Double(trainer.batch)
    let left = stepsLeft * elapsed / Double(Swift.max(1, trainer.stepsSeen))
    let head = counter(trainer.epoch + 1, trainer.epochCount)
    var tail = " \(Int(part * 100))% \(Int(rate).grouped)/s \(clock(left)) left"
    // As many numbers as the line has room for beside a short bar, the most telling first.
    for number in numbers(trainer) where head.count + tail.count + number.count + 10 <= width() {
      tail += "  \(number)"
    }
    let room = width() - head.count - tail.count - 2
    return head + " " + bar(part, width: Swift.min(30, Swift.max(5, room))) + tail
  }

  /// The loss of the epoch under way, how good the last one was, then the rest.
  private func numbers(_ trainer: Trainer) -> [String] {
    let running = trainer.runningScore
    let validation = trainer.history.epochs.last?.validation
    func metrics(_ score: History.Score?, _ prefix: String) -> [String] {
      (score?.metrics.sorted { $0.key < $1.key } ?? []).map {
        "\(prefix)\($0.key) \($0.value.fixed(4))"
      }
    }
    return (running.map { ["loss \($0.loss.fixed(4))"] } ?? [])
      + metrics(validation, "val_") + metrics(running, "")
      + (validation.map { ["val_loss \($0.loss.fixed(4))"] } ?? [])
  }

  private func bar(_ part: Double, width: Int) -> String {
    let halves = Int(part * Double(2 * width))
    let full = halves / 2
    let middle = halves % 2 == 1 ? "╸" : ""
    let rest = width - full - (middle.isEmpty ? 0 : 1)
    return String(repeating: "━", count: full) + middle + String(repeating: "─", count: rest)
  }

  private func counter(_ number: Int, _ count: Int) -> String {
    let last = "\(count)"
    let now = "\(number)"
    return "epoch " + String(repeating: " ", count: Swift.max(0, last.count - now.count))
      + "\(now)/\(last)"
  }

  private func text(_ score: History.Score) -> String {
    let metrics = score.metrics.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.fixed(4))" }
    return (["loss \(score.loss.fixed(4))"] + metrics).joined(separator: "  ")
  }

  private func clock(_ seconds: Double) -> String {
    let whole = Int(Swift.min(seconds, 1e6).rounded(.up))
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }

  private func draw(_ line: String) {
    let clipped = String(line.prefix(Swift.max(1, width() - 1)))
    let gap = String(repeating: " ", count: Swift.max(0, shown - clipped.count))
    write("\r\(clipped)\(gap)")
    shown = clipped.count
  }

  private func erase() {
    guard shown > 0 else { return }
    write("\r" + String(repeating: " ", count: shown) + "\r")
    shown = 0
  }

  private func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
