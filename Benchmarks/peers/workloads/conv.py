"""Convolutions of ResNet-18, MobileNet and the MNIST network: forward, the gradient of the input, that of
the weight; pooling."""
from workloads import Kernel


def convolution(name, batch, i, o, size, side, stride=1, groups=1):
    def inputs(draws):
        return [
            (draws.uniform((batch, i, side, side)), "float32"),
            (draws.uniform((o, i // groups, size, size)), "float32")]

    def torch_conv(torch, x, w):
        return torch.nn.functional.conv2d(x, w, stride=stride, padding=size // 2, groups=groups)

    def jax_conv(jax, x, w):
        return jax.lax.conv_general_dilated(
            x, w, (stride, stride), ((size // 2, size // 2),) * 2, feature_group_count=groups)

    return {
        f"conv-{name}{suffix}": Kernel(inputs, torch_conv, jax_conv, gradient)
        for suffix, gradient in [("", None), ("-input-grad", 0), ("-weight-grad", 1)]}


def jax_pool(jax, x):
    return jax.lax.reduce_window(
        x, -jax.numpy.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def pool(gradient=None):
    return Kernel(
        lambda draws: [(draws.uniform((128, 32, 28, 28)), "float32")],
        lambda torch, x: torch.nn.functional.max_pool2d(x, 2), jax_pool, gradient)


WORKLOADS = {
    **convolution("mnist-3x3-1-32", 128, 1, 32, 3, 28),
    **convolution("mnist-3x3-32-64", 128, 32, 64, 3, 14),
    **convolution("3x3-64-32x32", 16, 64, 64, 3, 32),
    **convolution("3x3-128-16x16", 16, 128, 128, 3, 16),
    **convolution("3x3-256-8x8", 16, 256, 256, 3, 8),
    **convolution("3x3-512-4x4", 16, 512, 512, 3, 4),
    **convolution("3x3-64-128-stride2", 16, 64, 128, 3, 32, stride=2),
    **convolution("1x1-64-128-stride2", 16, 64, 128, 1, 32, stride=2),
    **convolution("1x1-256-16x16", 16, 256, 256, 1, 16),
    **convolution("7x7-3-64-stride2", 16, 3, 64, 7, 64, stride=2),
    **convolution("depthwise-128-32x32", 16, 128, 128, 3, 32, groups=128),
    **convolution("depthwise-128-stride2", 16, 128, 128, 3, 32, stride=2, groups=128),
    "max-pool": pool(),
    "max-pool-grad": pool(gradient=0),
}
