"""Writes initial_values.json: what PyTorch's constructors draw after torch.manual_seed(0)."""

import json
import pathlib

import torch
from torch import nn

MODULES = {
    "LSTM": lambda: nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2),
    "GRU": lambda: nn.GRU(3, 4, 2, bias=False, batch_first=True, dropout=0.25),
    "RNN": lambda: nn.RNN(3, 4, nonlinearity="relu"),
    "LSTMCell": lambda: nn.LSTMCell(3, 4),
    "GRUCell": lambda: nn.GRUCell(3, 4, bias=False),
    "RNNCell": lambda: nn.RNNCell(3, 4, nonlinearity="relu"),
    "MultiheadAttention": lambda: nn.MultiheadAttention(4, 2, add_bias_kv=True, kdim=3, vdim=5),
    "MultiheadAttention self": lambda: nn.MultiheadAttention(4, 2),
    "TransformerEncoder": lambda: nn.TransformerEncoder(
        nn.TransformerEncoderLayer(4, 2, 8), 2, norm=nn.LayerNorm(4)
    ),
    "TransformerDecoderLayer": lambda: nn.TransformerDecoderLayer(4, 2, 8, bias=False),
    "Transformer": lambda: nn.Transformer(4, 2, 1, 2, 8),
}


def record(name, make):
    torch.manual_seed(0)
    state = make().state_dict()
    rows = []
    for key, value in state.items():
        flat = value.flatten()
        rows.append([key, flat[0].item(), flat[-1].item(), value.double().sum().item(), list(value.shape)])
    return json.dumps({"name": name, "next": torch.rand(1).item(), "state": rows})


rows = [record(name, make) for name, make in MODULES.items()]
path = pathlib.Path(__file__).parent / "initial_values.json"
path.write_text("[\n" + ",\n".join(rows) + "\n]\n")
