"""python jax_worker.py THREADS: JAX's side. Its settings: whole steps under jit, their state donated.
JAX uses the processors that the process may use, which `compare` sets."""
import jax
import jax.numpy as jnp
import numpy as np

from serve import Subject, relative_error, serve
from draws import Draws, parameter, projections
import workloads


def training(workload):
    draws = Draws()
    names, (start, update), x, y, loss = workload(jax, draws)
    x, y = jnp.asarray(x), jnp.asarray(y)
    parameters = {name: jnp.asarray(parameter(draws, name, shape)) for name, shape in names}
    state = (parameters, start(parameters))
    kept = []

    def step(state, x, y):
        value, gradient = jax.value_and_grad(loss)(state[0], x, y)
        return value, update(state[0], gradient, state[1])

    compiled = jax.jit(step, donate_argnums=0)

    def call():
        nonlocal state
        value, state = compiled(state, x, y)
        return value

    def keep():
        kept[:] = [jax.tree.map(np.array, state)]

    def reset():
        nonlocal state
        if kept:
            state = jax.tree.map(jnp.array, kept[0])

    return Subject(
        call, lambda: [float(call()) for _ in range(3)], keep, reset,
        wait=lambda: jax.block_until_ready(state))


def kernel(workload):
    draws = Draws()
    drawn = [jnp.asarray(a).astype(d) for a, d in workload.inputs(draws)]

    def function(*inputs):
        return workload.jax(jax, *workload.view(list(inputs)))

    def prepared(inputs):
        if workload.gradient is None:
            compiled = jax.jit(function)
            return lambda: jax.block_until_ready(compiled(*inputs))

        def of_one(x):
            return function(*inputs[: workload.gradient], x, *inputs[workload.gradient + 1 :])

        y, pullback = jax.vjp(of_one, inputs[workload.gradient])
        dy = jnp.asarray(Draws(draws.stream).uniform(y.shape)).astype(y.dtype)
        compiled = jax.jit(lambda pullback, dy: pullback(dy)[0])
        return lambda: jax.block_until_ready(compiled(pullback, dy))

    call = prepared(drawn)
    return Subject(call, lambda: projections(np.asarray(call().astype(jnp.float64))))


def prepare(name, way):
    workload = workloads.find(name)
    if workload.jax is None:
        return None
    # Without this JAX has no float64; everything else here names its dtype.
    jax.config.update("jax_enable_x64", isinstance(workload, workloads.Kernel))
    if isinstance(workload, workloads.Kernel):
        return kernel(workload)
    if isinstance(workload, workloads.Training):
        return training(workload)
    return workload.jax(jax, way)


if __name__ == "__main__":
    serve(f"JAX {jax.__version__}", prepare)
