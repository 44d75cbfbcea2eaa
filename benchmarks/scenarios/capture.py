"""Capture alone: a log that is already written, read and decoded into the null sink, which adds up
every value; against programs that read the same log and look at no value.

The sums must equal those of a SELECT: inserts first, then updates and deletes, each row once."""
import os
import re
import shutil
import subprocess
import time

from bench import checksum
from bench.machine import program
from bench.meter import Memory, cpu_seconds
from bench.rows import WORK_ORDER, change, load
from bench.scenario import Failed, NotHad, scenario
from bench.status import wait_rows
from harness.engine import Engine, system
from harness.servers import PASSWORD, USER, MySQL, run
from harness.tables import full_name

ROWS, PER_TRANSACTION = 2_000_000, 1000
SLOT, PUBLICATION = "bench", "bench"


class Part:
    """A piece of the log: where it begins, how many changes, and what they must add up to."""

    def __init__(self, name, changes, begins):
        self.name, self.changes, self.begins = name, changes, begins
        self.new = self.old = self.size = None


@scenario("capture-{0}", "capture to the null sink, {0}", each=[("maria",), ("mysql",)])
def capture_binlog(bench, name):
    side = bench.side(name)
    for part in written(bench, side, Binlog(side)):
        runs = bench.interleave(
            millrace=lambda: millrace(bench, side, part, {"from": part.begins[0]}),
            raw=lambda: raw_reader(bench, side, part))
        goal = 0.5 if part.name == "inserts" else None
        bench.metric(f"log read, {part.name}", "MB/s",
                     [part.size / r["seconds"] / 1e6 for r in runs["millrace"]],
                     "mysqlbinlog --raw" if name == "mysql" else "mariadb-binlog --raw",
                     [part.size / s / 1e6 for s in runs["raw"]], goal)
        tell_cost(bench, part, runs["millrace"])


@scenario("capture-pg", "capture to the null sink, PostgreSQL")
def capture_pg(bench):
    side = bench.side("pg")
    for part in written(bench, side, Slots(side)):
        runs = bench.interleave(
            millrace=lambda: with_slot(side, part, lambda s: millrace(
                bench, side, part, {}, slot=s, publication=PUBLICATION)),
            loop=lambda: with_slot(side, part, lambda s: bare_loop(side, part, s)),
            pg_recvlogical=lambda: with_slot(side, part, lambda s: recvlogical(side, part, s)))
        rates = [part.changes / r["seconds"] for r in runs["millrace"]]
        first = part.name == "inserts"
        bench.metric(f"capture, {part.name}", "rows/s", rates, "libpq loop",
                     [part.changes / s for s in runs["loop"]], 0.9 if first else None)
        bench.metric(f"capture, {part.name}", "rows/s", rates, "pg_recvlogical",
                     [part.changes / s for s in runs["pg_recvlogical"]], 1.3 if first else None)
        tell_cost(bench, part, runs["millrace"])


