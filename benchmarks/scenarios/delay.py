"""A target that is 20 ms away: the catch-up of inserts through a path with that round trip, against
the same link through the same path at 0 ms. What is waited for once a transaction costs 20 ms each
time: only batches that are large enough, and statements that do not wait for each other, help."""
from bench import checksum
from bench.backlog import Backlog
from bench.delay import Path
from bench.rows import WORK_ORDER, load
from bench.scenario import scenario
from scenarios.catchup import link

ROWS, PER_TRANSACTION = 1_000_000, 1000
ROUND_TRIP_MS = 20


@scenario("delay-{0}-{1}", "20 ms to the target, {0} to {1}",
          each=[("pg", "maria"), ("maria", "pg")])
def delay(bench, source, target):
    rows = bench.scaled(ROWS)
    a, b = bench.side(source), bench.side(target)
    WORK_ORDER.create(a)
    WORK_ORDER.create(b)
    path = Path(bench, b.server)
    path.set(0)
    backlog = Backlog(bench, link(bench, a, b, b_port=path.port), ["work_order"])
    load(a, 1, rows, PER_TRANSACTION)
    backlog.ends()

    def drained(round_trip_ms):
        path.set(round_trip_ms)
        seconds = backlog.drain()["seconds"]
        checksum.demand_same(a, b, "work_order")
        return seconds
    runs = bench.interleave(far=lambda: drained(ROUND_TRIP_MS), near=lambda: drained(0))
    bench.metric(f"catch-up, {ROUND_TRIP_MS} ms away", "rows/s", [rows / s for s in runs["far"]],
                 "itself at 0 ms", [rows / s for s in runs["near"]], 0.6)
