import KobaiTensor

extension DataLoader {
  /// One epoch. Ending its life early ends background loading too.
  public final class Iterator: IteratorProtocol {
    private let loader: DataLoader
    private let epoch: Epoch
    private var order: any IteratorProtocol<[Int]>
    private let seed: UInt64
    private let ahead: Prefetcher<Batch>?

    init(_ loader: DataLoader, resuming position: DataLoaderState.Position?) {
      self.loader = loader
      ahead = loader.prefetch > 0 ? Prefetcher(load: loader.load) : nil
      epoch = Epoch(loader.generators, resuming: position)
      order = loader.batches.makeIterator()
      seed = epoch.draw { loader.generator.drawSeed() }
      loader.epoch = epoch
      if let position {
        // What the epoch has drawn is drawn again, so that its order is known.
        while epoch.drawn < position.consumed, drawIndices() != nil {}
        epoch.consumed = epoch.drawn
        requestAhead(loader.prefetch)
        epoch.endReplay()
      }
    }

    deinit {
      epoch.isOver = true
      ahead?.stop()
    }

    /// The next batch, or nil at the end of the epoch.
    ///
    /// Stops the program if the data set throws: use `nextBatch()` to handle its errors.
    public func next() -> Batch? {
      do {
        return try nextBatch()
      } catch {
        return misuse(
          "DataLoader: batch \(epoch.consumed) could not be loaded: \(error); to handle errors of the "
            + "data set, iterate by try loader.forEach { … }", else: nil)
      }
    }

    /// The next batch, or nil at the end of the epoch.
    ///
    /// - Throws: what the data set or the transform throws; the epoch is over then.
    public func nextBatch() throws -> Batch? {
      guard !epoch.isOver else { return nil }
      do {
        guard let batch = try ahead.map(takePrefetched) ?? loadNow() else {
          end()
          return nil
        }
        epoch.consumed += 1
        return batch
      } catch {
        end()
        // What was a misuse on the loader's thread is one on this thread.
        guard let mistake = error as? Misuse else { throw error }
        return misuse(mistake.message, else: nil)
      }
    }

    private func loadNow() throws -> Batch? {
      try drawIndices().map { try loader.load($0.indices, $0.seed) }
    }

    private func takePrefetched(_ ahead: Prefetcher<Batch>) throws -> Batch? {
      requestAhead(loader.prefetch + 1)
      return try ahead.take()
    }

    /// Has the thread prepare batches until `count` are requested that nobody has taken.
    private func requestAhead(_ count: Int) {
      guard let ahead else { return }
      while ahead.pending < count, let next = drawIndices() {
        ahead.request(next.indices, next.seed)
      }
    }

    /// The examples of the next batch and the seed of its transform.
    private func drawIndices() -> (indices: [Int], seed: UInt64)? {
      guard let indices = epoch.draw({ order.next() }) else { return nil }
      defer { epoch.drawn += 1 }
      return (indices, seed &+ UInt64(epoch.drawn))
    }

    private func end() {
      epoch.isOver = true
      ahead?.stop()
    }
  }
}
