"""Rows as text, Markdown and JSON."""
from comparison.columns import COLUMNS, STEPS


def duration(seconds):
    if seconds is None:
        return "–"
    for unit, size in [("s", 1), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)]:
        if seconds >= size:
            break
    value = seconds / size
    return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} {unit}"


def rate(row):
    """What the faster of Kobai's ways achieves: operations or bytes a second, and its part of the peak."""
    best = row.best_of(["kobai_eager", "kobai_jit"])
    if not best or not row.floor:
        return "–"
    moved = row.work.get("reads", 0) + row.work.get("writes", 0)
    amount = (f"{moved / best / 1e9:.1f} GB/s" if moved
              else f"{row.work['flops'] / best / 1e9:.0f} GFLOP/s")
    return f"{amount}, {row.floor / best:.0%}"


def times(rows, columns):
    head = ["workload", "threads", *(c.title for c in columns), "ratio", "of peak", "spread", "differ"]
    lines = []
    for row in rows:
        spread = max((t.spread for t in row.times.values()), default=0)
        lines.append([
            row.name, str(row.threads),
            *(duration(row.times[c.key].median if c.key in row.times else None) for c in columns),
            f"{row.ratio:.2f}" if row.ratio else "–", rate(row), f"{spread:.0%}",
            f"{row.disagreement:.0e}"])
    return head, lines


def memory(rows, columns):
    """Mebibytes above the loaded library / of the whole process."""
    head = ["workload", *(c.title for c in columns)]
    lines = []
    for row in rows:
        if row.memory:
            lines.append([row.name, *(
                "{:.0f} / {:.0f}".format(*(x / 2**20 for x in row.memory[c.key]))
                if c.key in row.memory else "–" for c in columns)])
    return head, lines


def errors(rows, columns):
    head = ["workload", *(c.title for c in columns)]
    return head, [
        [row.name, *(f"{row.errors[c.key]:.1e}" if c.key in row.errors else "–" for c in columns)]
        for row in rows if row.errors]


def used(rows, field="times"):
    """The columns that any row fills."""
    return [c for c in COLUMNS if any(c.key in getattr(row, field) for row in rows)]


def text(head, lines):
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths))).rstrip()
        for line in [head, *lines])


def markdown(head, lines):
    rows = [head, ["---", *("--:" for _ in head[1:])], *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in rows)


def record(row):
    """A row of the JSON file. Times are medians in seconds."""
    result = {"name": row.name, "threads": row.threads}
    for column in COLUMNS:
        taken = row.times.get(column.key)
        result[column.key] = taken.median if taken else None
    result["ratio"], result["floor"], result["bandwidths"] = row.ratio, row.floor, row.bandwidths
    result["best"] = {key: taken.best for key, taken in row.times.items()}
    result["spread"] = {key: taken.spread for key, taken in row.times.items()}
    result["checks"], result["errors"], result["absent"] = row.checks, row.errors, row.absent
    result["memory"] = {
        key: {"above_loaded": above, "whole": whole} for key, (above, whole) in row.memory.items()}
    return result


def is_step(row):
    return row.name in STEPS
