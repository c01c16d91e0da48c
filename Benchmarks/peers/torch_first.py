"""A program's first result, as `kobai-benchmarks first`."""
import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
(x * x).sum().backward()
print(x.grad.tolist(), flush=True)
