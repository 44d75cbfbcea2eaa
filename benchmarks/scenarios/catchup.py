"""Catch-up: a backlog of inserts, written while the engine was down, until it is at the target."""
from bench.backlog import SLOT, Backlog
from bench import checksum
from bench.native import native_to
from bench.pipe import pipe
from bench.rows import WORK_ORDER, load
from bench.scenario import best_of, scenario

ROWS, PER_TRANSACTION = 2_000_000, 1000
CPU_LIMIT = 1.5      # user+sys seconds per million rows

# goals against the pipe, and against native where it is one of the anchors
GOALS = {("pg", "maria"): (0.9, None), ("maria", "pg"): (0.8, 1.2),
         ("pg", "mysql"): (0.8, None), ("mysql", "pg"): (0.8, None)}


@scenario("catchup-{0}-{1}", "catch-up of inserts, {0} to {1}", each=GOALS)
def catchup(bench, source, target):
    rows = bench.scaled(ROWS)
    a, b = bench.side(source), bench.side(target)
    WORK_ORDER.create(a)
    WORK_ORDER.create(b)
    to_pipe, to_native = GOALS[source, target]
    native = native_to(bench, b, [WORK_ORDER]) if to_native else None
    backlog = Backlog(bench, link(bench, a, b), ["work_order"])
    load(a, 1, rows, PER_TRANSACTION)
    backlog.ends()
    anchors = {"pipe": lambda: pipe(bench, a, b, "work_order", PER_TRANSACTION)}
    if native:
        load(native.source, 1, rows, PER_TRANSACTION)
        native.ends()
        anchors.update({s: lambda s=s: native.drain(s) for s in native.SETTINGS})
    runs = bench.interleave(native.SETTINGS if native else (),
                            millrace=lambda: drained(backlog), **anchors)
    rates = [rows / r["seconds"] for r in runs["millrace"]]
    bench.metric("catch-up", "rows/s", rates, "pipe", [rows / s for s in runs["pipe"]], to_pipe)
    if native:
        name, seconds = best_of(runs, *native.SETTINGS, better="lower")
        bench.metric("catch-up", "rows/s", rates, f"native, {name}", [rows / s for s in seconds],
                     to_native)
    bench.limit("engine's CPU", "s per million rows",
                [r["cpu"] / rows * 1e6 for r in runs["millrace"]], CPU_LIMIT)
    memory = runs["millrace"][0]["memory"]
    bench.series("memory over time", f"catch-up {source} to {target}", *memory, ylabel="MiB")
    bench.note(f"memory at most {max(r['peak'] for r in runs['millrace']):.0f} MiB")


def link(bench, a, b, tables=("work_order",), **options):
    if a.family == "postgres":
        options["slot"] = SLOT
    return bench.bridge(a, b, list(tables), **options)


def drained(backlog):
    result = backlog.drain()
    checksum.demand_same(backlog.a, backlog.b, "work_order")
    return result
