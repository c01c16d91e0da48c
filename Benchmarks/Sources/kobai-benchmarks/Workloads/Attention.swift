import Kobai

/// Causal attention of a small GPT: 16 sequences, 8 heads, 128 or 1024 positions, 32 numbers each.
private func attention(_ positions: Int, batch: Int) -> [Workload] {
  let flops = 2 * Double(batch * 8 * positions * positions * 32)
  return [("", nil), ("-query-grad", 0)].map { suffix, gradient in
    kernel(
      "attention-\(positions)\(suffix)", Work(flops: gradient == nil ? flops : 2 * flops),
      gradient: gradient,
      inputs: { draws in (0..<3).map { _ in draws.uniform([batch, 8, positions, 32]) } }
    ) { scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true) }
  }
}

let attentions = attention(128, batch: 16) + attention(1024, batch: 2)
