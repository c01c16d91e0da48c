"""Records what PyTorch's layers are at first for a seed, and how they print.

    python make_layers.py > layers.json

The Swift constructors of the same layers stand in LayerTests.swift under the same names.
"""
import json
import torch
from torch import nn

LAYERS = {
    "linear": lambda: nn.Linear(20, 30),
    "linear without bias": lambda: nn.Linear(3, 4, bias=False),
    "bilinear": lambda: nn.Bilinear(2, 3, 4),
    "conv1d": lambda: nn.Conv1d(2, 4, 3, stride=2, padding=1),
    "conv2d": lambda: nn.Conv2d(1, 32, 3, padding="same"),
    "conv2d grouped": lambda: nn.Conv2d(4, 6, (3, 2), groups=2, dilation=2, bias=False, padding_mode="reflect", padding=1),
    "conv3d": lambda: nn.Conv3d(2, 2, 2),
    "convTranspose2d": lambda: nn.ConvTranspose2d(3, 4, 3, stride=2, output_padding=1),
    "embedding": lambda: nn.Embedding(10, 3, padding_idx=1),
    "batchNorm2d": lambda: nn.BatchNorm2d(3),
    "groupNorm": lambda: nn.GroupNorm(2, 4),
    "layerNorm": lambda: nn.LayerNorm([3, 4], eps=1e-6),
    "rmsNorm": lambda: nn.RMSNorm(5),
    "instanceNorm1d": lambda: nn.InstanceNorm1d(3, affine=True, track_running_stats=True),
    "prelu": lambda: nn.PReLU(3),
    "leakyReLU": lambda: nn.LeakyReLU(0.2),
    "gelu": lambda: nn.GELU("tanh"),
    "maxPool2d": lambda: nn.MaxPool2d(2),
    "maxPool1d": lambda: nn.MaxPool1d(3, stride=2, padding=1, ceil_mode=True),
    "avgPool2d": lambda: nn.AvgPool2d((3, 2), stride=(2, 1)),
    "adaptiveAvgPool2d": lambda: nn.AdaptiveAvgPool2d((5, None)),
    "dropout": lambda: nn.Dropout(0.25),
    "flatten": lambda: nn.Flatten(),
    "softmax": lambda: nn.Softmax(dim=1),
    "upsample": lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
    "sequential": lambda: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)),
    "zeroPad2d": lambda: nn.ZeroPad2d(2),
    "reflectionPad1d": lambda: nn.ReflectionPad1d((1, 2)),
    "hardtanh": lambda: nn.Hardtanh(-2.0, 2.0),
    "softplus": lambda: nn.Softplus(),
}

result = {}
for name, make in LAYERS.items():
    torch.manual_seed(0)
    layer = make()
    result[name] = {
        "description": repr(layer),
        "state": [{"key": key, "shape": list(value.shape), "values": value.flatten().tolist()}
                  for key, value in layer.state_dict().items()],
        "next": torch.rand(1).item(),
    }
print(json.dumps(result))
