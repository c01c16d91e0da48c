"""python torch_worker.py THREADS: PyTorch's side. Its settings: weights of convolutional networks in the
order of memory that is faster here, fused optimizers, inference mode for operations alone."""
import sys

import numpy as np
import torch

from serve import Subject, relative_error, serve
from draws import Draws, parameter, projections
import workloads


def training(workload, way):
    draws = Draws()
    net, make_optimizer, x, y, loss = workload(torch, draws)
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.copy_(torch.from_numpy(parameter(draws, name, tuple(p.shape))))
    optimizer = make_optimizer(net.parameters())
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    if x.dim() == 4 and workload.channels_last:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    value = torch.compile(loss) if way == "compile" else loss
    states = [*net.parameters(), *net.buffers()]
    kept = []

    def step():
        result = value(net, x, y)
        result.backward()
        optimizer.step()
        optimizer.zero_grad()
        return result

    def keep():
        kept[:] = [s.detach().clone() for s in states]

    def reset():
        with torch.no_grad():
            for state, first in zip(states, kept):
                state.copy_(first)

    return Subject(step, lambda: [step().item() for _ in range(3)], keep, reset)


def kernel(workload, way):
    draws = Draws()
    drawn = [torch.from_numpy(a).to(getattr(torch, d)) for a, d in workload.inputs(draws)]
    function = workload.torch
    if way == "compile":
        function = torch.compile(function)

    def prepared(inputs):
        inputs = workload.view(inputs)
        if workload.gradient is None:

            def forward():
                with torch.inference_mode():
                    return function(torch, *inputs)

            return forward
        x = inputs[workload.gradient].detach().requires_grad_()
        inputs[workload.gradient] = x
        y = function(torch, *inputs)
        dy = torch.from_numpy(Draws(draws.stream).uniform(tuple(y.shape))).to(y.dtype)
        return lambda: torch.autograd.grad(y, x, dy, retain_graph=True)[0]

    def widest(t):
        return t.double() if t.is_floating_point() else t

    call = prepared(drawn)
    return Subject(
        call, lambda: projections(call().double().numpy()),
        error=lambda: relative_error(
            call().double().numpy(), prepared([widest(t) for t in drawn])().numpy()))


def prepare(name, way):
    if way == "compile":
        torch._dynamo.reset()
    workload = workloads.find(name)
    if workload.torch is None:
        return None
    if isinstance(workload, workloads.Kernel):
        # A backward pass has no compiled form of its own.
        return None if way == "compile" and workload.gradient is not None else kernel(workload, way)
    if isinstance(workload, workloads.Training):
        return training(workload, way)
    return workload.torch(torch, way)


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    serve(f"PyTorch {torch.__version__.split('+')[0]}", prepare)
