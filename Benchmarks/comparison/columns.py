"""What is compared: one column each, in the order in which they take turns."""
from collections import namedtuple

Column = namedtuple("Column", "key library way title")

COLUMNS = [
    Column("kobai_eager", "kobai", "eager", "Kobai eager"),
    Column("torch_eager", "torch", "eager", "PyTorch eager"),
    Column("kobai_jit", "kobai", "jit", "Kobai jit"),
    Column("jax_jit", "jax", "jit", "JAX jit"),
    Column("torch_compile", "torch", "compile", "torch.compile"),
    Column("kobai_precise", "kobai", "precise", "Kobai precise"),
]
KOBAI = ["kobai_eager", "kobai_jit"]
PEERS = ["torch_eager", "torch_compile", "jax_jit"]

STEPS = ["scalar", "mlp", "cnn", "resnet18", "gpt", "lstm"]
QUICK = [*STEPS, "gemm-64", "gemm-128", "gemm-256", "gemm-512", "gemm-1024", "gemm-2048"]


def is_precise_different(name):
    """Whether a workload has convolutions, which Kobai may do by Winograd's algorithm."""
    return name in ("cnn", "resnet18") or name.startswith("conv-")
