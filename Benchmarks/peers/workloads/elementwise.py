"""Elementwise operations and chains of them."""
from workloads import Kernel

LARGE = (16384, 1024)


def elementwise(torch, jax, shape=LARGE, gradient=None):
    def inputs(draws):
        return [(draws.uniform(shape), "float32"), (draws.uniform(shape), "float32")]

    return Kernel(inputs, torch, jax, gradient)


def chain(shape):
    return elementwise(
        lambda torch, x, y: torch.tanh((x * y + x) * 0.5),
        lambda jax, x, y: jax.numpy.tanh((x * y + x) * 0.5), shape)


def gelu(gradient=None):
    return elementwise(
        lambda torch, x, y: torch.nn.functional.gelu(x),
        lambda jax, x, y: jax.nn.gelu(x, approximate=False), gradient=gradient)


WORKLOADS = {
    "elementwise-add": elementwise(lambda torch, x, y: x + y, lambda jax, x, y: x + y),
    "elementwise-add-32x32": elementwise(
        lambda torch, x, y: x + y, lambda jax, x, y: x + y, shape=(32, 32)),
    "elementwise-exp": elementwise(
        lambda torch, x, y: torch.exp(x), lambda jax, x, y: jax.numpy.exp(x)),
    "elementwise-gelu": gelu(),
    "elementwise-gelu-grad": gelu(gradient=0),
    "elementwise-tanh-grad": elementwise(
        lambda torch, x, y: torch.tanh(x), lambda jax, x, y: jax.numpy.tanh(x), gradient=0),
    "elementwise-softplus": elementwise(
        lambda torch, x, y: torch.nn.functional.softplus(x), lambda jax, x, y: jax.nn.softplus(x)),
    "elementwise-leaky-relu": elementwise(
        lambda torch, x, y: torch.nn.functional.leaky_relu(x), lambda jax, x, y: jax.nn.leaky_relu(x)),
    "elementwise-atan2": elementwise(
        lambda torch, x, y: torch.atan2(x, y), lambda jax, x, y: jax.numpy.arctan2(x, y)),
    "elementwise-chain": chain(LARGE),
    "elementwise-chain-4096": chain((4096,)),
}
