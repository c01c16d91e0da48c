"""A GPT of 4 layers, width 256, 8 heads, 65 characters, 128 of them in context; batch 16, AdamW."""
from workloads import Training

LAYERS, CONTEXT, WIDTH, HEADS, CHARACTERS = 4, 128, 256, 8, 65


def batch(draws):
    return draws.integers((16, CONTEXT), CHARACTERS), draws.integers((16, CONTEXT), CHARACTERS)


def torch_net(torch, draws):
    nn = torch.nn
    attend = nn.functional.scaled_dot_product_attention

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

        def forward(self, x):
            n, t, _ = x.shape
            q, k, v = self.qkv(x).view(n, t, 3 * HEADS, WIDTH // HEADS).transpose(1, 2).chunk(3, 1)
            return self.out(attend(q, k, v, is_causal=True).transpose(1, 2).reshape(x.shape))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.attention = nn.LayerNorm(WIDTH), Attention()
            self.norm2 = nn.LayerNorm(WIDTH)
            self.mlp = nn.Sequential(
                nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

        def forward(self, x):
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Embedding(CHARACTERS, WIDTH)
            self.positions = nn.Embedding(CONTEXT, WIDTH)
            self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
            self.norm = nn.LayerNorm(WIDTH)
            self.head = nn.Linear(WIDTH, CHARACTERS, bias=False)

        def forward(self, x):
            return self.head(self.norm(self.blocks(self.tokens(x) + self.positions.weight)))

    return (
        GPT(), lambda p: torch.optim.AdamW(p, lr=3e-4, fused=True), *batch(draws),
        lambda net, x, y: nn.functional.cross_entropy(net(x).flatten(0, 1), y.flatten()))


def jax_net(jax, draws):
    from jax_training import adam, cross_entropy, layer_norm, linear

    def affine(name, *shape):
        return [(f"{name}.weight", shape), (f"{name}.bias", shape[:1])]

    names = [("tokens.weight", (CHARACTERS, WIDTH)), ("positions.weight", (CONTEXT, WIDTH))]
    for k in range(LAYERS):
        b = f"blocks.{k}"
        names += affine(f"{b}.norm1", WIDTH) + affine(f"{b}.attention.qkv", 3 * WIDTH, WIDTH)
        names += affine(f"{b}.attention.out", WIDTH, WIDTH) + affine(f"{b}.norm2", WIDTH)
        names += affine(f"{b}.mlp.0", 4 * WIDTH, WIDTH) + affine(f"{b}.mlp.2", WIDTH, 4 * WIDTH)
    names += affine("norm", WIDTH) + [("head.weight", (CHARACTERS, WIDTH))]

    def loss(p, x, y):
        x = p["tokens.weight"][x] + p["positions.weight"]
        for k in range(LAYERS):
            b = f"blocks.{k}"
            qkv = linear(p, f"{b}.attention.qkv", layer_norm(p, f"{b}.norm1", x))
            q, k, v = jax.numpy.split(qkv.reshape(*x.shape[:2], 3 * HEADS, WIDTH // HEADS), 3, axis=2)
            z = jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(x.shape)
            x = x + linear(p, f"{b}.attention.out", z)
            z = linear(p, f"{b}.mlp.0", layer_norm(p, f"{b}.norm2", x))
            x = x + linear(p, f"{b}.mlp.2", jax.nn.gelu(z, approximate=False))
        return cross_entropy(layer_norm(p, "norm", x) @ p["head.weight"].T, y)

    return names, adam(3e-4, decay=0.01), *batch(draws), loss


WORKLOADS = {"gpt": Training(torch_net, jax_net)}
