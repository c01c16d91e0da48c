"""The bar chart of the training steps: how many times Kobai's time each peer takes, on a logarithmic
axis."""
from math import ceil, floor, log2

from comparison.columns import COLUMNS, KOBAI, PEERS

COLORS = {"torch_eager": "#d9643a", "torch_compile": "#f0a987", "jax_jit": "#5b8bd0"}
LEFT, RIGHT, WIDTH, BAR, GAP = 100, 60, 720, 14, 18


def svg(rows, caption):
    """Bars go from Kobai's own time, 1: to the right where the peer is slower."""
    titles = {c.key: c.title for c in COLUMNS}
    keys = [k for k in PEERS if any(k in row.times for row in rows)]
    ratios = [
        [(k, row.times[k].median / row.best_of(KOBAI)) for k in keys if k in row.times] for row in rows]
    every = [value for row in ratios for _, value in row]
    low, high = floor(log2(min([1.0, *every]))), ceil(log2(max([2.0, *every])))

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * (log2(value) - low) / (high - low)

    parts, y = [], 64
    for row, values in zip(rows, ratios):
        middle = y + BAR * len(values) / 2 + 4
        parts.append(f'<text x="{LEFT - 10}" y="{middle:.0f}" text-anchor="end">{row.name}</text>')
        for key, value in values:
            left, right = sorted([x(1), x(value)])
            parts.append(
                f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 1):.1f}" '
                f'height="{BAR - 2}" fill="{COLORS[key]}"/>')
            parts.append(f'<text x="{right + 5:.1f}" y="{y + 10}" class="n">{value:.1f} ×</text>')
            y += BAR
        y += GAP
    axis = []
    for exponent in range(low, high + 1):
        at, opacity = x(2**exponent), 0.9 if exponent == 0 else 0.25
        axis.append(
            f'<path d="M{at:.1f} 56V{y - GAP + 4}" stroke="#888" stroke-opacity="{opacity}"/>'
            f'<text x="{at:.1f}" y="{y + 6}" text-anchor="middle" class="n">{2.0**exponent:g}</text>')
    legend = "".join(
        f'<rect x="{LEFT + 150 * i}" y="32" width="12" height="12" fill="{COLORS[k]}"/>'
        f'<text x="{LEFT + 18 + 150 * i}" y="42">{titles[k]}</text>' for i, k in enumerate(keys))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 16}" '
        f'viewBox="0 0 {WIDTH} {y + 16}" font-family="sans-serif" font-size="13">\n'
        "<style>text{fill:#333}.n{font-size:11px}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>\n"
        f'<text x="{LEFT}" y="18">{caption}</text>{legend}\n'
        + "\n".join(axis + parts) + "\n</svg>\n")
