"""The first copy of a table that is there already, into an empty one."""
import os
import shutil
import subprocess
import time

from bench import checksum
from bench.backlog import empty, settle
from bench.meter import Memory
from bench.pipe import pipe
from bench.rows import WORK_ORDER, load
from bench.scenario import Failed, NotHad, scenario
from bench.status import ask
from harness.servers import PASSWORD, USER

ROWS = 5_000_000


@scenario("first-copy-{0}-{1}", "first copy, {0} to {1}", each=[("pg", "maria"), ("maria", "pg")])
def first_copy(bench, source, target):
    rows = bench.scaled(ROWS)
    a, b = bench.side(source), bench.side(target)
    WORK_ORDER.create(a)
    WORK_ORDER.create(b)
    load(a, 1, rows, 10_000)
    bridge = bench.bridge(a, b, ["work_order"], first_copy="to_empty")
    anchors = {"pipe": lambda: pipe(bench, a, b, "work_order", per_transaction=0)}
    if target == "pg":
        anchors["pgloader"] = lambda: pgloader(bench, a, b)
    runs = bench.interleave(millrace=lambda: copied(bench, bridge), **anchors)
    rates = [rows / r["seconds"] for r in runs["millrace"]]
    bench.metric("first copy", "rows/s", rates, "pipe", [rows / s for s in runs["pipe"]], 0.8)
    if target == "pg":
        bench.metric("first copy", "rows/s", rates, "pgloader",
                     [rows / s for s in runs["pgloader"]], 3)
    bench.note(f"memory at most {max(r['peak'] for r in runs['millrace']):.0f} MiB")


def copied(bench, bridge):
    """From the engine's start until the link streams: all rows are committed then."""
    engine = bridge.engine
    empty(bridge.b, ["work_order", "probe"])
    settle(bench)
    began = time.monotonic()
    engine.start()
    try:
        with Memory(engine.process.pid) as memory:
            while not _streams(engine):
                time.sleep(0.01)
            seconds = time.monotonic() - began
        engine.stop()
    finally:
        engine.kill()
    checksum.demand_same(bridge.a, bridge.b, "work_order")
    removed = engine.command("remove", bridge.name, "--yes")
    if removed.returncode:
        raise Failed(removed.stderr)
    return {"seconds": seconds, "peak": memory.peak / 2**20}


def _streams(engine):
    if not engine.running():
        raise Failed(engine.tail())
    links = ask(engine)
    return links and all(link["state"] == "streaming" for link in links.values())


def pgloader(bench, a, b):
    if not shutil.which("pgloader"):
        raise NotHad("pgloader is not installed")
    path = os.path.join(bench.directory("pgloader"), "copy.load")
    with open(path, "w") as f:
        f.write(f"""LOAD DATABASE
            FROM mysql://{USER}:{PASSWORD}@127.0.0.1:{a.server.port}/{a.database}
            INTO postgresql://{USER}:{PASSWORD}@127.0.0.1:{b.server.port}/{b.database}
            WITH data only
            INCLUDING ONLY TABLE NAMES MATCHING 'work_order'
            ALTER SCHEMA '{a.database}' RENAME TO 'public';""")
    empty(b, ["work_order"])
    settle(bench)
    began = time.monotonic()
    done = subprocess.run(["pgloader", "--root-dir", os.path.dirname(path), path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seconds = time.monotonic() - began
    if done.returncode:
        raise Failed(done.stdout[-2000:])
    checksum.demand_same(a, b, "work_order")
    return seconds
