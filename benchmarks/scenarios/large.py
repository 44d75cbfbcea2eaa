"""One large transaction, against as many rows in small ones, in one backlog: first the small ones,
then the large one, each timed by a row that is written after it."""
from bench.backlog import Backlog
from bench.rows import WORK_ORDER, end_mark, load
from bench.scenario import Failed, scenario

from harness.servers import run

from scenarios.catchup import link

ROWS, SMALL = 5_000_000, 1000
RSS_LIMIT, RATE_GOAL = 96, 0.8


@scenario("large-transaction-{0}-{1}", "one large transaction, {0} to {1}",
          each=[("pg", "maria"), ("maria", "pg")])
def large(bench, source, target):
    rows = bench.scaled(ROWS)
    a, b = bench.side(source), bench.side(target)
    for table in ("small", "large"):
        WORK_ORDER.create(a, name=table)
        WORK_ORDER.create(b, name=table)
    backlog = Backlog(bench, link(bench, a, b, tables=("small", "large")), ["small", "large"])
    load(a, 1, rows, SMALL, table="small")
    after_small = end_mark(a)
    load(a, 1, rows, rows, table="large")
    backlog.ends()
    runs = bench.interleave(millrace=lambda: drain(backlog, after_small, b, rows))["millrace"]
    bench.metric("one large transaction", "rows/s", [r["large"] for r in runs],
                 "small transactions", [r["small"] for r in runs], RATE_GOAL)
    bench.limit("memory", "MiB", [r["peak"] for r in runs], RSS_LIMIT)
    bench.series("memory over time", f"large transaction {source} to {target}",
                 *runs[0]["memory"], ylabel="MiB")


def drain(backlog, after_small, b, rows):
    result = backlog.drain(marks=[after_small])
    with b.connect() as c:
        count = run(c, "SELECT count(*) FROM large")[0][0]
    if count != rows:
        raise Failed(f"{count} rows of {rows} arrived")
    first, last = result["at"]
    return {"small": rows / first, "large": rows / (last - first), "peak": result["peak"],
            "memory": result["memory"]}
