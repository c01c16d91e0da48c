"""An LSTM of one layer, 64 → 128, over 50 steps; the last output goes to 10 classes. Batch 32, Adam."""
from workloads import Training


def batch(draws):
    return draws.uniform((32, 50, 64)), draws.integers((32,), 10)


def torch_net(torch, draws):
    nn = torch.nn

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.fc = nn.LSTM(64, 128, batch_first=True), nn.Linear(128, 10)

        def forward(self, x):
            return self.fc(self.lstm(x)[0][:, -1])

    return (
        Classifier(), lambda p: torch.optim.Adam(p, lr=1e-3, fused=True), *batch(draws),
        lambda net, x, y: nn.functional.cross_entropy(net(x), y))


def jax_net(jax, draws):
    from jax_training import adam, cross_entropy, linear

    jnp = jax.numpy
    names = [
        ("lstm.weight_ih_l0", (512, 64)), ("lstm.weight_hh_l0", (512, 128)),
        ("lstm.bias_ih_l0", (512,)), ("lstm.bias_hh_l0", (512,)),
        ("fc.weight", (10, 128)), ("fc.bias", (10,))]

    def loss(p, x, y):
        inputs = x.swapaxes(0, 1) @ p["lstm.weight_ih_l0"].T + p["lstm.bias_ih_l0"] + p["lstm.bias_hh_l0"]

        def step(state, gates):
            h, c = state
            i, f, g, o = jnp.split(gates + h @ p["lstm.weight_hh_l0"].T, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), None

        zeros = jnp.zeros((x.shape[0], 128))
        (h, _), _ = jax.lax.scan(step, (zeros, zeros), inputs)
        return cross_entropy(linear(p, "fc", h), y)

    return names, adam(1e-3), *batch(draws), loss


WORKLOADS = {"lstm": Training(torch_net, jax_net)}
