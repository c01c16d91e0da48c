import Foundation
import Kobai

extension FuzzTarget {
  /// The state of a training run, from which a small run is continued. The safetensors file around it has a
  /// target of its own: here the first two bytes change one of its tensors, and the rest is the text, in
  /// which `"G"` stands for a generator's state.
  static let checkpoint = FuzzTarget(
    name: "checkpoint", maximalLength: 3000,
    words: [
      "\"G\"", "null", "-1", "9223372036854775807", "1e308", "\"nan\"", "\"-inf\"", "[]", "{}",
      "\"batch\":", "\"consumed\":", "\"draw\":", "\"last_epoch\":\"9\"", "\"_step_count\"",
      "param_groups.0.lr", "param_groups.0.params", "state.0.exp_avg", "state.1.step", "[0.0, 1.0]",
    ],
    seeds: {
      try [0, 1, 3, 4].map { steps in
        let run = SmallRun()
        run.trainer.callbacks = [StopAfter(steps)]
        if steps > 0 { try run.trainer.fit(run.loader, epochs: 2) }
        let file = try run.saved()
        let text = (file.metadata[key] ?? "").replacing(#/"[0-9a-f]{1000,}"/#, with: "\"G\"")
        return [0, 0] + Array(text.utf8)
      }
    },
    run: { bytes in
      guard bytes.count > 2 else { return }
      let text = String(decoding: withStates(bytes.dropFirst(2)), as: UTF8.self)
      var items = tensors
      let place = Int(bytes[0]) % (items.count + 1)
      if place < items.count { change(&items[place], bytes[1]) }
      var file = try SafeTensors(bytes: SafeTensors.encode(items))
      file.metadata[key] = text
      let checkpoint = try Checkpoint(file)
      let run = fresh ?? SmallRun()
      fresh = run
      let before = run.parameters
      do {
        try run.trainer.restore(checkpoint, loader: run.loader)
      } catch {
        demand(run.parameters == before, "what does not fit changes nothing")
        throw error
      }
      fresh = nil
      // It goes on, and can be saved again.
      run.trainer.callbacks = [StopAfter(2)]
      try run.trainer.fit(run.loader, epochs: run.trainer.epoch + 1)
      guard (try? run.saved()) != nil else { fatalError("violated: a run can be saved again") }
    })

  private static let key = "kobai.training"
  /// A run into which nothing has been restored; libFuzzer calls from one thread.
  nonisolated(unsafe) private static var fresh: SmallRun?

  /// With a generator's state for each `"G"`.
  private static func withStates(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text
    while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
      result += rest[...quote]
      rest = rest[(quote + 1)...]
      if rest.starts(with: "G\"".utf8) {
        result += generatorState.utf8
        rest = rest.dropFirst()
      }
    }
    return result + rest
  }

  /// The tensors of a checkpoint that fits.
  private static let tensors: [SafeTensors.Item] = {
    let run = SmallRun()
    guard (try? run.trainer.fit(run.loader, epochs: 1)) != nil, let file = try? run.saved() else {
      fatalError("violated: a run can be saved")
    }
    return file.entries.map { entry in
      SafeTensors.Item(
        name: entry.name, dtype: entry.dtype, shape: entry.shape,
        bytes: file.bytes(of: entry.name) ?? [])
    }
  }()

  private static let generatorState = Generator(seed: 0).state.map { byte in
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }.joined()

  /// Another type, another shape or another name.
  private static func change(_ item: inout SafeTensors.Item, _ byte: UInt8) {
    switch byte & 3 {
    case 0:
      item.dtype = item.dtype == .float32 ? .int32 : .float32
      item.bytes = [UInt8](
        repeating: byte, count: item.shape.reduce(item.dtype.size, *))
    case 1:
      item.shape.append(1)
    case 2:
      item.shape = [Int(byte >> 2)]
      item.bytes = [UInt8](repeating: byte, count: item.dtype.size * Int(byte >> 2))
    default:
      item.name += "x"
    }
  }
}

/// A run that is over in microseconds.
private struct SmallRun {
  let trainer: Trainer
  let loader: Trainer.Loader

  init() {
    manualSeed(0)
    let net = Sequential(Linear(2, 1))
    let optimizer = Adam(net.parameters, lr: 0.1)
    trainer = Trainer(
      net, optimizer: optimizer,
      scheduler: OneCycleLR(optimizer, maxLR: 0.1, totalSteps: 64, cycleMomentum: false),
      schedulerInterval: .step, metrics: [.mae]
    ) { mseLoss($0, $1) }
    let x = Tensor([0, 1, 1, 0, 1, 1, 0, 0] as [Float], shape: [4, 2])
    loader = DataLoader(TensorDataset(x, x.sum(dim: 1, keepDim: true)), batchSize: 2, shuffle: true)
  }

  var parameters: [[Float]] { trainer.model.stateDict().values.map { $0.array(as: Float.self) } }

  func saved() throws -> SafeTensors {
    try SafeTensors(bytes: trainer.checkpoint().encode())
  }
}

private final class StopAfter: TrainingCallback {
  private var left: Int
  init(_ steps: Int) { left = steps }

  func batchDidEnd(_ trainer: Trainer) {
    left -= 1
    if left == 0 { trainer.stop() }
  }
}
