import Kobai
import KobaiTestSupport
import Testing

@Suite struct AnomalyTests {
  private func anomaly(_ body: () -> Void) -> Anomaly? {
    do {
      try detectingAnomaly(body)
      return nil
    } catch {
      return error as? Anomaly
    }
  }

  @Test func theForwardOperationIsNamed() {
    let found = anomaly {
      let x = Tensor([1.0, 0.0], requiresGrad: true)
      _ = (x.log() * 0).exp()
    }
    #expect(found?.operation == "log")
    #expect(found?.inBackward == false)
    #expect(found?.kind == "infinity")
    #expect(found?.inputs == [[2]])
  }

  @Test func theBackwardOperationIsNamed() {
    // √x by a power: its value at 0 is 0, its slope infinite.
    let found = anomaly {
      let x = Tensor([1.0, 0.0], requiresGrad: true)
      ((x ** 0.5) * 2).sum().backward()
    }
    #expect(found?.operation == "PowBackward0")
    #expect(found?.inBackward == true)
    #expect(found?.kind == "infinity")
    #expect("\(found as Any)".contains("PowBackward0 gave a"))
  }

  @Test func theFirstCounts() {
    let found = anomaly {
      let zero = Tensor(0.0)
      _ = zero / zero
      _ = zero.log()
    }
    #expect(found?.operation == "div")
    #expect(found?.kind == "NaN")
  }

  @Test func numbersThatComeFromOutsideAreNoAnomaly() {
    #expect(anomaly { _ = Tensor(Double.nan) + 1 } == nil)
    #expect(anomaly { _ = Tensor(-Double.infinity).exp() } == nil)
  }

  @Test func insideATransform() {
    let found = anomaly { _ = vmap { [$0[0].log()] }([Tensor([1.0, 0.0])]) }
    #expect(found?.operation == "log")
  }

  @Test func cleanCodePasses() throws {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let result = try detectingAnomaly {
      let loss = (x.log() * x).sum()
      loss.backward()
      return loss
    }
    #expect(result.item().isFinite)
  }

  @Test func errorsPassThrough() {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try detectingAnomaly { throw Stop() } }
    #expect(anomaly { _ = Tensor(0.0).log() } != nil)
    _ = Tensor(0.0).log()
  }

  @Test func theSentenceNamesWhatWasFound() {
    let infinite = anomaly { _ = Tensor([0.0]).log() }
    #expect("\(infinite as Any)".contains("log gave an infinity from finite inputs of shape [1]"))
    let undefined = anomaly { _ = Tensor([-1.0]).log() }
    #expect("\(undefined as Any)".contains("log gave a NaN from finite inputs of shape [1]"))
  }
}
