"""After an outage: how fast a long backlog of one-row transactions drains, and how soon the first of
it is committed.

The sink's own rate is what it writes of the same rows when they lie ready in large transactions: then
the source costs next to nothing, and no transaction's end is in the way."""
import threading
import time

from bench import checksum
from bench.backlog import Backlog
from bench.rows import WORK_ORDER, load
from bench.scenario import scenario
from harness.servers import run
from scenarios.catchup import link

TRANSACTIONS = 600_000
RESTART_SECONDS = 2


@scenario("outage-{0}-{1}", "the backlog of an outage, {0} to {1}",
          each=[("pg", "maria"), ("maria", "pg")])
def outage(bench, source, target):
    rows = bench.scaled(TRANSACTIONS)
    small, large = (Outage(bench, source, target, rows, n) for n in (1, 1000))
    runs = bench.interleave(outage=small.drain, sink=large.drain)
    bench.metric("drain of one-row transactions", "rows/s",
                 [rows / r["seconds"] for r in runs["outage"]], "the sink's own rate",
                 [rows / r["seconds"] for r in runs["sink"]], 0.9)
    bench.limit("restart to first commit", "s", [r["first"] for r in runs["outage"]],
                RESTART_SECONDS)


class Outage:
    def __init__(self, bench, source, target, rows, per_transaction):
        self.a, self.b = bench.side(source), bench.side(target)
        WORK_ORDER.create(self.a)
        WORK_ORDER.create(self.b)
        self.backlog = Backlog(bench, link(bench, self.a, self.b), ["work_order"])
        load(self.a, 1, rows, per_transaction)
        self.backlog.ends()

    def drain(self):
        watch = threading.Thread(target=self._watch, daemon=True)
        watch.start()
        result = self.backlog.drain()
        watch.join(30)
        checksum.demand_same(self.a, self.b, "work_order")
        return {"seconds": result["seconds"], "first": self.first}

    def _watch(self):
        """From the process's start to the first row of the backlog at the target."""
        engine = self.backlog.bridge.engine
        with self.b.connect() as c:
            while not engine.running():
                time.sleep(0.001)
            began = time.monotonic()
            while not run(c, "SELECT 1 FROM work_order LIMIT 1"):
                time.sleep(0.002)
            self.first = time.monotonic() - began
