import KobaiTensor

/// A thread that loads batches one after the other in the order of their requests.
///
/// `@unchecked Sendable`: everything that changes is read and written under `monitor`.
final class Prefetcher<Batch: Sendable>: @unchecked Sendable {
  /// Requests that were not taken yet. Only the consumer's thread uses it.
  private(set) var pending = 0

  private let monitor = Monitor()
  private var requests: [(indices: [Int], seed: UInt64)] = []
  private var results: [Result<Batch, any Error>] = []
  private var isStopped = false
  private let load: @Sendable ([Int], UInt64) throws -> Batch
  private var thread: BackgroundThread?

  init(load: @escaping @Sendable ([Int], UInt64) throws -> Batch) { self.load = load }

  /// Has the batch of these examples loaded, after those requested before.
  func request(_ indices: [Int], _ seed: UInt64) {
    pending += 1
    monitor.locked { requests.append((indices, seed)) }
    if thread == nil { thread = BackgroundThread { self.run() } }
  }

  /// The batch requested first, waiting for it if need be; nil if all have been taken.
  func take() throws -> Batch? {
    guard pending > 0 else { return nil }
    pending -= 1
    guard thread != nil else {  // the system gave none
      let request = monitor.locked { requests.removeFirst() }
      return try load(request.indices, request.seed)
    }
    return try monitor.wait { results.isEmpty ? nil : results.removeFirst() }.get()
  }

  /// Ends the thread: at once, or after the batch that it is loading. Nothing of it runs afterwards.
  func stop() {
    monitor.locked {
      isStopped = true
      requests = []
    }
    thread?.join()
    thread = nil
    monitor.locked { results = [] }
    pending = 0
  }

  private func run() {
    while let request = nextRequest() {
      // A misuse travels to the consumer like an error: it may be `recovering`, this thread is not.
      let result = Result { try recovering { try load(request.indices, request.seed) } }
      monitor.locked { if !isStopped { results.append(result) } }
    }
  }

  /// Waits for a request; nil once stopped.
  private func nextRequest() -> (indices: [Int], seed: UInt64)? {
    monitor.wait { () -> (indices: [Int], seed: UInt64)?? in
      if isStopped { return .some(nil) }
      return requests.isEmpty ? nil : .some(requests.removeFirst())
    }
  }
}
