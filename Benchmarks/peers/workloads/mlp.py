"""784-256-128-10 with ReLU, batch 128, Adam."""
from workloads import Training

SIZES = [784, 256, 128, 10]


def batch(draws):
    return draws.uniform((128, 784)), draws.integers((128,), 10)


def torch_net(torch, draws):
    nn = torch.nn
    net = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    return (
        net, lambda p: torch.optim.Adam(p, lr=1e-3, fused=True), *batch(draws),
        lambda net, x, y: nn.functional.cross_entropy(net(x), y))


def jax_net(jax, draws):
    from jax_training import adam, cross_entropy, linear

    names = [
        (f"{2 * i}.{kind}", shape) for i in range(3)
        for kind, shape in [("weight", (SIZES[i + 1], SIZES[i])), ("bias", (SIZES[i + 1],))]]

    def loss(p, x, y):
        x = jax.nn.relu(linear(p, "0", x))
        x = jax.nn.relu(linear(p, "2", x))
        return cross_entropy(linear(p, "4", x), y)

    return names, adam(1e-3), *batch(draws), loss


WORKLOADS = {"mlp": Training(torch_net, jax_net)}