def tell_cost(bench, part, runs):
    """No goals here, but these are what a change of the decoder shows in."""
    seconds = sorted(r["cpu"] for r in runs)[len(runs) // 2]
    bench.note(f"{part.name}: engine {seconds / part.changes * 1e6:.2f} CPU s per million rows, "
               f"at most {max(r['peak'] for r in runs):.0f} MiB")


# -- the log


def written(bench, side, places):
    """Writes both parts and gives them, one after the other."""
    rows = bench.scaled(ROWS)
    WORK_ORDER.create(side)
    places.prepare()
    part = Part("inserts", rows, places.here("inserts"))
    load(side, 1, rows, PER_TRANSACTION)
    part.new, part.old = checksum.whole_rows(side, "work_order", "true"), 0
    places.ends(part)
    yield part

    updated, deleted = f"id <= {rows // 10}", f"id > {rows - rows // 20}"
    part = Part("updates and deletes", rows // 10 + rows // 20, places.here("changes"))
    full = side.family != "postgres"      # PostgreSQL logs the key of an old row only
    part.old = checksum.whole_rows(side, "work_order", f"{updated} OR {deleted}") if full \
        else checksum.keys(side, "work_order", deleted)
    change(side, "UPDATE work_order SET qty = qty + 1, status = 'held', changed_at = '2026-02-03'",
           1, rows // 10, PER_TRANSACTION)
    change(side, "DELETE FROM work_order", rows - rows // 20 + 1, rows // 20, PER_TRANSACTION)
    part.new = checksum.whole_rows(side, "work_order", updated)
    places.ends(part)
    yield part


class Binlog:
    """A part begins in a file of its own: (position, file)."""

    def __init__(self, side):
        self.side = side
        self.variable = "gtid_binlog_pos" if side.server.engine == "mariadb" else "gtid_executed"

    def prepare(self):
        pass

    def here(self, _):
        with self.side.connect() as c:
            run(c, "FLUSH BINARY LOGS")
            return (run(c, f"SELECT @@global.{self.variable}")[0][0].replace("\n", ""),
                    run(c, "SHOW BINARY LOGS")[-1][0])

    def ends(self, part):
        with self.side.connect() as c:
            files = {r[0]: r[1] for r in run(c, "SHOW BINARY LOGS")}
        part.size = sum(size for name, size in files.items() if name >= part.begins[1])


class Slots:
    """A part begins where a slot of its own stands; readers get copies of it."""

    def __init__(self, side):
        self.side = side

    def prepare(self):
        with self.side.connect() as c:
            run(c, f"CREATE PUBLICATION {PUBLICATION} FOR TABLE work_order "
                "WITH (publish_via_partition_root)")

    def here(self, name):
        with self.side.connect() as c:
            run(c, "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (name,))
        return name

    def ends(self, part):
        with self.side.connect() as c:
            part.ends = run(c, "SELECT pg_current_wal_lsn()")[0][0]
            # pg_recvlogical ends beyond this place, not at it
            run(c, "SELECT pg_logical_emit_message(true, 'bench', 'the end')")


def with_slot(side, part, use):
    with side.connect() as c:
        run(c, "SELECT pg_copy_logical_replication_slot(%s, %s)", (part.begins, SLOT))
        try:
            return use(SLOT)
        finally:
            drop_slot(c, SLOT)


def drop_slot(c, slot):
    while run(c, "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND active", (slot,)):
        time.sleep(0.02)
    run(c, "SELECT pg_drop_replication_slot(%s)", (slot,))


# -- Millrace


def millrace(bench, side, part, null, **link):
    table = full_name(side, "work_order")
    engine = Engine(bench.directory("null"), {
        "systems": {"a": system(side), "nil": {"null": null}},
        "links": [{"name": "a-nil", "from": "a", "to": "nil", "first_copy": "none",
                   "tables": {table: table}, **link}]})
    began = time.monotonic()
    engine.start()
    try:
        with Memory(engine.process.pid, every=0.02) as memory:
            seconds = wait_rows(engine, "a-nil", part.changes) - began
        cpu = cpu_seconds(engine.process.pid)
        engine.stop()
    finally:
        engine.kill()
    prove(part, engine)
    return {"seconds": seconds, "cpu": cpu, "peak": memory.peak / 2**20}


def prove(part, engine):
    said = re.search(r"null sink closed.* new=(\w+) old=(\w+)", engine.log())
    wanted = (f"{part.new:016x}", f"{part.old:016x}")
    if said.groups() != wanted:
        raise Failed(f"{part.name}: the null sink's sums {said.groups()} are not those of a "
                     f"SELECT, {wanted}: values were lost or garbled on the way")


# -- anchors: each gives its seconds


def raw_reader(bench, side, part):
    directory = bench.directory("raw") + "/"
    if side.server.engine == "mysql":
        command = [f"{MySQL.find()}/bin/mysqlbinlog", "--get-server-public-key"]
    else:
        command = ["mariadb-binlog"]
    command += ["--no-defaults"] if side.server.engine == "mariadb" else []
    command += ["--read-from-remote-server", "--raw", "--host=127.0.0.1",
                f"--port={side.server.port}", f"--user={USER}", f"--password={PASSWORD}",
                f"--result-file={directory}", "--to-last-log", part.begins[1]]
    if not shutil.which(command[0]):
        raise NotHad(f"{command[0]} is not here")
    seconds = timed(command)
    read = sum(os.path.getsize(directory + f) for f in os.listdir(directory))
    if read < part.size:
        raise Failed(f"{command[0]} read {read} bytes of {part.size}")
    return seconds


def conninfo(side):
    return (f"host=127.0.0.1 port={side.server.port} dbname={side.database} user={USER} "
            f"password={PASSWORD}")


def bare_loop(side, part, slot):
    return timed([program("bench_pg_loop"), conninfo(side) + " replication=database", slot,
                  PUBLICATION, str(part.changes)])


def recvlogical(side, part, slot):
    if not shutil.which("pg_recvlogical"):
        raise NotHad("pg_recvlogical is not here")
    return timed(["pg_recvlogical", "-d", conninfo(side), "--slot", slot, "--start", "--no-loop",
                  "-f", "/dev/null", "-o", "proto_version=1", "-o",
                  f"publication_names={PUBLICATION}", f"--endpos={part.ends}"])


def timed(command):
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds = time.monotonic() - began
    if done.returncode:
        raise Failed(f"{command[0]}: {done.stderr}")
    return seconds
