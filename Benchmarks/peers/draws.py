"""The same numbers in every language: SplitMix64's mixer over a stream's number and an element's index
(Steele, Lea and Flood, 2014). Draws.swift is this file in Swift."""
import numpy as np

CHUNK = 1 << 16  # of elements at a time, so that drawing takes no memory to speak of


class Draws:
    def __init__(self, stream=0):
        self.stream = stream

    def uniform(self, shape, bound=1.0):
        """Float32 numbers in -bound ..< bound: a multiple of 2^-23, times bound, rounded once."""

        def number(bits):
            return ((bits >> np.uint64(40)).astype(np.float32) * np.float32(2**-23) - 1) * np.float32(bound)

        return self._draw(shape, np.float32, number)

    def integers(self, shape, below):
        """Integers in 0 ..< below."""
        return self._draw(
            shape, np.int64, lambda bits: ((bits >> np.uint64(33)) % np.uint64(below)).astype(np.int64))

    def _draw(self, shape, dtype, element):
        self.stream += 1
        result = np.empty(shape, dtype)
        flat = result.reshape(-1)
        with np.errstate(over="ignore"):
            for first in range(0, flat.size, CHUNK):
                index = np.arange(first, min(first + CHUNK, flat.size), dtype=np.uint64)
                z = (np.uint64(self.stream << 40) | index) * np.uint64(0x9E3779B97F4A7C15)
                z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                flat[first : first + CHUNK] = element(z ^ (z >> np.uint64(31)))
        return result


def parameter(draws, name, shape):
    """A parameter's first value, as Training.swift draws it."""
    if len(shape) > 1:
        return draws.uniform(shape, 1 / np.sqrt(np.float32(np.prod(shape[1:]))))
    is_weight = name.split(".")[-1].startswith("weight")
    return np.full(shape, 1.0 if is_weight else 0.0, np.float32)


def projections(array):
    """The root mean square of the elements, and their inner product with drawn numbers over √count."""
    elements = np.asarray(array, np.float64).reshape(-1)
    directions = Draws(1000).uniform([elements.size])
    count = max(elements.size, 1)
    return [float(np.sqrt(elements @ elements / count)), float(elements @ directions / np.sqrt(count))]
