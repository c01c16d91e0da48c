"""Matrix products [m, k] × [k, n]; an operand can be the transpose of what is stored."""
from workloads import Kernel


def product(m, k, n, dtype="float32", transpose=(False, False)):
    def inputs(draws):
        a = draws.uniform((k, m) if transpose[0] else (m, k))
        b = draws.uniform((n, k) if transpose[1] else (k, n))
        return [(a, dtype), (b, dtype)]

    return Kernel(
        inputs, lambda torch, a, b: torch.matmul(a, b), lambda jax, a, b: jax.numpy.matmul(a, b),
        view=lambda inputs: [x.T if t else x for x, t in zip(inputs, transpose)])


WORKLOADS = {
    **{f"gemm-{n}": product(n, n, n) for n in (64, 128, 256, 512, 1024, 2048)},
    "gemm-128x784x256": product(128, 784, 256),
    "gemm-2048x256x1024": product(2048, 256, 1024),
    "gemm-4096x64x64": product(4096, 64, 64),
    "gemm-1x1024x1024": product(1, 1024, 1024),
    "gemm-512-tn": product(512, 512, 512, transpose=(True, False)),
    "gemm-512-nt": product(512, 512, 512, transpose=(False, True)),
    "gemm-512-tt": product(512, 512, 512, transpose=(True, True)),
    "gemm-256-float64": product(256, 256, 256, "float64"),
    "gemm-1024-float64": product(1024, 1024, 1024, "float64"),
    "gemm-256-bfloat16": product(256, 256, 256, "bfloat16"),
    "gemm-1024-bfloat16": product(1024, 1024, 1024, "bfloat16"),
}
