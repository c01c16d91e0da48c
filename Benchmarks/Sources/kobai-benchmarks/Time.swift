/// Seconds per call, once for each stretch of about a millisecond (or of one call that takes longer)
/// until `seconds` have passed. Begins from the state that was kept, after a call that is not counted.
func time(_ subject: Subject, seconds: Double) -> [Double] {
  subject.reset()
  subject.call()
  let clock = ContinuousClock()
  func stretch(_ calls: Int) -> Double {
    let start = clock.now
    for _ in 0..<calls { subject.call() }
    return (clock.now - start) / .seconds(1)
  }
  var calls = 1
  while stretch(calls) < 1e-3 { calls *= 2 }
  var times: [Double] = []
  let end = clock.now + .seconds(seconds)
  repeat { times.append(stretch(calls) / Double(calls)) } while clock.now < end
  return times
}
