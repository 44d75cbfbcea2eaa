"""Lag from commit to visible, at rates that both hold easily: a load by the clock at the source, one
cheap poll at the target; against the native replication of the target's engine under the same load.

`load_1` gets one row a transaction (40 % inserts, 50 % updates, 10 % deletes), and each transaction
its row in `load_probe`, which is looked for. The same poller sees both."""
from bench import replica
from bench.load import load, prepare, tables
from bench.scenario import Failed, best_of, scenario

RATES = (200, 1000)
SECONDS = 20
POINTS = ("p50", "p90", "p99", "p99.9", "max")
OTHER = {"pg": "pg2", "maria": "maria2", "mysql": "mysql2"}
LOAD = {"rows": 10000, "connections": 4}


@scenario("lag-{0}-{1}", "lag from commit to visible, {0} to {1}",
          each=[("pg", "maria"), ("maria", "pg"), ("pg", "mysql"), ("mysql", "pg")])
def lag(bench, source, target):
    seconds = 3 if bench.quick else SECONDS
    ways = {"millrace": engine_way(bench, source, target), **native_ways(bench, target)}
    for rate in RATES:
        runs = bench.interleave(**{name: lambda way=way: way(rate, seconds)
                                   for name, way in ways.items()})
        tell(bench, rate, runs, [n for n in ways if n != "millrace"])


@scenario("lag-logged-{0}-{1}", "lag, {0} to {1}, where native writes the target's log too",
          each=[("pg", "maria")])
def lag_logged(bench, source, target):
    """A MariaDB replica does not write its own log by default, and waits for the disk once where
    Millrace's target, which others read too, waits twice. Here both write it."""
    bench.park.demand("maria", **{"log-slave-updates": "ON", "gtid-strict-mode": "OFF"})
    lag(bench, source, target)


def engine_way(bench, source, target):
    a, b = bench.side(source), bench.side(target)
    prepare(a, b, **LOAD)
    bridge = bench.bridge(a, b, tables())

    def measured(rate, seconds):
        bridge.start()
        try:
            return measure(a, b, rate, seconds)
        finally:
            bridge.engine.stop()
    return measured


def native_ways(bench, target):
    """From another server of the target's engine, in each of its settings."""
    a = bench.side(OTHER[target])
    b = replica.twin(bench, a, target)
    prepare(a, b, **LOAD)
    link = replica.replica(a, b, tables())

    def measured(threads, rate, seconds):
        link.threads = threads
        link.start()
        try:
            return measure(a, b, rate, seconds)
        finally:
            link.stop()
    return {name: lambda rate, seconds, n=threads: measured(n, rate, seconds)
            for name, threads in replica.parallel_settings(a).items()}


def measure(a, b, rate, seconds):
    load(a, b, rate=rate, seconds=1, lag=True, **LOAD)         # warm: caches, plans, the first wait
    got = load(a, b, rate=rate, seconds=seconds, lag=True, **LOAD)
    if got["unseen"] or got["given_up"]:
        raise Failed(f"at {rate}/s {got['unseen']} never arrived, {got['given_up']} were not begun")
    return Lag(got)


class Lag(dict):
    """What is shown of a run; all of it in `json`."""

    def __init__(self, json):
        self.json = json
        super().__init__({p: float(json["lag_ms"][p]) for p in POINTS})
        self.update(poll_us=json["poll"]["cost_us"]["p50"],
                    late_polls=100 * json["poll"]["late_share"],
                    commit_p50=json["commit_ms"]["p50"],
                    after_p50=json["lag_after_commit_ms"]["p50"],
                    after_p99=json["lag_after_commit_ms"]["p99"])


def tell(bench, rate, runs, natives):
    for point, slack, goal in (("p50", 1, 1), ("p99", 0, 0.5)):
        values = {name: [r[point] for r in got] for name, got in runs.items()}
        name, best = best_of(values, *natives, better="lower")
        bench.metric(f"{point} lag at {rate}/s", "ms", values["millrace"],
                     f"{name} + {slack} ms" if slack else name, [v + slack for v in best], goal,
                     better="lower")
    for name, got in runs.items():
        if not got:
            continue
        last = got[-1].json
        label = f"{name}, {rate}/s"
        bench.series("lag percentiles", label, [50, 90, 99, 99.9, 100],
                     [last["lag_ms"][p] for p in POINTS], "percentile", "ms")
        bench.series("lag over time", label, [s["second"] for s in last["per_second"]],
                     [s["p99_ms"] for s in last["per_second"]], "seconds", "p99 of the second, ms")
        bench.note(f"{label}: " + ", ".join(f"{p} {last['lag_ms'][p]:.2f}" for p in POINTS)
                   + " ms; the source's own COMMIT p50 {p50:.2f}, p99 {p99:.2f} ms".format(
                       **last["commit_ms"])
                   + " and after its answer p50 {p50:.2f}, p99 {p99:.2f} ms".format(
                       **last["lag_after_commit_ms"])
                   + f"; a poll costs {last['poll']['cost_us']['p50']:.0f} us (p99 "
                   f"{last['poll']['cost_us']['p99']:.0f}), {last['poll']['late_share']:.1%} of "
                   "them later than 0.2 ms after the one before")
