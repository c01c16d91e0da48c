import CPeak
import Kobai

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

// kobai-benchmarks THREADS: answers requests, one a line, as the workers in peers/ do; `compare` asks.
//
//     names                every workload
//     peak                 what the machine can do: float32 and float64 operations, bytes read, bytes moved
//     prepare NAME WAY     makes a workload and says what it computes; WAY is eager, jit or precise
//     keep                 remembers the state, from which every later run begins
//     run SECONDS          the time of one call, several times
//     error                the relative error of what it computes against float64
//
// An answer is one line: `ok …`, `none REASON` where there is nothing to measure.
//
// kobai-benchmarks first: a program's first result, for the time from start to it.

func answer(_ line: String) {
  print(line)
  fflush(nil)
}

if CommandLine.arguments.last == "first" {
  let x = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
  (x * x).sum().backward()
  answer("\(x.grad?.array(as: Float.self) ?? [])")
  exit(0)
}

let threads = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1
Threads.count = threads
manualSeed(0)
answer("ready Kobai")

var subject: Subject?
while let line = readLine() {
  let words = line.split(separator: " ").map(String.init)
  switch (words.first, words.count) {
  case ("names", 1):
    answer("ok " + workloads.map(\.name).joined(separator: " "))
  case ("peak", 1):
    let peaks = [peak_flops(Int32(threads), false, 0.02), peak_flops(Int32(threads), true, 0.02)]
    answer("ok " + peaks.map { "\($0)" }.joined(separator: " "))
  case ("bandwidth", 1):
    let bandwidths = [false, true].map { peak_bandwidth(Int32(threads), $0, 0.01) }
    answer("ok " + bandwidths.map { "\($0)" }.joined(separator: " "))
  case ("prepare", 3):
    subject = nil
    guard let workload = workloads.first(where: { $0.name == words[1] }),
      let way = Way(rawValue: words[2])
    else {
      answer("none no such workload")
      continue
    }
    way.setUp()
    do {
      subject = try workload.make(way)
    } catch {
      answer("none \(error)")
      continue
    }
    guard let subject else {
      answer("none")
      continue
    }
    let check = subject.check().map { "\($0)" }.joined(separator: ",")
    let work = workload.work
    answer("ok check=\(check) flops=\(work.flops) reads=\(work.reads) writes=\(work.writes)")
  case ("keep", 1):
    subject?.keep()
    answer("ok")
  case ("run", 2):
    guard let subject, let seconds = Double(words[1]) else {
      answer("none nothing is prepared")
      continue
    }
    answer("ok " + time(subject, seconds: seconds).map { "\($0)" }.joined(separator: " "))
  case ("error", 1):
    answer(subject?.error().map { "ok \($0)" } ?? "none")
  default:
    answer("none not understood: \(line)")
  }
}
