"""Records the orders in which PyTorch's samplers and loaders take examples.

    python Tools/data/loading_orders.py > Tests/KobaiDataTests/Resources/loading-orders.json

Needs PyTorch. Each case seeds the default generator (and, where `generator` is a number, one that is
given), takes `epochs` epochs, and then draws a number from either generator, so that the recorded numbers
also tell how much of the streams was used.
"""

import json

import torch
from torch.utils.data import (
    BatchSampler, DataLoader, RandomSampler, SequentialSampler, SubsetRandomSampler, TensorDataset,
    WeightedRandomSampler, random_split)

WEIGHTS = [0.5, 0.0, 2.0, 1.0, 0.25, 3.0, 0.125]


def later(generator):
    draws = [torch.randint(1 << 30, (3,)).tolist()]
    if generator is not None:
        draws.append(torch.randint(1 << 30, (3,), generator=generator).tolist())
    return draws


def seeded(case):
    torch.manual_seed(case["seed"])
    seed = case.get("generator")
    return None if seed is None else torch.Generator().manual_seed(seed)


def sampler(case, generator):
    kind = case["sampler"]
    if kind == "random":
        return RandomSampler(
            range(case["count"]), replacement=case["replacement"], num_samples=case["numSamples"],
            generator=generator)
    if kind == "subset":
        return SubsetRandomSampler(list(range(0, 2 * case["count"], 2)), generator=generator)
    if kind == "weighted":
        return WeightedRandomSampler(
            WEIGHTS, case["numSamples"], replacement=case["replacement"], generator=generator)
    return SequentialSampler(range(case["count"]))


def run_sampler(case):
    generator = seeded(case)
    order = sampler(case, generator)
    case["orders"] = [list(order) for _ in range(case["epochs"])]
    case["later"] = later(generator)


def run_loader(case):
    generator = seeded(case)
    count = case["count"]
    data = TensorDataset(torch.arange(count), torch.arange(count) * 2)
    if case.get("sampler"):
        # Half of the cases give the loader's generator to the sampler too.
        order = sampler(case, generator if case["shared"] else None)
        loader = DataLoader(
            data, batch_size=case["batchSize"], sampler=order, drop_last=case["dropLast"],
            generator=generator)
    else:
        loader = DataLoader(
            data, batch_size=case["batchSize"], shuffle=case["shuffle"],
            drop_last=case["dropLast"], generator=generator)
    case["batches"] = [[x.tolist() for x, _ in loader] for _ in range(case["epochs"])]
    case["later"] = later(generator)


def run_interleaved(case):
    """A program that draws from both generators after each batch."""
    generator = seeded(case)
    data = torch.arange(case["count"])
    order = sampler(case, generator)
    loader = DataLoader(data, batch_size=case["batchSize"], sampler=order, generator=generator)
    case["batches"] = []
    for x in loader:
        case["batches"].append([x.tolist(), later(generator)])
    case["later"] = later(generator)


def run_split(case):
    generator = seeded(case)
    lengths = case.get("lengths") or case["fractions"]
    if generator is None:
        parts = random_split(range(case["count"]), lengths)
    else:
        parts = random_split(range(case["count"]), lengths, generator=generator)
    case["parts"] = [list(part.indices) for part in parts]
    case["later"] = later(generator)


def main():
    samplers, loaders, interleaved, splits = [], [], [], []
    for generator in (None, 7):
        for count, taken in ((1, 1), (10, 10), (10, 4), (10, 20), (10, 25), (100, 100)):
            for replacement in (False, True):
                samplers.append(dict(
                    sampler="random", count=count, numSamples=taken, replacement=replacement,
                    seed=count + taken, generator=generator, epochs=2))
        samplers.append(dict(
            sampler="random", count=50, numSamples=64, replacement=True, seed=5,
            generator=generator, epochs=2))
        samplers.append(dict(sampler="subset", count=9, seed=1, generator=generator, epochs=2))
        for taken, replacement in ((5, True), (40, True), (6, False)):
            samplers.append(dict(
                sampler="weighted", numSamples=taken, replacement=replacement, seed=2,
                generator=generator, epochs=2))
        for count, size in ((10, 4), (8, 4), (1, 3), (65, 64), (200, 50)):
            for drop in (False, True):
                for shuffle in (False, True):
                    loaders.append(dict(
                        count=count, batchSize=size, dropLast=drop, shuffle=shuffle, seed=0,
                        generator=generator, epochs=3))
        for shared in (False, True):
            for drop in (False, True):
                loaders.append(dict(
                    sampler="random", count=10, numSamples=25, replacement=False, batchSize=4,
                    dropLast=drop, seed=3, generator=generator, shared=shared, epochs=2))
                loaders.append(dict(
                    sampler="random", count=10, numSamples=70, replacement=True, batchSize=8,
                    dropLast=drop, seed=3, generator=generator, shared=shared, epochs=2))
        interleaved.append(dict(
            sampler="random", count=12, numSamples=12, replacement=False, batchSize=4, seed=11,
            generator=generator))
        interleaved.append(dict(
            sampler="random", count=12, numSamples=30, replacement=False, batchSize=5, seed=11,
            generator=generator))
        interleaved.append(dict(
            sampler="random", count=12, numSamples=100, replacement=True, batchSize=16, seed=11,
            generator=generator))
        for lengths in ([3, 7], [10], [0, 10], [2, 3, 5]):
            splits.append(dict(count=10, lengths=lengths, seed=42, generator=generator))
        for count, fractions in (
                (30, [0.3, 0.3, 0.4]), (10, [0.5, 0.25, 0.25]), (7, [1.0]), (1797, [0.6, 0.2, 0.2]),
                (13, [0.1] * 10), (11, [0.7, 0.2, 0.1])):
            splits.append(dict(count=count, fractions=fractions, seed=42, generator=generator))
    for case in samplers:
        run_sampler(case)
    for case in loaders:
        run_loader(case)
    for case in interleaved:
        run_interleaved(case)
    for case in splits:
        run_split(case)
    print(json.dumps(dict(
        torch=torch.__version__.split("+")[0], weights=WEIGHTS, samplers=samplers, loaders=loaders,
        interleaved=interleaved, splits=splits), separators=(",", ":")))


main()
