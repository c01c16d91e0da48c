"""Gather, scatter, embedding, sort and top-k."""
from workloads import Kernel

ROWS, WIDTH = 16384, 1024


def table(draws):
    return [(draws.uniform((ROWS, WIDTH)), "float32"), (draws.integers((ROWS, WIDTH), WIDTH), "int64")]


def embedding(gradient=None):
    return Kernel(
        lambda draws: [
            (draws.uniform((50000, 256)), "float32"), (draws.integers((64, 512), 50000), "int64")],
        lambda torch, w, i: torch.nn.functional.embedding(i, w), lambda jax, w, i: w[i], gradient)


def jax_scatter_add(jax, x, index, source):
    return x.at[jax.numpy.arange(ROWS)[:, None], index].add(source)


def ordering(shape, torch, jax):
    return Kernel(lambda draws: [(draws.uniform(shape), "float32")], torch, jax)


def sort(shape):
    return ordering(
        shape, lambda torch, x: torch.sort(x).values, lambda jax, x: jax.numpy.sort(x))


def topk(shape, k):
    return ordering(
        shape, lambda torch, x: torch.topk(x, k).values, lambda jax, x: jax.lax.top_k(x, k)[0])


WORKLOADS = {
    "gather": Kernel(
        table, lambda torch, x, i: torch.gather(x, 1, i),
        lambda jax, x, i: jax.numpy.take_along_axis(x, i, 1)),
    "scatter-add": Kernel(
        lambda draws: [*table(draws), (draws.uniform((ROWS, WIDTH)), "float32")],
        lambda torch, x, i, s: torch.scatter_add(x, 1, i, s), jax_scatter_add),
    "index-select": Kernel(
        lambda draws: [
            (draws.uniform((ROWS, WIDTH)), "float32"), (draws.integers((ROWS,), ROWS), "int64")],
        lambda torch, x, i: torch.index_select(x, 0, i), lambda jax, x, i: x[i]),
    "embedding": embedding(),
    "embedding-grad": embedding(gradient=0),
    "sort-1048576": sort((1 << 20,)),
    "sort-4096x256": sort((4096, 256)),
    "topk-4096x1024": topk((4096, 1024), 10),
    "topk-1048576": topk((1 << 20,), 100),
}
