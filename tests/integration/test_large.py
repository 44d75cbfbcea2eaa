"""One transaction larger than the budget, each way: whole, once, and within bounded memory.

MILLRACE_LARGE_ROWS: rows of that transaction (default 400,000; the full form is 5,000,000).
"""
import os
import threading
import time

import pytest

from harness.engine import _slow
from harness.servers import run
from harness.tables import TableDef

ROWS = int(os.environ.get("MILLRACE_LARGE_ROWS", "400000"))
MIB = 1 << 20
BULK = TableDef("bulk", "id bigint\nn integer\nbody varchar(60)", ["id"])

pytestmark = [pytest.mark.large, pytest.mark.limit(300 + ROWS // 3000)]
routes = pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "mysql-pg"], indirect=True)
plain_memory = pytest.mark.skipif("MILLRACE_PATIENCE" in os.environ,
                                  reason="a sanitizer's memory is not the engine's")


def insert_rows(connection, side, rows, first=0):
    if side.family == "postgres":
        run(connection, "INSERT INTO bulk SELECT g, g %% 1000, 'work order line number ' || g "
            "FROM generate_series(%s, %s) g", (first, first + rows - 1))
    elif side.server.engine == "mariadb":
        run(connection, "INSERT INTO bulk SELECT seq, seq % 1000, concat('work order line number ',"
            f" seq) FROM seq_{first}_to_{first + rows - 1}")
    else:
        for start in range(first, first + rows, 5000):
            values = ", ".join(f"({i}, {i % 1000}, 'work order line number {i}')"
                               for i in range(start, min(start + 5000, first + rows)))
            run(connection, f"INSERT INTO bulk VALUES {values}")


class Memory(threading.Thread):
    """The engine's largest resident size while the block runs."""

    def __init__(self, engine):
        super().__init__(daemon=True)
        self.engine, self.most, self.done = engine, 0, threading.Event()

    def run(self):
        while not self.done.wait(0.05):
            try:
                self.most = max(self.most, *self.engine.rss())
            except (OSError, KeyError):
                pass

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()


@plain_memory
@routes
def test_a_transaction_beyond_the_budget(world, route):
    for side in route:
        BULK.create(side)
    bridge = world.bridge(*route, tables=["bulk"], budget="16 MiB").start()
    with Memory(bridge.engine) as memory:
        with bridge.a.connect(autocommit=False) as c:
            insert_rows(c, bridge.a, ROWS)
            run(c, "UPDATE bulk SET n = -n WHERE id < 1000")
            run(c, "DELETE FROM bulk WHERE id >= 1000 AND id < 2000")
            c.commit()
        started = time.monotonic()
        bridge.drain(120 + ROWS / 5000)
        took = time.monotonic() - started
    with bridge.a.connect(autocommit=False) as c:
        run(c, "UPDATE bulk SET n = n + 1")
        c.commit()
    bridge.drain(120 + ROWS / 2000)
    if ROWS <= 1_000_000:
        bridge.prove()
    else:
        same_sums(bridge)
    print(f"{ROWS} rows in {took:.1f} s, {memory.most / MIB:.0f} MiB")
    assert memory.most < (16 + 32) * MIB, f"{memory.most / MIB:.0f} MiB with a budget of 16 MiB"


def same_sums(bridge):
    sums = []
    for side in (bridge.a, bridge.b):
        with side.connect() as c:
            sums.append([int(v) for v in run(
                c, "SELECT count(*), sum(id), sum(n), sum(length(body)) FROM bulk")[0]])
    assert sums[0] == sums[1]


@routes
def test_killed_inside_a_large_transaction(world, route):
    for side in route:
        BULK.create(side)
    bridge = world.bridge(*route, tables=["bulk"], budget="8 MiB").start()
    for n in range(3):
        with bridge.a.connect(autocommit=False) as c:
            insert_rows(c, bridge.a, 100_000, first=n * 1_000_000)
            c.commit()
        time.sleep((0.2 + 0.4 * n) * _slow())
        bridge.restart_after_kill()
    bridge.prove(120)


@plain_memory
@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_a_target_that_stands_still_holds_the_source_back_not_memory(world, route):
    for side in route:
        BULK.create(side)
    bridge = world.bridge(*route, tables=["bulk"], budget="8 MiB").start()
    bridge.drain()
    with bridge.b.connect(autocommit=False) as holder, Memory(bridge.engine) as memory:
        if bridge.b.family == "postgres":
            run(holder, "LOCK TABLE bulk IN ACCESS EXCLUSIVE MODE")
        else:
            run(holder, "LOCK TABLES bulk WRITE")
        with bridge.a.connect() as c:
            for n in range(20):
                insert_rows(c, bridge.a, 20_000, first=n * 20_000)
        time.sleep(6)
        status = bridge.engine.status()["a-b"]
        assert status["state"] not in ("failed", "stopped"), status
        holder.rollback()
        if bridge.b.family == "mysql":
            run(holder, "UNLOCK TABLES")
        bridge.drain(120)
    assert memory.most < (8 + 32) * MIB, f"{memory.most / MIB:.0f} MiB with a budget of 8 MiB"
    bridge.prove()


@pytest.mark.parametrize("route", ["maria-pg"], indirect=True)
@pytest.mark.parametrize("first_copy", ["none", "to_empty"])
def test_a_value_of_many_megabytes_among_many_small_rows(world, route, first_copy):
    """Enough rows for COPY, whose text form of the value has twice its bytes."""
    for side in route:
        TableDef("doc", "id integer\nbody bytea | longblob", ["id"]).create(side)
    bridge = world.bridge(*route, tables=["doc"], first_copy=first_copy)
    if first_copy == "none":
        bridge.start()
    with bridge.a.connect(autocommit=False) as c:
        run(c, "INSERT INTO doc VALUES " + ", ".join(f"({i}, '\\\\\\n')" for i in range(1, 700)))
        run(c, "INSERT INTO doc VALUES (1000, REPEAT('y', 40 * 1024 * 1024))")
        c.commit()
    if first_copy == "to_empty":
        bridge.start()
    bridge.prove()
