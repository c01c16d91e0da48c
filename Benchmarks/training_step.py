"""PyTorch's time for the training step of TrainingStep.swift: python training_step.py [threads]"""
import statistics
import sys
import time

import torch
from torch import nn

threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
torch.set_num_threads(threads)
net = nn.Sequential(
    nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused="fused" in sys.argv)
x, y = torch.randn(128, 784), torch.randint(0, 10, (128,))


def loss():
    return nn.functional.cross_entropy(net(x), y)


def step():
    optimizer.zero_grad()
    loss().backward()
    optimizer.step()


def backward():
    optimizer.zero_grad()
    loss().backward()


def measure(body, calls=50, rounds=9):
    for _ in range(5):
        body()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            body()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times) * 1e6


whole, forward, both, update = (measure(f) for f in (step, loss, backward, optimizer.step))
print(
    f"PyTorch {torch.__version__}, {threads} threads: {whole:.0f} µs "
    f"(forward {forward:.0f}, backward {both - forward:.0f}, step {update:.0f})")
