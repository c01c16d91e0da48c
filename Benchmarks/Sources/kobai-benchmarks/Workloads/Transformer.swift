import Kobai

/// A GPT (Radford et al., 2019) of 4 layers, width 256, 8 heads, 65 characters, 128 of them in context;
/// batch 16, AdamW.
let transformerStep = training(
  "gpt",
  flops: 3 * 2 * 16 * 128 * (4 * (12 * 256 * 256 + 128 * 256) + 256 * 65)
) { draws in
  let net = GPT()
  return (
    net, { AdamW($0, lr: 3e-4) }, draws.integers([16, 128], below: 65),
    draws.integers([16, 128], below: 65),
    { x, y in crossEntropy(net(x).flatten(endDim: 1), y.flatten()) }
  )
}

private let (context, width, heads) = (128, 256, 8)

private final class GPT: Module {
  let tokens = Embedding(65, width)
  let positions = Embedding(context, width)
  let blocks = Sequential((0..<4).map { _ in Block() })
  let norm = LayerNorm(width)
  let head = Linear(width, 65, bias: false)

  func forward(_ x: Tensor) -> Tensor {
    head(norm(blocks(tokens(x) + positions.weight)))
  }
}

private final class Block: Module {
  let norm1 = LayerNorm(width)
  let attention = Attention()
  let norm2 = LayerNorm(width)
  let mlp = Sequential {
    Linear(width, 4 * width)
    GELU()
    Linear(4 * width, width)
  }

  func forward(_ x: Tensor) -> Tensor {
    let x = x + attention(norm1(x))
    return x + mlp(norm2(x))
  }
}

private final class Attention: Module {
  let qkv = Linear(width, 3 * width)
  let out = Linear(width, width)

  func forward(_ x: Tensor) -> Tensor {
    let shape = x.shape
    let parts = qkv(x).reshape([shape[0], shape[1], 3 * heads, width / heads])
      .transpose(1, 2).chunk(3, dim: 1)
    let y = scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true)
    return out(y.transpose(1, 2).reshape(shape))
  }
}
