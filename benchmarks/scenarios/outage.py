"""After an outage: how fast a long backlog of one-row transactions drains, and how soon the first of
it is committed.

The drain counts from the first commit: the restart is a figure of its own. The sink's own rate is what
it writes of as many rows that lie ready in large transactions: then the source costs next to nothing.
Both lie in one log, one after the other, so that every run measures both."""
import threading
import time

from bench import checksum
from bench.backlog import Backlog
from bench.rows import WORK_ORDER, end_mark, load
from bench.scenario import scenario
from harness.servers import run
from scenarios.catchup import link

TRANSACTIONS = 600_000
RESTART_SECONDS = 2


@scenario("outage-{0}-{1}", "the backlog of an outage, {0} to {1}",
          each=[("pg", "maria"), ("maria", "pg")])
def outage(bench, source, target):
    rows = bench.scaled(TRANSACTIONS)
    a, b = bench.side(source), bench.side(target)
    WORK_ORDER.create(a)
    WORK_ORDER.create(b)
    backlog = Backlog(bench, link(bench, a, b), ["work_order"])
    load(a, 1, rows, per_transaction=1)
    between = end_mark(a)
    load(a, rows + 1, rows, per_transaction=1000)
    backlog.ends()
    runs = bench.interleave(outage=lambda: drained(backlog, between))["outage"]
    bench.metric("drain of one-row transactions", "rows/s", [rows / r["small"] for r in runs],
                 "the sink's own rate", [rows / r["large"] for r in runs], 0.9)
    bench.limit("restart to first commit", "s", [r["first"] for r in runs], RESTART_SECONDS)


def drained(backlog, between):
    first = First(backlog)
    result = backlog.drain(marks=[between])
    checksum.demand_same(backlog.a, backlog.b, "work_order")
    small, end = result["at"]
    return {"small": small - first.seconds(), "large": end - small, "first": first.seconds()}


class First(threading.Thread):
    """From the process's start to the first row of the backlog at the target."""

    def __init__(self, backlog):
        super().__init__(daemon=True)
        self.engine, self.b, self.took = backlog.bridge.engine, backlog.b, None
        self.start()

    def run(self):
        with self.b.connect() as c:
            while not self.engine.running():
                time.sleep(0.001)
            began = time.monotonic()
            while not run(c, "SELECT 1 FROM work_order LIMIT 1"):
                time.sleep(0.002)
            self.took = time.monotonic() - began

    def seconds(self):
        self.join(30)
        return self.took
