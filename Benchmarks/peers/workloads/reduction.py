"""Reductions along each axis."""
from workloads import Kernel


def reduction(shape, torch, jax):
    return Kernel(lambda draws: [(draws.uniform(shape), "float32")], torch, jax)


def along(shape, name, dim, jax_name=None):
    return reduction(
        shape, lambda torch, x: getattr(torch, name)(x, dim=dim),
        lambda jax, x: getattr(jax.numpy, jax_name or name)(x, axis=dim))


SHAPE = (8192, 4096)
WORKLOADS = {
    "reduce-sum": reduction(SHAPE, lambda torch, x: torch.sum(x), lambda jax, x: jax.numpy.sum(x)),
    "reduce-sum-dim0": along(SHAPE, "sum", 0),
    "reduce-sum-dim1": along(SHAPE, "sum", 1),
    "reduce-sum-middle": along((512, 256, 256), "sum", 1),
    "reduce-max-dim0": along(SHAPE, "amax", 0),
    "reduce-max-dim1": along(SHAPE, "amax", 1),
    "reduce-argmax-dim1": along(SHAPE, "argmax", 1),
    "reduce-var-dim1": reduction(
        SHAPE, lambda torch, x: torch.var(x, dim=1), lambda jax, x: jax.numpy.var(x, axis=1, ddof=1)),
}
