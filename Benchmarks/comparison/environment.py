"""Finds or makes what is needed to run: the virtual environments of the peers, Kobai's executable."""
import os
import resource
import subprocess
import sys
import time
import venv
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
PACKAGES = {"torch": ["torch", "numpy"], "jax": ["jax", "numpy"]}


def has(python, library):
    return subprocess.run(
        [str(python), "-c", f"import {library}, numpy"], capture_output=True).returncode == 0


def python_with(library, given, folder):
    """An interpreter that imports `library`: the given one; else that of the virtual environment in
    `folder`, or this one; else the environment is made and filled by pip, with the user's own settings.

    Returns the interpreter and None, or None and why there is none.
    """
    if given:
        return (given, None) if has(given, library) else (None, f"{given} cannot import {library}")
    python = folder / "bin" / "python"
    for candidate in [python, Path(sys.executable)]:
        if candidate.exists() and has(candidate, library):
            return str(candidate), None
    try:
        if not python.exists():
            venv.create(folder, with_pip=True)
        print(f"installing {library} into {folder}", file=sys.stderr)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", *PACKAGES[library]],
            check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        return None, said[-1] if said else "pip failed"
    return str(python), None


def executable():
    """Builds Kobai's worker, on Linux as one binary."""
    command = ["swift", "build", "-c", "release", "--package-path", str(BENCHMARKS)]
    if sys.platform == "linux":
        command.append("--static-swift-stdlib")
    print("building Kobai's worker", file=sys.stderr)
    subprocess.run([*command, "--quiet"], check=True)
    folder = subprocess.run(
        [*command, "--show-bin-path"], check=True, capture_output=True, text=True)
    return str(Path(folder.stdout.strip()) / "kobai-benchmarks")


def available_processors():
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def hardware():
    """The processor's name and the number of cores, for the head of a table."""
    name = ""
    try:
        for line in open("/proc/cpuinfo"):
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    except OSError:
        done = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True)
        name = done.stdout.strip()
    return {"processor": name or "unknown", "cores": len(available_processors())}


class OtherProcesses:
    """How much of the processors is used by what does not belong to this comparison: it disturbs."""

    def __init__(self):
        self.start = self._read()

    def share(self):
        """Since the start; None where the system does not say. All workers must have ended."""
        if self.start is None:
            return None
        busy, own, now = (b - a for a, b in zip(self.start, self._read()))
        return max(0.0, busy - own) / (now * (os.cpu_count() or 1))

    @staticmethod
    def _read():
        try:
            ticks = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
        except OSError:
            return None
        busy = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
        own = sum(
            usage.ru_utime + usage.ru_stime for usage in
            map(resource.getrusage, [resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN]))
        return busy, own, time.monotonic()
