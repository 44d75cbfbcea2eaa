"""A backlog of transactions that write one row each."""
from bench.backlog import Backlog
from bench.native import native_to
from bench.rows import WORK_ORDER, load
from bench.scenario import best_of, scenario

from scenarios.catchup import drained, link

TRANSACTIONS = 300_000


@scenario("one-row-{0}-{1}", "a backlog of one-row transactions, {0} to {1}",
          each=[("pg", "maria"), ("maria", "pg")])
def one_row(bench, source, target):
    rows = bench.scaled(TRANSACTIONS)
    a, b = bench.side(source), bench.side(target)
    WORK_ORDER.create(a)
    WORK_ORDER.create(b)
    native = native_to(bench, b, [WORK_ORDER])
    backlog = Backlog(bench, link(bench, a, b), ["work_order"])
    for side in (a, native.source):
        load(side, 1, rows, per_transaction=1)
    backlog.ends()
    native.ends()
    runs = bench.interleave(native.SETTINGS, millrace=lambda: drained(backlog),
                            **{s: lambda s=s: native.drain(s) for s in native.SETTINGS})
    name, seconds = best_of(runs, *native.SETTINGS, better="lower")
    bench.metric("one-row transactions", "transactions/s",
                 [rows / r["seconds"] for r in runs["millrace"]], f"native, {name}",
                 [rows / s for s in seconds], 1)
