"""Ends of streams: a catch-up that ends with the log's last transaction, stops in odd moments."""
import signal
import time

import pytest

from harness.servers import run
from harness.tables import WORKLOAD
from harness.workload import create_tables

TABLES = [t.name for t in WORKLOAD]
ROUTES = ["pg-maria", "maria-pg", "mysql-pg"]
routes = pytest.mark.parametrize("route", ROUTES, indirect=True)
SMALL = {"copy_chunk_rows": 500, "copy_readers": 2}

pytestmark = pytest.mark.limit(180)


def fill(side, rows):
    with side.connect(autocommit=False) as c:
        for at in range(0, rows, 1000):
            values = ", ".join(f"({2 * i}, {i % 97}, 'n{i % 7}')" for i in range(at, at + 1000))
            run(c, f"INSERT INTO item (id, qty, name) VALUES {values}")
        c.commit()


def kill_in_copy(bridge):
    """Some chunks are done, some are not."""
    bridge.engine.start()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with bridge.b.connect() as c:
                if run(c, "SELECT 1 FROM millrace.chunk WHERE position IS NOT NULL"):
                    break
        except Exception:    # the tables are not there yet
            pass
        time.sleep(0.002)
    bridge.engine.kill()


@routes
def test_a_resumed_copy_needs_no_further_writes_on_the_source(world, route):
    """The catch-up ends at the very transaction that the source's log ends with."""
    create_tables(*route)
    fill(route[0], 60_000)
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", **SMALL)
    kill_in_copy(bridge)
    with bridge.a.connect() as c:
        run(c, "UPDATE item SET qty = -1 WHERE id = 4")
    bridge.start(60)
    bridge.prove()


@routes
def test_a_large_transaction_that_ends_beyond_the_view_is_written_once(world, route):
    """It lies in the log behind the view of a resumed copy, in pieces, with deletes in it."""
    create_tables(*route)
    fill(route[0], 60_000)
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", budget="8 MiB", **SMALL)
    kill_in_copy(bridge)
    with bridge.a.connect(autocommit=False) as c:
        bridge.engine.start()
        for i in range(40):
            run(c, "UPDATE item SET qty = qty + 1 WHERE MOD(id, 40) = %s", (i,))
        run(c, "DELETE FROM item WHERE MOD(id, 14) = 0")
        c.commit()
    bridge.engine.wait_streaming(seconds=60)
    bridge.prove()


@routes
def test_a_stop_during_a_catch_up_or_copy_is_not_lost(world, route):
    create_tables(*route)
    fill(route[0], 60_000)
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", **SMALL)
    kill_in_copy(bridge)
    for pause in (0.05, 0.15, 0.3, 0.5):
        bridge.engine.start()
        time.sleep(pause)
        bridge.engine.process.send_signal(signal.SIGTERM)
        bridge.engine.process.wait(20)
        bridge.engine.kill()
    bridge.start(60)
    bridge.prove()


@pytest.mark.parametrize("route", ["maria-pg", "mysql-pg"], indirect=True)
def test_ddl_is_passed_once_the_target_has_the_same_shape(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=[t.name for t in WORKLOAD]).start()
    with bridge.a.connect() as c:
        run(c, "INSERT INTO hot VALUES (1, 1)")
        run(c, "ALTER TABLE hot ADD COLUMN place varchar(20)")
        run(c, "INSERT INTO hot VALUES (2, 2, '仓库')")
    error = bridge.engine.wait_failed()
    assert error["code"] == "ddl" and error["position"], error
    with bridge.b.connect() as c:
        assert run(c, "SELECT count(*) FROM hot")[0][0] == 1
        run(c, "ALTER TABLE hot ADD COLUMN place varchar(20)")
    done = bridge.engine.command("skip", "a-b", "--position", error["position"])
    assert done.returncode == 0, done
    if not bridge.engine.running():
        bridge.start()
    bridge.engine.wait_streaming()
    with bridge.a.connect() as c:
        run(c, "UPDATE hot SET place = 'dock' WHERE id = 1")
    bridge.drain()
    with bridge.b.connect() as c:
        rows = run(c, "SELECT id, n, place FROM hot ORDER BY id")
        assert [tuple(r) for r in rows] == [(1, 1, "dock"), (2, 2, "仓库")]
