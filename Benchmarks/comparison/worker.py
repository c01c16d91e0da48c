"""A worker process: one library in one way with one number of threads, asked through a pipe."""
import os
import select
import subprocess
import tempfile


class Failure(Exception):
    """Why a worker has no answer; no text where there is nothing to measure."""


class Worker:
    """Starts at the first request and again after it has died."""

    def __init__(self, command, threads, processors):
        self.command, self.threads, self.processors = command, threads, processors
        self.process = None

    def ask(self, request, timeout=300):
        """The words after `ok`."""
        self.start()
        try:
            self.process.stdin.write(request + "\n")
            self.process.stdin.flush()
        except OSError:
            raise self._death() from None
        return self._read("ok", timeout)

    def start(self):
        if self.process is not None:
            return
        environment = dict(
            os.environ, KOBAI_NUM_THREADS=str(self.threads), OMP_NUM_THREADS=str(self.threads),
            MKL_NUM_THREADS=str(self.threads), JAX_PLATFORMS="cpu")
        # One thread means one processor: no library can use helpers beside it.
        processors = self.processors[-self.threads :]
        pin = (lambda: os.sched_setaffinity(0, processors)) if hasattr(
            os, "sched_setaffinity") else None
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*self.command, str(self.threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, bufsize=1, env=environment, preexec_fn=pin)
        self.version = " ".join(self._read("ready", 120))
        self.loaded = self.memory("VmRSS")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def memory(self, field):
        """A field of the process's status in bytes: VmRSS (resident now), VmHWM (at most so far)."""
        try:
            for line in open(f"/proc/{self.process.pid}/status"):
                if line.startswith(field):
                    return int(line.split()[1]) * 1024
        except OSError:
            pass
        return None

    def _read(self, first, timeout):
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            self.stop()
            raise Failure(f"no answer within {timeout} s")
        words = self.process.stdout.readline().split()
        if not words:
            raise self._death()
        if words[0] != first:
            raise Failure(" ".join(words[1:]))
        return words[1:]

    def _death(self):
        self.process.wait()
        self.errors.seek(0)
        lines = [line.strip() for line in self.errors if line.strip()] or ["it said nothing"]
        status, self.process = self.process.returncode, None
        return Failure(f"ended with status {status}: {lines[-1][:300]}")
