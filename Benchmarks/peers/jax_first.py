"""A program's first result, as `kobai-benchmarks first`."""
import jax
import jax.numpy as jnp

print(jax.grad(lambda x: (x * x).sum())(jnp.array([1.0, 2.0, 3.0])).tolist(), flush=True)
