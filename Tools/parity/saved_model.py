"""Compares what a model saved by Kobai and one saved by PyTorch give in the other program.

    python saved_model.py check KOBAI RUN    # a run of `kobai train`, in PyTorch
    python saved_model.py record DIRECTORY   # a model of PyTorch, for Kobai's SavedModelTests

`check` loads RUN/model.safetensors by Python's safetensors into PyTorch, lets the program KOBAI answer for
random examples, and ends with an error unless all outputs agree to 1e-5.

`record` writes model.safetensors, by Python's safetensors, and expected.json with inputs and PyTorch's outputs.

Needs Python 3.10 or later with NumPy, PyTorch and safetensors.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

TOLERANCE = 1e-5


def network(config):
    """The networks of `kobai train` (Sources/KobaiCLI/Network.swift)."""
    shape = config["inputShape"]
    outputs = len(config["classes"]) or 1
    if config["network"] == "mlp":
        first, second = (64, 32) if len(shape) == 1 else (256, 128)
        return nn.Sequential(
            nn.Flatten(), nn.Linear(int(np.prod(shape)), first), nn.ReLU(), nn.Linear(first, second),
            nn.ReLU(), nn.Linear(second, outputs))
    channels, height, width = shape
    padding = 1 if min(height, width) < 16 else 0
    loss = 4 - 4 * padding
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=padding), nn.ReLU(), nn.Conv2d(32, 64, 3, padding=padding),
        nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
        nn.Linear(64 * ((height - loss) // 2) * ((width - loss) // 2), 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, outputs))


def check(program, run):
    config = json.load(open(f"{run}/config.json", encoding="utf-8"))
    net = network(config)
    net.load_state_dict(load_file(f"{run}/model.safetensors"), strict=True)
    net.eval()
    rng = np.random.default_rng(0)
    shape = [64] + config["inputShape"]
    preparation = config["preparation"]
    if "image" in preparation:
        image = preparation["image"]
        raw = (rng.random(shape) * image["maximum"]).astype(np.float32)
        mean, std = (np.float32(image[key]).reshape(1, -1, 1, 1) for key in ("mean", "std"))
        x = (torch.from_numpy(raw) / image["maximum"] - torch.from_numpy(mean)) / torch.from_numpy(std)
    else:
        raw = rng.standard_normal(shape).astype(np.float32)
        x = torch.from_numpy(raw)
    with torch.no_grad():
        expected = net(x).numpy()
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/x.npy", raw)
        subprocess.run(
            [program, "predict", run, f"{folder}/x.npy", "--outputs", f"{folder}/y.npy"], check=True,
            stdout=subprocess.DEVNULL)
        outputs = np.load(f"{folder}/y.npy")
    difference = np.abs(outputs - expected).max()
    print(f"{len(x)} examples, outputs {outputs.shape[1]}, largest difference {difference:.2e}")
    sys.exit(not difference <= TOLERANCE)


class Recorded(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
        self.norm = nn.LayerNorm(36)
        self.head = nn.Linear(36, 3)

    def forward(self, x):
        return self.head(self.norm(self.features(x).flatten(1)))


def record(directory):
    os.makedirs(directory, exist_ok=True)
    torch.manual_seed(0)
    net = Recorded()
    # Running statistics that are not those of a new layer.
    for _ in range(3):
        net(torch.randn(8, 2, 6, 6) * 2 + 1)
    net.eval()
    x = torch.randn(5, 2, 6, 6)
    with torch.no_grad():
        y = net(x)
    save_file(net.state_dict(), f"{directory}/model.safetensors")
    with open(f"{directory}/expected.json", "w", encoding="utf-8") as file:
        json.dump({"torch": torch.__version__, "x": x.flatten().tolist(), "y": y.flatten().tolist()}, file)
        file.write("\n")


if sys.argv[1] == "check":
    check(sys.argv[2], sys.argv[3])
else:
    record(sys.argv[2])
