"""28 × 28 images through conv32-pool-conv64-pool-128-10, 3 × 3 with padding, batch 128, Adam."""
from workloads import Training


def batch(draws):
    return draws.uniform((128, 1, 28, 28)), draws.integers((128,), 10)


def torch_net(torch, draws):
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))
    return (
        net, lambda p: torch.optim.Adam(p, lr=1e-3, fused=True), *batch(draws),
        lambda net, x, y: nn.functional.cross_entropy(net(x), y))


def jax_net(jax, draws):
    from jax_training import adam, conv, cross_entropy, linear, max_pool

    names = [
        ("0.weight", (32, 1, 3, 3)), ("0.bias", (32,)), ("3.weight", (64, 32, 3, 3)), ("3.bias", (64,)),
        ("7.weight", (128, 3136)), ("7.bias", (128,)), ("9.weight", (10, 128)), ("9.bias", (10,))]

    def loss(p, x, y):
        x = max_pool(jax.nn.relu(conv(x, p["0.weight"], padding=1) + p["0.bias"]))
        x = max_pool(jax.nn.relu(conv(x, p["3.weight"], padding=1) + p["3.bias"]))
        x = x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)  # the weights are in PyTorch's order
        return cross_entropy(linear(p, "9", jax.nn.relu(linear(p, "7", x))), y)

    x, y = batch(draws)
    return names, adam(1e-3), x.transpose(0, 2, 3, 1), y, loss


WORKLOADS = {"cnn": Training(torch_net, jax_net, channels_last=True)}
