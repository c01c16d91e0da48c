"""A step of gradient descent on x² + e^(-x) from 3."""
import numpy as np

from serve import Subject
from workloads import Special


def torch_step(torch, way):
    x = torch.tensor(3.0, requires_grad=True)

    def f(x):
        return x**2 + torch.exp(-x)

    if way == "compile":
        f = torch.compile(f)

    def step():
        f(x).backward()
        with torch.no_grad():
            x.sub_(x.grad, alpha=0.01)
        x.grad = None

    def check():
        return [step() or x.item() for _ in range(3)]

    return Subject(step, check)


def jax_step(jax, way):
    jnp = jax.numpy
    x = jnp.float32(3)

    @jax.jit
    def update(x):
        return x - 0.01 * jax.grad(lambda x: x**2 + jnp.exp(-x))(x)

    def step():
        nonlocal x
        x = update(x)

    def check():
        return [step() or float(x) for _ in range(3)]

    return Subject(step, check, wait=lambda: x.block_until_ready())


WORKLOADS = {"scalar": Special(torch_step, jax_step)}
