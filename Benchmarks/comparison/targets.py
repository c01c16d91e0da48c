"""What Kobai aims at, beside its peers and beside the machine."""
from fnmatch import fnmatch

from comparison.columns import KOBAI, PEERS

# Workloads, times of which peers over those of which columns of Kobai, at least.
RATIOS = [
    ("scalar", ["torch_eager"], ["kobai_eager"], 40),
    ("scalar", ["jax_jit"], ["kobai_jit"], 10),
    ("mlp", PEERS, KOBAI, 1.7),
    ("cnn", PEERS, KOBAI, 4.0),
    ("resnet18", PEERS, KOBAI, 1.8),
    ("gpt", PEERS, KOBAI, 2.1),
    ("lstm", PEERS, KOBAI, 1.6),
    ("mnist-epoch", PEERS, KOBAI, 2.0),
    ("start", PEERS, KOBAI, 15),
    *((f"gemm-{n}", ["torch_eager"], KOBAI, 2.0) for n in (256, 512, 1024, 2048)),
    ("*", PEERS, KOBAI, 1.0),
]
# Workloads, and the part of the floor's speed to reach. What is bound by memory has one too.
FLOORS = [*((f"gemm-{n}", 0.9) for n in (256, 512, 1024, 2048))]
MEMORY_BOUND = 0.85
# Peak memory over the best peer's: above what is resident once the library is loaded, and whole.
MEMORY = (1.0, 0.3)


def misses(row):
    """What of a row is below its target, one sentence each."""
    matching = [entry for entry in RATIOS if fnmatch(row.name, entry[0])]
    specific = [entry for entry in matching if entry[0] != "*"] or matching
    for _, peers, kobai, wanted in specific:
        peer, own = row.best_of(peers), row.best_of(kobai)
        if peer and own and peer / own < wanted:
            yield f"{peer / own:.2f} × {'/'.join(peers)}, target {wanted}"
    own = row.best_of(KOBAI)
    if row.floor and own:
        bound = row.work.get("reads", 0) + row.work.get("writes", 0) > 0
        for pattern, wanted in FLOORS + ([(row.name, MEMORY_BOUND)] if bound else []):
            if fnmatch(row.name, pattern) and row.floor / own < wanted:
                yield f"{row.floor / own:.0%} of the machine's peak, target {wanted:.0%}"
    for index, kind in enumerate(["above the loaded library", "of the whole process"]):
        peer = [row.memory[c][index] for c in PEERS if c in row.memory]
        own = [row.memory[c][index] for c in KOBAI if c in row.memory]
        if peer and own and min(own) > MEMORY[index] * min(peer):
            yield f"memory {kind} {min(own) / min(peer):.2f} of the best peer's, target {MEMORY[index]}"
    if row.disagreement > row.tolerance:
        yield f"results differ by {row.disagreement:.1e}, at most {row.tolerance:.0e} is expected"
