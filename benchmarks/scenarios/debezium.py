"""Debezium Server with its JDBC sink: the same backlog, and lag under a light load.

Millrace is timed from the start of its process; Debezium from its first row at the target, so that
the start of a Java machine and of its frameworks does not count against it."""
import time

from bench.backlog import Backlog, drop_slot, empty, settle
from bench.debezium import Debezium
from bench.meter import Memory
from bench.load import prepare, tables
from bench.rows import WORK_ORDER, load, wait_mark
from bench.scenario import Failed, scenario

from harness.servers import run
from harness.tables import PROBE
from scenarios.catchup import drained, link
from scenarios.lag import LOAD, measure

ROWS, PER_TRANSACTION = 100_000, 1000
LAG_RATE, LAG_SECONDS = 200, 20
GOAL = 10       # times the rows/s, a tenth of the memory and of the lag


@scenario("debezium-{0}-{1}", "catch-up against Debezium Server, {0} to {1}",
          each=[("pg", "maria"), ("maria", "pg")])
def debezium(bench, source, target):
    catch_up(bench, source, target)
    lag(bench, source, target)


def catch_up(bench, source, target):
    rows = bench.scaled(ROWS)
    a, b = bench.side(source), bench.side(target)
    WORK_ORDER.create(a)
    WORK_ORDER.create(b)
    backlog = Backlog(bench, link(bench, a, b), ["work_order"])
    other = DebeziumBacklog(bench, backlog)
    load(a, 1, rows, PER_TRANSACTION)
    backlog.ends()
    runs = bench.interleave(millrace=lambda: drained(backlog), debezium=other.drain)
    bench.metric("catch-up", "rows/s", [rows / r["seconds"] for r in runs["millrace"]], "Debezium",
                 [rows / r["seconds"] for r in runs["debezium"]], GOAL)
    bench.metric("memory", "MiB", [r["peak"] for r in runs["millrace"]], "Debezium",
                 [r["peak"] for r in runs["debezium"]], GOAL, better="lower")
    removed = backlog.bridge.engine.command("remove", backlog.bridge.name, "--yes")
    if removed.returncode:
        raise Failed(removed.stderr)


def lag(bench, source, target):
    ours = pair_for_lag(bench, source, target)
    bridge = bench.bridge(*ours, tables()).start()
    theirs = pair_for_lag(bench, source, target)
    for side in theirs:
        PROBE.create(side)
    server = Debezium(bench, *theirs, tables())
    server.start().wait_streaming()
    seconds = LAG_SECONDS // 4 if bench.quick else LAG_SECONDS
    runs = bench.interleave(millrace=lambda: measure(*ours, LAG_RATE, seconds),
                            debezium=lambda: measure(*theirs, LAG_RATE, seconds))
    server.stop()
    bridge.engine.stop()
    bench.metric(f"p99 lag at {LAG_RATE}/s", "ms", [r["p99"] for r in runs["millrace"]],
                 "Debezium", [r["p99"] for r in runs["debezium"]], GOAL, better="lower")


def pair_for_lag(bench, source, target):
    a, b = bench.side(source), bench.side(target)
    prepare(a, b, **LOAD)
    return a, b


class DebeziumBacklog:
    """Debezium's place in the same log: its offsets, and its slot."""

    KEPT = "bench_debezium_kept"

    def __init__(self, bench, backlog):
        self.bench, self.backlog = bench, backlog
        self.a, self.b = backlog.a, backlog.b
        self.server = Debezium(bench, self.a, self.b, ["work_order"])
        empty(self.b, ["probe"])
        self.server.start().wait_streaming()
        time.sleep(2)
        self.server.stop()
        self.server.keep()
        if self.a.family == "postgres":
            with self.a.connect() as c:
                run(c, "SELECT pg_copy_logical_replication_slot(%s, %s)",
                    (self.server.slot, self.KEPT))

    def drain(self):
        empty(self.b, self.backlog.tables)
        if self.a.family == "postgres":
            with self.a.connect() as c:
                drop_slot(c, self.server.slot)
                run(c, "SELECT pg_copy_logical_replication_slot(%s, %s)",
                    (self.KEPT, self.server.slot))
        self.server.rewind()
        settle(self.bench)
        self.server.start()
        with Memory(self.server.process.pid) as memory:
            began = self.first_row()
            seconds = wait_mark(self.b, self.backlog.mark, alive=self.server.check) - began
        self.server.stop()
        return {"seconds": seconds, "peak": memory.peak / 2**20}

    def first_row(self):
        with self.b.connect() as c:
            while not run(c, "SELECT 1 FROM work_order LIMIT 1"):
                self.server.check()
                time.sleep(0.01)
        return time.monotonic()
