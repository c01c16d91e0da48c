"""What the training steps in JAX are made of: layers on a dictionary of parameters under PyTorch's names,
and optimizers as pairs of functions."""
import jax
import jax.numpy as jnp


def linear(p, name, x):
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def conv(x, weight, stride=1, padding=0):
    """Images are [batch, height, width, channels], which XLA is fastest with on CPUs."""
    return jax.lax.conv_general_dilated(
        x, weight, (stride, stride), ((padding, padding),) * 2,
        dimension_numbers=("NHWC", "OIHW", "NHWC"))


def max_pool(x):
    return jax.lax.reduce_window(
        x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def batch_norm(p, name, x):
    # Running statistics are left out: they would only slow JAX down.
    mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
    return (x - mean) * (jax.lax.rsqrt(var + 1e-5) * p[f"{name}.weight"]) + p[f"{name}.bias"]


def layer_norm(p, name, x):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(var + 1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]


def cross_entropy(logits, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], -1).mean()


def adam(lr, betas=(0.9, 0.999), eps=1e-8, decay=0.0):
    """Adam; AdamW with decay."""

    def start(p):
        return 0, jax.tree.map(jnp.zeros_like, p), jax.tree.map(jnp.zeros_like, p)

    def step(p, g, state):
        count, m, v = state[0] + 1, state[1], state[2]
        m = jax.tree.map(lambda m, g: betas[0] * m + (1 - betas[0]) * g, m, g)
        v = jax.tree.map(lambda v, g: betas[1] * v + (1 - betas[1]) * g * g, v, g)
        c1, c2 = 1 - betas[0] ** count, 1 - betas[1] ** count
        p = jax.tree.map(
            lambda p, m, v: p * (1 - lr * decay) - lr / c1 * m / (jnp.sqrt(v / c2) + eps), p, m, v)
        return p, (count, m, v)

    return start, step


def sgd(lr, momentum):
    def start(p):
        return jax.tree.map(jnp.zeros_like, p)

    def step(p, g, state):
        state = jax.tree.map(lambda b, g: momentum * b + g, state, g)
        return jax.tree.map(lambda p, b: p - lr * b, p, state), state

    return start, step
