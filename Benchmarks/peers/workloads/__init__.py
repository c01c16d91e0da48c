"""Each workload by its name, in PyTorch and in JAX side by side; the Swift side is in
Sources/kobai-benchmarks/Workloads."""
import importlib
import pkgutil
from dataclasses import dataclass
from typing import Callable, Optional


@dataclass
class Training:
    """A training step.

    torch(torch, draws) gives the network, its optimizer's maker, a batch x, y, and loss(net, x, y).
    jax(jax, draws) gives the parameters' names and shapes, the optimizer (see jax_optimizers), x, y, and
    loss(parameters, x, y).
    """

    torch: Callable
    jax: Callable
    channels_last: bool = False

    def __call__(self, library, draws):
        return getattr(self, library.__name__)(library, draws)


@dataclass
class Kernel:
    """An operation alone: torch(torch, *inputs) and jax(jax, *inputs) compute the same.

    inputs(draws) gives pairs of an array and a dtype's name, view(inputs) what is made of them without
    arithmetic; with `gradient` the gradient of that input is measured, along a graph recorded once.
    """

    inputs: Callable
    torch: Optional[Callable]
    jax: Optional[Callable]
    gradient: Optional[int] = None
    view: Callable = list


@dataclass
class Special:
    """Whatever is neither: torch(torch, way) and jax(jax, way) give a Subject."""

    torch: Callable
    jax: Callable


def find(name):
    for module in pkgutil.iter_modules(__path__):
        table = importlib.import_module(f"{__name__}.{module.name}").WORKLOADS
        if name in table:
            return table[name]
    raise KeyError(f"no workload {name}")
