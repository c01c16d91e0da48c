import KobaiTensor

/// How far an epoch has come, and where in their streams the generators stood when its order was drawn:
/// what is needed to draw the same order again.
final class Epoch {
  /// The draws that did not follow the one before directly: something else drew from the
  /// generators in between. The first is the beginning.
  private(set) var jumps: [DataLoaderState.Jump]
  /// The batches whose examples are drawn.
  var drawn = 0
  /// The batches that were handed out.
  var consumed = 0
  var isOver = false

  private let generators: [Generator]
  /// The states of the generators behind the latest draw.
  private var latest: [[UInt8]]
  /// The number of the next draw: the seed's, then one for each batch.
  private var draws = 0
  /// While an epoch is repeated: the jumps still to come, and where the generators stand meanwhile.
  private var replay: (jumps: ArraySlice<DataLoaderState.Jump>, now: [[UInt8]])?

  init(_ generators: [Generator], resuming position: DataLoaderState.Position?) {
    self.generators = generators
    latest = generators.map(\.state)
    jumps =
      position?.jumps ?? [DataLoaderState.Jump(draw: 0, states: latest.map(GeneratorState.init))]
    if let position { replay = (position.jumps[...], latest) }
  }

  /// The result of `body`, which draws the next part of the order.
  func draw<R>(_ body: () -> R) -> R {
    defer { draws += 1 }
    if let jump = replay?.jumps.first, jump.draw == draws {
      replay?.jumps.removeFirst()
      reset(to: jump.states.map(\.bytes))
    }
    let before = replay == nil ? generators.map(\.state) : latest
    let result = body()
    let after = generators.map(\.state)
    if replay == nil, before != after, before != latest {
      jumps.append(DataLoaderState.Jump(draw: draws, states: before.map(GeneratorState.init)))
    }
    if before != after { latest = after }
    return result
  }

  /// Puts the generators back to where they stood before an epoch was repeated.
  func endReplay() {
    guard let now = replay?.now else { return }
    replay = nil
    reset(to: now)
  }

  private func reset(to states: [[UInt8]]) {
    for (generator, state) in zip(generators, states) { generator.reset(to: state) }
  }
}
