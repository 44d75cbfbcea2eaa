"""soak.py [--minutes N]: load both ways for a long time, and what must not grow.

Judged are N minutes; a warm-up of N / 6 runs before them, with the same load, and in its middle the
engine stands still for a moment: after that its batches have been larger than any hiccup of the
machine makes them, and memory that is kept for such batches is there. What grows from then on leaks.

  memory       the slope of the engine's resident size: < 1 MiB/h (median of slopes)
  checkpoints  live rows bounded; not slower while a transaction stays open on both targets (the
               middle third of the time); their space is used again afterwards: while it is open
               nothing can be freed and the tables grow, after it they must not, under the same load
  rows         equal on both sides at the end
"""
import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from xml.sax.saxutils import quoteattr

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import servers  # noqa: E402
from harness.bridge import Bridge  # noqa: E402
from harness.compare import Side  # noqa: E402
from harness.servers import run  # noqa: E402
from harness.tables import WORKLOAD  # noqa: E402
from harness.workload import Workload, create_tables  # noqa: E402

MIB = 1 << 20
SAMPLE_SECONDS = 5
STAND_STILL_SECONDS = 5
MAX_CHECKPOINT_ROWS = 4000
TABLES = [t.name for t in WORKLOAD]
PHASES = ("warm", "before", "held", "after")
SIZE = {
    "postgres": "SELECT pg_total_relation_size('millrace.checkpoint')",
    "mysql": "SELECT file_size FROM information_schema.innodb_sys_tablespaces"
             " WHERE name = 'millrace/checkpoint'",
}


class Sample:
    def __init__(self, at, phase, rss, rows, read_ms, lag_ms, size):
        self.at, self.phase, self.rss, self.rows = at, phase, rss, rows
        self.read_ms, self.lag_ms, self.size = read_ms, lag_ms, size


def take(bridge, started, phase):
    rows, read_ms, size = [], [], []
    for side, link in ((bridge.b, "a-b"), (bridge.a, "b-a")):
        with side.connect() as c:
            rows.append(run(c, "SELECT count(*) FROM millrace.checkpoint")[0][0])
            size.append(run(c, SIZE[side.family])[0][0])
        before = time.monotonic()
        bridge.checkpoint(side, link)
        read_ms.append((time.monotonic() - before) * 1000)
    status = bridge.engine.wait_streaming()
    lags = [l["lag_ms"] for l in status.values() if l["lag_ms"] is not None]
    return Sample(time.monotonic() - started, phase, bridge.engine.rss()[0], max(rows),
                  max(read_ms), max(lags, default=0), size)


def slope_mib_per_hour(samples):
    """Median of the slopes of all pairs far enough apart: one odd sample does not matter."""
    span = (samples[-1].at - samples[0].at) / 3
    slopes = [(b.rss - a.rss) / MIB / ((b.at - a.at) / 3600)
              for i, a in enumerate(samples) for b in samples[i + 1:] if b.at - a.at >= span]
    return statistics.median(slopes) if slopes else 0.0


def hold(sides):
    """A transaction on each target that keeps its snapshot open."""
    held = []
    for side in sides:
        c = side.connect()
        if side.family == "postgres":
            run(c, "BEGIN ISOLATION LEVEL REPEATABLE READ")
            run(c, "SELECT count(*) FROM item")
            run(c, "SELECT pg_current_xact_id()")
        else:
            run(c, "START TRANSACTION WITH CONSISTENT SNAPSHOT")
            run(c, "SELECT count(*) FROM item")
        held.append(c)
    return held


