"""ResNet-18 for 32 × 32 images (the first convolution 3 × 3, no pooling after it), batch 16, SGD with
momentum."""
from workloads import Training

STAGES = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1),
          (256, 512, 2), (512, 512, 1)]


def batch(draws):
    return draws.uniform((16, 3, 32, 32)), draws.integers((16,), 10)


def torch_net(torch, draws):
    nn = torch.nn
    relu = nn.functional.relu

    def conv(i, o, size, stride):
        return nn.Conv2d(i, o, size, stride, padding=size // 2, bias=False)

    class Block(nn.Module):
        def __init__(self, i, o, stride):
            super().__init__()
            self.conv1, self.bn1 = conv(i, o, 3, stride), nn.BatchNorm2d(o)
            self.conv2, self.bn2 = conv(o, o, 3, 1), nn.BatchNorm2d(o)
            self.shortcut = (
                nn.Identity() if stride == 1
                else nn.Sequential(conv(i, o, 1, stride), nn.BatchNorm2d(o)))

        def forward(self, x):
            y = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
            return relu(y + self.shortcut(x))

    class ResNet18(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = conv(3, 64, 3, 1), nn.BatchNorm2d(64)
            self.blocks = nn.Sequential(*(Block(*s) for s in STAGES))
            self.fc = nn.Linear(512, 10)

        def forward(self, x):
            return self.fc(self.blocks(relu(self.bn1(self.conv1(x)))).mean((2, 3)))

    return (
        ResNet18(), lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, fused=True), *batch(draws),
        lambda net, x, y: nn.functional.cross_entropy(net(x), y))


def jax_net(jax, draws):
    from jax_training import batch_norm, conv, cross_entropy, linear, sgd

    relu = jax.nn.relu

    def norm(name, o):
        return [(f"{name}.weight", (o,)), (f"{name}.bias", (o,))]

    names = [("conv1.weight", (64, 3, 3, 3)), *norm("bn1", 64)]
    for k, (i, o, stride) in enumerate(STAGES):
        b = f"blocks.{k}"
        names += [(f"{b}.conv1.weight", (o, i, 3, 3)), *norm(f"{b}.bn1", o)]
        names += [(f"{b}.conv2.weight", (o, o, 3, 3)), *norm(f"{b}.bn2", o)]
        if stride > 1:
            names += [(f"{b}.shortcut.0.weight", (o, i, 1, 1)), *norm(f"{b}.shortcut.1", o)]
    names += [("fc.weight", (10, 512)), ("fc.bias", (10,))]

    def loss(p, x, y):
        x = relu(batch_norm(p, "bn1", conv(x, p["conv1.weight"], padding=1)))
        for k, (_, _, stride) in enumerate(STAGES):
            b = f"blocks.{k}"
            z = relu(batch_norm(p, f"{b}.bn1", conv(x, p[f"{b}.conv1.weight"], stride, 1)))
            z = batch_norm(p, f"{b}.bn2", conv(z, p[f"{b}.conv2.weight"], 1, 1))
            if stride > 1:
                x = batch_norm(p, f"{b}.shortcut.1", conv(x, p[f"{b}.shortcut.0.weight"], stride))
            x = relu(z + x)
        return cross_entropy(linear(p, "fc", x.mean((1, 2))), y)

    x, y = batch(draws)
    return names, sgd(0.01, 0.9), x.transpose(0, 2, 3, 1), y, loss


WORKLOADS = {"resnet18": Training(torch_net, jax_net, channels_last=True)}
