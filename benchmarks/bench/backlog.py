"""A backlog that can be drained again and again: the link's position is kept as it was before the
rows were written, and put back before each run, so that every run reads the same log.

    backlog = Backlog(bench, bridge, ["work_order"])     # starts the bridge once, stops it
    ... writes to the source ...
    backlog.ends()                 # `refill(target)`: the rows that were there before
    result = backlog.drain()       # from the engine's start until all is at the target
"""
import time

from harness.servers import run

from .meter import Memory, cpu_seconds
from .rows import end_mark, wait_mark

SLOT, KEPT_SLOT = "bench_link", "bench_kept"


class Backlog:
    def __init__(self, bench, bridge, tables, refill=None):
        self.bench, self.bridge, self.tables = bench, bridge, [*tables, "probe"]
        self.refill = refill or (lambda side: None)
        self.a, self.b = bridge.a, bridge.b
        self.mark = None
        bridge.start()
        bridge.drain()
        bridge.engine.stop()
        self._keep()

    def _keep(self):
        with self.b.connect() as c:
            run(c, "CREATE TABLE kept_checkpoint AS SELECT * FROM millrace.checkpoint")
        if self.a.family == "postgres":
            with self.a.connect() as c:
                run(c, "SELECT pg_copy_logical_replication_slot(%s, %s)", (SLOT, KEPT_SLOT))

    def ends(self):
        self.mark = end_mark(self.a)

    def rewind(self):
        empty(self.b, self.tables)
        self.refill(self.b)
        with self.b.connect() as c:
            run(c, "DELETE FROM millrace.checkpoint")
            run(c, "INSERT INTO millrace.checkpoint SELECT * FROM kept_checkpoint")
        if self.a.family == "postgres":
            with self.a.connect() as c:
                drop_slot(c, SLOT)
                run(c, "SELECT pg_copy_logical_replication_slot(%s, %s)", (KEPT_SLOT, SLOT))
        settle(self.bench)

    def drain(self, marks=()):
        """{"seconds", "cpu", "peak" (MiB), "at": seconds of each of `marks`, "memory": a line}"""
        engine = self.bridge.engine
        self.rewind()
        began = time.monotonic()
        engine.start()
        try:
            with Memory(engine.process.pid) as memory:
                at = [wait_mark(self.b, mark, alive=self.bridge._still_alive) - began
                      for mark in [*marks, self.mark]]
            cpu = cpu_seconds(engine.process.pid)
            engine.stop()
        finally:
            engine.kill()
        return {"seconds": at[-1], "cpu": cpu, "peak": memory.peak / 2**20, "at": at,
                "memory": (memory.x, [y / 2**20 for y in memory.y])}


def drop_slot(c, slot):
    while run(c, "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND active", (slot,)):
        time.sleep(0.02)
    run(c, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
        "WHERE slot_name = %s", (slot,))


def empty(side, tables):
    with side.connect() as c:
        for table in tables:
            run(c, f"TRUNCATE TABLE {table}")
        if side.family == "mysql":      # its log of the last run is nobody's
            run(c, "PURGE BINARY LOGS BEFORE '2100-01-01'")


def settle(bench):
    """Every run begins with servers that have written what was before."""
    for server in bench.park.running.values():
        if server.family == "postgres":
            with server.connect() as c:
                run(c, "CHECKPOINT")
    time.sleep(0.5)
