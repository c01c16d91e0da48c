"""An epoch over MNIST with the data loader: the perceptron of `mlp`, batches of 128 in random order, Adam.
Needs the files in the folder mnist below the one that KOBAI_DATA names."""
import gzip
import os
from pathlib import Path

import numpy as np

from draws import Draws, parameter
from serve import Subject
from workloads import Special, mlp


def images():
    """The normalized training images and their labels."""
    if not os.environ.get("KOBAI_DATA"):
        raise FileNotFoundError("KOBAI_DATA is not set: it names the folder that has mnist's")
    folder = Path(os.environ["KOBAI_DATA"]) / "mnist"

    def read(name, header):
        plain = folder / name
        data = plain.read_bytes() if plain.exists() else gzip.decompress(
            (folder / f"{name}.gz").read_bytes())
        return np.frombuffer(data, np.uint8, offset=header)

    x = read("train-images-idx3-ubyte", 16).reshape(-1, 784).astype(np.float32) / 255
    y = read("train-labels-idx1-ubyte", 8).astype(np.int64)
    return (x - np.float32(0.13066048)) / np.float32(0.30810780), y


def torch_epoch(torch, way):
    from torch.utils.data import DataLoader, TensorDataset

    x, y = images()
    torch.manual_seed(0)
    net, make_optimizer, *_, loss = mlp.torch_net(torch, Draws())
    optimizer = make_optimizer(net.parameters())
    loader = DataLoader(
        TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), batch_size=128, shuffle=True,
        drop_last=True)
    value = torch.compile(loss) if way == "compile" else loss

    def epoch():
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            result = value(net, x, y)
            result.backward()
            optimizer.step()
            total += result.item()
        return total / len(loader)

    return Subject(epoch, lambda: [epoch()])


def jax_epoch(jax, way):
    x, y = images()
    names, (start, update), *_, loss = mlp.jax_net(jax, Draws())
    draws = Draws()
    parameters = {name: jax.numpy.asarray(parameter(draws, name, shape)) for name, shape in names}
    state = (parameters, start(parameters))
    random = np.random.default_rng(0)

    def step(state, x, y):
        value, gradient = jax.value_and_grad(loss)(state[0], x, y)
        return value, update(state[0], gradient, state[1])

    compiled = jax.jit(step, donate_argnums=0)

    def epoch():
        nonlocal state
        order, total = random.permutation(len(x)), 0.0
        for first in range(0, len(x) - 127, 128):
            chosen = order[first : first + 128]
            value, state = compiled(state, x[chosen], y[chosen])
            total += float(value)
        return total / (len(x) // 128)

    return Subject(epoch, lambda: [epoch()])


WORKLOADS = {"mnist-epoch": Special(torch_epoch, jax_epoch)}
