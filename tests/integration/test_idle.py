"""An idle link: its source may throw its log away, and nothing is written for nothing."""
import time

import pytest

from harness.engine import _slow
from harness.proxy import Proxy
from harness.servers import run
from harness.tables import WORKLOAD, TableDef
from harness.workload import create_tables

TABLES = [t.name for t in WORKLOAD]


def wait_until(what, seconds, message):
    end = time.monotonic() + seconds * _slow()
    while not what():
        assert time.monotonic() < end, message()
        time.sleep(0.2)


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_the_slot_of_an_idle_link_advances(world, route):
    """Others write; the mapped tables stand still; the log must not pile up. PostgreSQL tells only
    how far its log is, not whether anything of it matters: so only each 16 MiB move the position."""
    create_tables(*route)
    TableDef("elsewhere", "id integer\nv text", ["id"]).create(route[0])
    bridge = world.bridge(*route, tables=TABLES, idle_checkpoint="1 s").start()
    bridge.drain()
    with route[0].connect() as c:
        for i in range(20):
            run(c, "INSERT INTO elsewhere SELECT g, repeat('x', 1000) "
                "FROM generate_series(%s, %s) g", (i * 1000, i * 1000 + 999))
        goal = run(c, "SELECT pg_current_wal_lsn()")[0][0]

        def passed():
            return run(c, "SELECT bool_and(confirmed_flush_lsn >= %s) FROM pg_replication_slots "
                       "WHERE database = current_database()", (goal,))[0][0]

        wait_until(passed, 20, lambda: str(run(c, "SELECT * FROM pg_replication_slots")))


@pytest.mark.parametrize("route", ["maria-pg", "mysql-pg"], indirect=True)
def test_the_position_of_an_idle_link_moves_past_other_tables(world, route):
    create_tables(*route)
    TableDef("elsewhere", "id integer", ["id"]).create(route[0])
    bridge = world.bridge(*route, tables=TABLES, idle_checkpoint="1 s").start()
    bridge.drain()
    before = bridge.checkpoint()
    with route[0].connect() as c:
        for i in range(20):
            run(c, "INSERT INTO elsewhere VALUES (%s)", (i,))
    wait_until(lambda: bridge.checkpoint()[1] != before[1], 20, lambda: str(bridge.checkpoint()))


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_what_is_acknowledged_is_durable_in_the_target(world, route):
    """While the target stands still, the slot must not pass the checkpoint."""
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES).start()
    bridge.drain()
    with route[1].connect(autocommit=False) as holder:
        run(holder, "LOCK TABLES item WRITE, millrace.checkpoint READ")
        with route[0].connect() as c:
            for i in range(200):
                run(c, "INSERT INTO item (id) VALUES (%s)", (i,))
            time.sleep(12)  # a status goes out every 10 s
            position = run(holder, "SELECT position FROM millrace.checkpoint "
                           "ORDER BY seq DESC LIMIT 1")[0][0]
            position = position if isinstance(position, str) else position.decode()
            assert run(c, "SELECT bool_and(confirmed_flush_lsn <= %s) FROM pg_replication_slots "
                       "WHERE database = current_database()", (position,))[0][0], \
                "acknowledged beyond the checkpoint"
        run(holder, "UNLOCK TABLES")
    bridge.prove()


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_what_came_with_the_first_answer_waits_for_nothing_more(world, route):
    """The last transactions before a start may come in one piece with the answer that opens the
    stream; on a quiet source nothing follows them."""
    a, b = route
    create_tables(a, b)
    with Proxy("127.0.0.1", a.server.port) as proxy:
        bridge = world.bridge(a, b, tables=TABLES, a_port=proxy.port).start()
        bridge.drain()
        for i in range(3):
            bridge.engine.stop()
            with a.connect() as c:
                run(c, "INSERT INTO item (id) VALUES (%s)", (i,))
            proxy.gather_when(b"START_REPLICATION")
            bridge.start()
            with b.connect() as c:
                wait_until(lambda: run(c, "SELECT count(*) FROM item WHERE id = %s", (i,))[0][0],
                           2, bridge.engine.tail)


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_an_idle_engine_uses_no_processor(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES, ways="both").start()
    bridge.drain()
    time.sleep(2)
    before = processor_seconds(bridge.engine.process.pid)
    time.sleep(5)
    used = processor_seconds(bridge.engine.process.pid) - before
    assert used < 0.25, f"{used:.2f} s of processor time in 5 idle seconds"


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "pg-mysql", "pg-pg2"], indirect=True)
def test_the_checkpoint_table_stays_small(world, route):
    """Old rows go: each thousandth checkpoint trims."""
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES).start()
    with route[0].connect() as c:
        for i in range(3000):
            run(c, "INSERT INTO journal VALUES (1, %s, 'x')", (i,))
            if i % 10 == 9:
                time.sleep(0.001)
    bridge.prove()
    with route[1].connect() as c:
        rows = run(c, "SELECT count(*) FROM millrace.checkpoint")[0][0]
    assert rows < 2500, rows


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_status_tells_lag_and_position(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES).start()
    with route[0].connect() as c:
        run(c, "INSERT INTO item (id) VALUES (1)")
    bridge.drain()
    status = bridge.engine.status()["a-b"]
    assert status["position"] and status["rows"] >= 2 and status["transactions"] >= 2
    assert status["lag_ms"] is None or 0 <= status["lag_ms"] < 10_000
