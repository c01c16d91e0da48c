"""Trains a small CNN on MNIST for 100 steps in PyTorch and records the loss of each step.

    python mnist_cnn.py DIRECTORY_OF_MNIST > mnist_cnn.json

Kobai's MNISTParityTests runs the same program and compares: same seed, same initial weights, same order of
the data.
"""
import gzip
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def idx(path):
    data = gzip.open(path).read()
    rank = data[3]
    shape = np.frombuffer(data, ">u4", rank, 4)
    return torch.from_numpy(np.frombuffer(data, np.uint8, -1, 4 + 4 * rank).reshape(shape).copy())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.fc = nn.Linear(400, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


def main(directory):
    images = idx(f"{directory}/train-images-idx3-ubyte.gz")
    labels = idx(f"{directory}/train-labels-idx1-ubyte.gz").long()
    x = ((images.float() / 255 - 0.1307) / 0.3081).unsqueeze(1)
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.003, momentum=0.9)
    loader = DataLoader(TensorDataset(x, labels), batch_size=64, shuffle=True)
    losses = []
    for x, y in loader:
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == 100:
            break
    print(json.dumps({"torch": torch.__version__, "losses": losses}))


main(sys.argv[1])
