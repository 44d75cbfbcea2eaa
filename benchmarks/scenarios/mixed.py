"""A backlog as an application leaves it: small transactions of inserts, updates and deletes, some
rows hot."""
from bench.backlog import Backlog
from bench.native import native_to
from bench.oltp import write
from bench.rows import WORK_ORDER, load
from bench.scenario import best_of, scenario

from scenarios.catchup import drained, link

ROWS, CHANGES, PER_TRANSACTION = 500_000, 500_000, 1000


@scenario("mixed-{0}-{1}", "a mixed OLTP backlog, {0} to {1}",
          each=[("pg", "maria"), ("maria", "pg")])
def mixed(bench, source, target):
    rows, changes = bench.scaled(ROWS), bench.scaled(CHANGES)
    a, b = bench.side(source), bench.side(target)
    WORK_ORDER.create(a)
    WORK_ORDER.create(b)
    native = native_to(bench, b, [WORK_ORDER])
    load(a, 1, rows, PER_TRANSACTION)
    backlog = Backlog(bench, link(bench, a, b), ["work_order"],
                      refill=lambda side: load(side, 1, rows, PER_TRANSACTION))
    load(native.source, 1, rows, PER_TRANSACTION)
    native.keep()
    for side in (a, native.source):
        write(side, rows, changes)
    backlog.ends()
    native.ends()
    native.refill = backlog.refill
    runs = bench.interleave(native.SETTINGS, millrace=lambda: drained(backlog),
                            **{s: lambda s=s: native.drain(s) for s in native.SETTINGS})
    name, seconds = best_of(runs, *native.SETTINGS, better="lower")
    bench.metric("mixed OLTP", "changes/s", [changes / r["seconds"] for r in runs["millrace"]],
                 f"native, {name}", [changes / s for s in seconds], 1)
