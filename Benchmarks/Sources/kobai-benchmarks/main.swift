import CPeak
import Kobai

// swift run -c release --package-path Benchmarks kobai-benchmarks [matmul] [scalar] [step] [convolution]
//     [training]
//
// The floors and budgets of docs/performance.md; all of them unless some are named. These are for a
// quiet machine: run alone, and quote ratios and medians.

let chosen = CommandLine.arguments.dropFirst()
func isChosen(_ group: String) -> Bool { chosen.isEmpty || chosen.contains(group) }

func line(_ name: String, _ value: Double, _ unit: String, _ note: String = "") {
  func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
  let rounded = (value * 1000).rounded() / 1000
  print(padded(name, 46) + padded("\(rounded) \(unit)", 18) + note)
}

if isChosen("matmul") {
  let peak = { () -> Double in
    let rounds = 2_000_000
    var operations = 0.0
    let seconds = measure { operations = peak_run(rounds) }
    return operations / seconds / 1e9
  }()
  line("float32 FMA peak, one core", peak, "GFLOP/s")

  Threads.count = 1
  for n in [64, 128, 256, 512, 1024, 2048] {
    let (a, b) = (Tensor.randn([n, n]), Tensor.randn([n, n]))
    let flops = 2 * Double(n * n * n)
    Threads.count = 1
    let one = flops / measure { _ = a.matmul(b) } / 1e9
    Threads.count = 2
    let two = flops / measure { _ = a.matmul(b) } / 1e9
    line(
      "matmul \(n)³, float32", one, "GFLOP/s",
      "\(Int(100 * one / peak)) % of peak; two threads × \((two / one * 100).rounded() / 100)")
  }
  Threads.count = 0
}

if isChosen("scalar") {
  let (x, y) = (Tensor(1.5, dtype: .float32), Tensor(2.5, dtype: .float32))
  line("scalar x * y, untracked", measure { _ = x * y } * 1e9, "ns")
  let leaf = Tensor(2.0, requiresGrad: true)
  let tracked = leaf * 1.0
  line("scalar x * y, recorded and released", measure { _ = tracked * y } * 1e9, "ns")
  line(
    "scalar x * y, forward and backward",
    measure {
      var z = leaf * 1.0
      for _ in 0..<100 { z = z * y }
      z.backward()
      leaf.zeroGrad()
    } * 1e9 / 101, "ns")
}

if isChosen("step") {
  let x = Tensor(3.0, dtype: .float64, requiresGrad: true)
  line(
    "gradient-descent step on x² + e^(-x)",
    measure {
      let y = x ** 2 + (-x).exp()
      y.backward()
      x.data = x.data - 0.01 * x.grad
      x.zeroGrad()
    } * 1e6, "µs")
}

if isChosen("scalar") {
  let x = Tensor.ones([32, 32])
  let tracked = Tensor.ones([32, 32], requiresGrad: true) * 1.0
  line("32 × 32 add, untracked", measure { _ = x + x } * 1e9, "ns")
  line("32 × 32 add, recorded and released", measure { _ = tracked + tracked } * 1e9, "ns")
}

if isChosen("convolution") { convolutionBenchmarks() }
if isChosen("training") {
  for threads in [1, 2] { trainingStep(threads: threads) }
}
