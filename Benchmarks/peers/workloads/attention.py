"""Causal attention: 8 heads of 32 numbers."""
from workloads import Kernel


def attention(positions, batch, gradient=None):
    def torch_attention(torch, q, k, v):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)

    def jax_attention(jax, q, k, v):
        q, k, v = (x.swapaxes(1, 2) for x in (q, k, v))
        return jax.nn.dot_product_attention(q, k, v, is_causal=True).swapaxes(1, 2)

    return Kernel(
        lambda draws: [(draws.uniform((batch, 8, positions, 32)), "float32") for _ in range(3)],
        torch_attention, jax_attention, gradient)


WORKLOADS = {
    "attention-128": attention(128, 16),
    "attention-128-query-grad": attention(128, 16, gradient=0),
    "attention-1024": attention(1024, 2),
    "attention-1024-query-grad": attention(1024, 2, gradient=0),
}
