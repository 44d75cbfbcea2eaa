"""Events in the process: recorded batches through views and mirror to a sink that only reads what
comes, against a bare loop over SQLite with the same expressions, in CPU time. Both add up every value
of every event; the sums must be the same."""
import re
import subprocess

from bench.machine import program
from bench.scenario import Failed, scenario

CHANGES = 400_000
# of the bare loop's speed: an update is evaluated before and after, and compared
GOALS = {"stateless-insert": 0.5, "stateless-update": 0.25, "assembled": 0.5}
ANCHORS = {"stateless-insert": "bare SQLite expression",
           "stateless-update": "bare SQLite expression, once",
           "assembled": "bare SQLite mirror"}


@scenario("events-{0}", "events in the process, {0}", each=[(name,) for name in GOALS])
def events(bench, name):
    sizes = (4,) if name == "assembled" else (1, 100)
    for size in sizes:
        runs = bench.interleave(millrace=lambda size=size: _run(bench, name, "millrace", size),
                                anchor=lambda size=size: _run(bench, name, "anchor", size))
        said = {r["sum"] for side in runs.values() for r in side}
        if len(said) != 1:
            raise Failed(f"{name}: the sums differ: {sorted(said)}")
        rates = {side: [r["changes"] / r["seconds"] for r in made] for side, made in runs.items()}
        bench.metric(f"row changes a CPU second, {size} a transaction", "changes/s",
                     rates["millrace"], ANCHORS[name], rates["anchor"], GOALS[name])


def _run(bench, name, side, size):
    done = subprocess.run([program("bench_events"), name, side, str(bench.scaled(CHANGES)),
                           str(size), bench.directory("events")], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failed(f"bench_events {name} {side}: {done.stderr}")
    said = dict(re.findall(r"(\w+)=(\S+)", done.stdout))
    if int(said["events"]) == 0:
        raise Failed(f"bench_events {name} {side}: no events came")
    return {"seconds": float(said["seconds"]), "changes": int(said["changes"]), "sum": said["sum"]}
