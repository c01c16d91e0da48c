"""What the workers have in common: requests on one line each, answered as main.swift answers them."""
import sys
import time
from dataclasses import dataclass, field
from typing import Callable

import numpy as np


@dataclass
class Subject:
    """A workload that is ready to run; see Workload.swift."""

    call: Callable[[], object]
    check: Callable[[], list]
    keep: Callable[[], None] = lambda: None
    reset: Callable[[], None] = lambda: None
    wait: Callable[[], None] = lambda: None  # until everything that was called is done
    error: Callable[[], object] = lambda: None


def measure(subject, seconds):
    """Seconds per call for each stretch, as Time.swift measures them."""
    subject.reset()
    subject.call()
    subject.wait()

    def stretch(calls):
        start = time.perf_counter()
        for _ in range(calls):
            subject.call()
        subject.wait()
        return time.perf_counter() - start

    calls = 1
    while stretch(calls) < 1e-3:
        calls *= 2
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        times.append(stretch(calls) / calls)
    return times


def one_line(error):
    return f"{type(error).__name__}: {error}".strip().split("\n")[0][:300]


def relative_error(result, exact):
    difference = np.asarray(result, np.float64) - np.asarray(exact, np.float64)
    return float(np.linalg.norm(difference) / max(np.linalg.norm(exact), np.finfo(float).tiny))


def serve(version, prepare):
    """Answers until standard input ends. `prepare(name, way)` gives a Subject, or None where there is
    nothing to measure."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever libraries print

    def answer(line):
        print(line, file=answers, flush=True)

    answer(f"ready {version}")
    subject = None
    for line in sys.stdin:
        words = line.split()
        try:
            if words[0] == "prepare":
                subject = None
                subject = prepare(words[1], words[2])
                if subject is None:
                    answer("none")
                else:
                    answer("ok check=" + ",".join(repr(float(x)) for x in subject.check()))
            elif words[0] == "keep":
                subject.keep()
                answer("ok")
            elif words[0] == "run":
                answer("ok " + " ".join(map(repr, measure(subject, float(words[1])))))
            elif words[0] == "error":
                value = subject.error()
                answer("none" if value is None else f"ok {value!r}")
            else:
                answer(f"none not understood: {line.strip()}")
        except Exception as error:  # the other workloads can still run
            answer(f"none {one_line(error)}")
