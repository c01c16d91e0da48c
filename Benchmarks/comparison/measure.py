"""Takes the times: every column in turn, several rounds, so that a drift of the machine meets all."""
import ast
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import Optional

from comparison.columns import COLUMNS, KOBAI, PEERS
from comparison.worker import Failure


@dataclass
class Time:
    """Seconds per call in one column."""

    stretches: list = field(default_factory=list)
    rounds: list = field(default_factory=list)

    @property
    def median(self):
        return statistics.median(self.rounds)

    @property
    def best(self):
        return min(self.stretches)

    @property
    def spread(self):
        """The range of the middle half of all stretches over their median."""
        ordered = sorted(self.stretches)
        n = len(ordered)
        return (ordered[3 * n // 4] - ordered[n // 4]) / ordered[n // 2]


@dataclass
class Row:
    name: str
    threads: int
    times: dict = field(default_factory=dict)  # by column
    checks: dict = field(default_factory=dict)
    work: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)  # against float64
    absent: dict = field(default_factory=dict)  # why a column has no time
    memory: dict = field(default_factory=dict)  # (above the loaded library, whole process)
    bandwidths: list = field(default_factory=list)  # (read, moved) of the machine, between the columns
    floor: Optional[float] = None

    def best_of(self, columns):
        return min((self.times[c].median for c in columns if c in self.times), default=None)

    @property
    def ratio(self):
        peer, kobai = self.best_of(PEERS), self.best_of(KOBAI)
        return peer / kobai if peer and kobai else None

    @property
    def disagreement(self):
        """The largest difference of a checked number between columns, over the largest such number."""
        values = list(self.checks.values())
        if len(values) < 2:
            return 0.0
        scale = max(abs(x) for x in values[0]) or 1.0
        return max(abs(a - b) for other in values[1:] for a, b in zip(values[0], other)) / scale

    @property
    def tolerance(self):
        if self.name == "mnist-epoch":
            return 0.1  # JAX starts from other weights and shuffles otherwise
        return 2e-2 if "bfloat16" in self.name else 1e-3


def measure(name, threads, workers, meter, rounds, seconds, with_errors):
    """A row; `workers` by column, `meter` the one that measures the machine."""
    row = Row(name, threads)
    for column in COLUMNS:
        worker = workers.get(column.key)
        if worker is None:
            continue
        try:
            answer = dict(w.split("=", 1) for w in worker.ask(f"prepare {name} {column.way}"))
            row.checks[column.key] = [float(x) for x in answer.pop("check").split(",")]
            if answer:
                row.work = {key: float(value) for key, value in answer.items()}
            if with_errors:
                try:
                    row.errors[column.key] = float(worker.ask("error")[0])
                except Failure:
                    pass
            worker.ask("keep")
        except Failure as failure:
            row.absent[column.key] = str(failure)
    for _ in range(rounds):
        for column in COLUMNS:
            if column.key not in row.checks or column.key in row.absent:
                continue
            try:
                answer = workers[column.key].ask(f"run {seconds}", timeout=120 + 20 * seconds)
            except Failure as failure:
                row.absent[column.key] = str(failure)
                row.times.pop(column.key, None)
                continue
            stretches = [float(x) for x in answer]
            taken = row.times.setdefault(column.key, Time())
            taken.stretches += stretches
            taken.rounds.append(statistics.median(stretches))
            time.sleep(0.005)  # until the threads of the last one sleep
        # Where processors share their way to memory changes from minute to minute, and with it twice the bandwidth.
        if row.work.get("reads") or row.work.get("writes"):
            measured = tuple(float(x) for x in meter.ask("bandwidth"))
            if all(measured):  # there may be no memory for the arrays
                row.bandwidths.append(measured)
    return row


def start_up(commands, threads, rounds):
    """The row `start`: from the start of a program to its first result, of each column that has a
    command."""
    row = Row("start", threads)
    for turn in range(rounds + 1):  # the first one fills the file system's cache
        for column, command in commands.items():
            if column in row.absent:
                continue
            begin = time.perf_counter()
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            line = process.stdout.readline()
            elapsed = time.perf_counter() - begin
            process.stdout.close()
            if process.wait() != 0 or not line:
                row.absent[column] = f"ended with status {process.returncode}"
            elif turn > 0:
                row.checks[column] = ast.literal_eval(line)
                taken = row.times.setdefault(column, Time())
                taken.stretches.append(elapsed)
                taken.rounds.append(elapsed)
    return row


def peak_memory(row, workers, seconds=0.2):
    """Fills in the memory: of a fresh process each, which then only runs this workload."""
    for column in COLUMNS:
        if column.key not in row.times:
            continue
        worker = workers(column)
        try:
            worker.start()
            worker.ask(f"prepare {row.name} {column.way}")
            worker.ask(f"run {seconds}")
            whole = worker.memory("VmHWM")
            if whole and worker.loaded:
                row.memory[column.key] = (whole - worker.loaded, whole)
        except Failure:
            pass
        worker.stop()


def floor(row, peaks):
    """Seconds that this machine needs at least for the textbook's number of operations or bytes."""
    flops, doubles = peaks
    seconds = row.work.get("flops", 0) / (doubles if "float64" in row.name else flops)
    if row.bandwidths:
        writes = bool(row.work.get("writes"))
        bandwidth = statistics.median(measured[writes] for measured in row.bandwidths)
        seconds = max(seconds, (row.work.get("reads", 0) + row.work.get("writes", 0)) / bandwidth)
    return seconds or None
