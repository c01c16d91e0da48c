"""Softmax, normalizations and cross entropy, forward and backward."""
from workloads import Kernel

ROWS, IMAGES = (16384, 1024), (128, 64, 56, 56)


def floats(*shapes):
    return lambda draws: [(draws.uniform(shape), "float32") for shape in shapes]


def both(name, inputs, torch, jax, gradients):
    result = {name: Kernel(inputs, torch, jax)}
    for suffix, index in gradients.items():
        result[f"{name}-{suffix}"] = Kernel(inputs, torch, jax, gradient=index)
    return result


def jax_layer_norm(jax, x, weight, bias):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(var + 1e-5) * weight + bias


def jax_batch_norm(jax, x, weight, bias):
    mean, var = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    scale = jax.lax.rsqrt(var + 1e-5) * weight[:, None, None]
    return (x - mean) * scale + bias[:, None, None]


def jax_cross_entropy(jax, x, y):
    return -jax.numpy.take_along_axis(jax.nn.log_softmax(x), y[:, None], 1).mean()


def labelled(draws):
    return [(draws.uniform(ROWS), "float32"), (draws.integers((16384,), 1024), "int64")]


WORKLOADS = {
    **both(
        "softmax", floats(ROWS), lambda torch, x: torch.softmax(x, 1),
        lambda jax, x: jax.nn.softmax(x, 1), {"grad": 0}),
    **both(
        "layer-norm", floats(ROWS, (1024,), (1024,)),
        lambda torch, x, w, b: torch.nn.functional.layer_norm(x, (1024,), w, b), jax_layer_norm,
        {"grad": 0, "weight-grad": 1}),
    **both(
        "batch-norm", floats(IMAGES, (64,), (64,)),
        lambda torch, x, w, b: torch.nn.functional.batch_norm(x, None, None, w, b, training=True),
        jax_batch_norm, {"grad": 0}),
    **both(
        "cross-entropy", labelled, lambda torch, x, y: torch.nn.functional.cross_entropy(x, y),
        jax_cross_entropy, {"grad": 0}),
}