def stand_still(engine, seconds):
    """A backlog, as a hiccup of the machine makes it, but larger."""
    os.kill(engine.process.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(engine.process.pid, signal.SIGCONT)


def phase_at(at, seconds):
    return PHASES[0] if at < 0 else PHASES[1 + min(2, int(3 * at / seconds))]


def load_and_sample(bridge, sides, seconds):
    samples, held, stood_still = [], [], False
    loads = [Workload(s, parity=p, writers=2, pause=0.01).prepare() for p, s in enumerate(sides)]
    started = time.monotonic()
    with loads[0], loads[1]:
        while (at := time.monotonic() - started) < seconds * 7 / 6:
            phase = phase_at(at - seconds / 6, seconds)
            if not stood_still and at > seconds / 12:
                stand_still(bridge.engine, STAND_STILL_SECONDS)
                stood_still = True
            if phase == "held" and not held:
                held = hold(sides)
            if phase == "after" and held:
                for c in held:
                    c.close()
                held = []
            samples.append(take(bridge, started, phase))
            if len(samples) % 12 == 1:
                show(samples[-1], loads)
            time.sleep(min(SAMPLE_SECONDS, seconds / 30))
    return samples, sum(l.stats["transactions"] for l in loads)


def show(s, loads):
    done = sum(l.stats["transactions"] for l in loads)
    size = " + ".join(f"{n / MIB:.1f}" for n in s.size)
    print(f"{s.at / 60:6.1f} min {s.phase:6} rss {s.rss / MIB:6.1f} MiB  checkpoint rows {s.rows:5}"
          f"  read {s.read_ms:5.1f} ms  lag {s.lag_ms:6.1f} ms  size {size} MiB"
          f"  transactions {done}", flush=True)


def grown(samples):
    """What each side's checkpoint table grew by, in KiB."""
    return [(last - first) // 1024 for first, last in zip(samples[0].size, samples[-1].size)]


def space(by):
    """The first quarter after the hold is left to the servers' own cleaning."""
    held, after = grown(by["held"]), grown(by["after"][len(by["after"]) // 4:])
    good = all(a <= h / 4 for a, h in zip(after, held) if h > 1024)
    return f"grew by {held} KiB while held, {after} KiB after", good and max(held) > 1024


def judge(samples, report, minutes):
    """[(what, figure, is it good)]"""
    by = {p: [s for s in samples if s.phase == p] for p in PHASES}
    slope = slope_mib_per_hour([s for s in samples if s.phase != "warm"])
    limit = 1.0 if minutes >= 30 else 1.0 * 30 / minutes   # a short run shows less than noise
    read = {p: statistics.median(s.read_ms for s in by[p]) for p in by}
    lag = {p: statistics.median(s.lag_ms for s in by[p]) for p in by}
    rows = max(s.rows for s in by["before"] + by["after"][len(by["after"]) // 4:])
    reused, is_reused = space(by)
    return [
        ("memory slope", f"{slope:.2f} MiB/h (limit {limit:.1f})", slope < limit),
        ("largest resident size", f"{max(s.rss for s in samples) / MIB:.1f} MiB", True),
        ("checkpoint rows", f"{rows} (limit {MAX_CHECKPOINT_ROWS})", rows <= MAX_CHECKPOINT_ROWS),
        ("checkpoint read", "before {before:.1f}, held {held:.1f}, after {after:.1f} ms"
         .format(**read), read["held"] < 3 * read["before"] + 5),
        ("lag", "before {before:.1f}, held {held:.1f}, after {after:.1f} ms".format(**lag),
         lag["held"] < 3 * lag["before"] + 50),
        ("checkpoint space", reused, is_reused or minutes < 10),
        ("both sides", str(report).split("\n")[0], report.equal),
    ]


def write_junit(path, verdicts):
    with open(path, "w") as f:
        f.write('<testsuites><testsuite name="soak">\n')
        for what, figure, good in verdicts:
            failure = "" if good else f"<failure message={quoteattr(figure)}/>"
            f.write(f'<testcase classname="soak" name={quoteattr(what)}>{failure}</testcase>\n')
        f.write("</testsuite></testsuites>\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--minutes", type=float, default=30)
    p.add_argument("--junit")
    args = p.parse_args()
    root = servers.run_dir()
    with servers.Postgres(root) as pg, servers.MariaDB(root) as maria, \
            tempfile.TemporaryDirectory() as directory:
        sides = Side(pg, "soak"), Side(maria, "soak")
        for s in sides:
            s.server.create_database("soak")
        create_tables(*sides)
        with sides[0].connect() as c:
            for t in TABLES:
                run(c, f"ALTER TABLE {t} REPLICA IDENTITY FULL")
        bridge = Bridge(directory, *sides, tables=TABLES, ways="both")
        with bridge.start():
            samples, done = load_and_sample(bridge, sides, args.minutes * 60)
            bridge.drain(120)
            report = bridge.compare()
    os.rmdir(root)
    verdicts = judge(samples, report, args.minutes)
    print(f"\n{args.minutes:g} minutes, {done} transactions")
    for what, figure, good in verdicts:
        print(f"{'pass' if good else 'FAIL'}  {what}: {figure}")
    if args.junit:
        write_junit(args.junit, verdicts)
    return 0 if all(good for *_, good in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
