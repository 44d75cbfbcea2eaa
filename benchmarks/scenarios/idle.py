"""What an idle link costs: a pair that waits."""
import time

from bench.meter import cpu_seconds, resident_bytes
from bench.rows import WORK_ORDER
from bench.scenario import scenario

CPU_LIMIT, RSS_LIMIT = 0.5, 24


@scenario("idle", "a pair that has nothing to do: its share of a core, its memory")
def idle(bench):
    a, b = bench.side("pg"), bench.side("maria")
    WORK_ORDER.create(a)
    WORK_ORDER.create(b)
    bridge = bench.bridge(a, b, ["work_order"], ways="both").start()
    bridge.drain()
    time.sleep(5)
    seconds = 10 if bench.quick else 60
    runs = bench.interleave(millrace=lambda: _wait(bridge.engine.process.pid, seconds))
    bench.limit("CPU while idle", "% of a core", [r["cpu"] for r in runs["millrace"]], CPU_LIMIT)
    bench.limit("memory while idle", "MiB", [r["rss"] for r in runs["millrace"]], RSS_LIMIT)


def _wait(pid, seconds):
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return {"cpu": (cpu_seconds(pid) - before) / seconds * 100,
            "rss": resident_bytes(pid) / 2**20}
