"""Both directions at once on the same tables. Both links always run; the load is a backlog on one
side, on the other, on both. What both together drain is held against the mean of the two."""
import statistics
import time

from bench.meter import Cpu, cpu_seconds
from bench.rows import WORK_ORDER, end_mark, load, wait_mark
from bench.scenario import scenario
from bench.status import ask

ROWS, PER_TRANSACTION = 300_000, 100
RATE_GOAL, CPU_FACTOR = 0.9, 1.15


@scenario("both-directions", "both links of a pair, loaded on one side and on both")
def both_directions(bench):
    a, b = bench.side("pg"), bench.side("maria")
    WORK_ORDER.create(a)
    WORK_ORDER.create(b)
    pair = Pair(bench, a, b, bench.scaled(ROWS))
    runs = bench.interleave(forth=lambda: pair.drain(a), back=lambda: pair.drain(b),
                            both=lambda: pair.drain(a, b))
    pairs = list(zip(runs["forth"], runs["back"]))
    bench.metric("rows of both directions", "rows/s", [r["rate"] for r in runs["both"]],
                 "mean of one side alone", [statistics.mean((f["rate"], k["rate"]))
                                            for f, k in pairs], RATE_GOAL)
    bench.metric("CPU, engine and servers", "s per million rows", [r["cpu"] for r in runs["both"]],
                 f"{CPU_FACTOR} x one side alone",
                 [CPU_FACTOR * statistics.mean((f["cpu"], k["cpu"])) for f, k in pairs], 1,
                 better="lower")
    bench.limit("echoes", "rows", [r["echoes"] for r in runs["both"]], 0)


class Pair:
    def __init__(self, bench, a, b, rows):
        self.a, self.b, self.rows = a, b, rows
        self.next = 1
        self.bridge = bench.bridge(a, b, ["work_order"], ways="both").start()
        self.bridge.drain()
        self.bridge.engine.stop()

    def drain(self, *sides):
        """A fresh backlog on each of the sides; new rows each time, under new keys."""
        marks = []
        for side in sides:
            load(side, self.next, self.rows, PER_TRANSACTION)
            self.next += self.rows
            marks.append((self.b if side is self.a else self.a, end_mark(side)))
        engine, rows = self.bridge.engine, self.rows * len(sides)
        time.sleep(1)
        with Cpu(self.a.server.process.pid, self.b.server.process.pid) as servers:
            began = time.monotonic()
            engine.start()
            for target, mark in marks:
                wait_mark(target, mark, alive=self.bridge._still_alive)
            seconds = time.monotonic() - began
            cpu = cpu_seconds(engine.process.pid)
        time.sleep(1)       # an echo would still be on its way
        written = sum(link["rows"] for link in ask(engine).values())
        engine.stop()
        return {"rate": rows / seconds, "cpu": (cpu + servers.seconds) / rows * 1e6,
                "echoes": written - rows - len(marks)}
