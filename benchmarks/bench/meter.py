"""What processes cost: user+sys seconds, and resident memory over time.

    with Cpu(pid, ...) as cpu: ...          # cpu.seconds; pids with all their descendants
    with Memory(pid) as memory: ...         # memory.peak, memory.x, memory.y (seconds, bytes)
"""
import glob
import os
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


def descendants(pid):
    found = [pid]
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path) as f:
                for child in f.read().split():
                    found += descendants(int(child))
        except OSError:
            pass
    return found


def cpu_seconds(pid):
    """user+sys of a process and of children that it has waited for; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICKS


def resident_bytes(pid, what="VmRSS"):
    try:
        with open(f"/proc/{pid}/status") as f:
            for line in f:
                if line.startswith(what):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Cpu:
    def __init__(self, *pids):
        self.pids = pids
        self.seconds = 0.0

    def total(self):
        return sum(cpu_seconds(p) for pid in self.pids for p in descendants(pid))

    def __enter__(self):
        self.before = self.total()
        return self

    def __exit__(self, *_):
        self.seconds = self.total() - self.before


class Memory:
    def __init__(self, pid, every=0.1):
        self.pid, self.every = pid, every
        self.x, self.y, self.peak = [], [], 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self):
        began = time.monotonic()
        stopped = False
        while not stopped:
            stopped = self._stop.wait(self.every)
            size = resident_bytes(self.pid)
            if size == 0:
                return
            self.x.append(time.monotonic() - began)
            self.y.append(size)
            self.peak = resident_bytes(self.pid, "VmHWM")   # the kernel saw more than our samples

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
