"""What a source's server does that a reader trips over: keys that are none, logs that are cut."""
import os
import time

import pytest

from harness import servers
from harness.servers import run
from harness.tables import PROBE

pytestmark = pytest.mark.limit(120)


def create(side, *statements):
    with side.connect() as c:
        for sql in statements:
            run(c, sql)


def rows_of(side, sql):
    with side.connect() as c:
        return [tuple(r) for r in run(c, sql)]


@pytest.fixture
def own_server(root, park):
    """A server of the test's own, that may be killed and whose log may be cut."""
    with servers.MariaDB(root, "own", {"server-id": 77, "gtid-strict-mode": "OFF"}) as server:
        park.running["own"] = server
        yield server
        del park.running["own"]


@pytest.fixture
def own_maria(own_server, world):
    return world.side(own_server.name)


# -- PostgreSQL


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_a_deferrable_key_is_not_published_without_full_rows(world, route):
    """It is no identity to PostgreSQL, which would refuse the applications' updates."""
    create(route[0], "CREATE TABLE d (id int PRIMARY KEY DEFERRABLE, v int)")
    create(route[1], "CREATE TABLE d (id int PRIMARY KEY, v int)")
    bridge = world.bridge(*route, tables=["d"])
    bridge.engine.start()
    assert "REPLICA IDENTITY FULL" in bridge.engine.wait_failed()["text"]
    bridge.engine.wait_end()
    create(route[0], "INSERT INTO d VALUES (1, 1)", "UPDATE d SET v = 2")
    done = bridge.engine.command("check")
    assert done.returncode == 2 and "its key is DEFERRABLE" in done.stdout, done.stdout
    create(route[0], "ALTER TABLE d REPLICA IDENTITY FULL")
    bridge.start()
    create(route[0], "INSERT INTO d VALUES (2, 2)", "DELETE FROM d WHERE id = 2")
    bridge.drain()


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_keys_that_change_places_in_one_statement_arrive_so(world, route):
    create(route[0], "CREATE TABLE d (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v int)",
           "ALTER TABLE d REPLICA IDENTITY FULL")
    create(route[1], "CREATE TABLE d (id int PRIMARY KEY, v int)")
    bridge = world.bridge(*route, tables=["d"]).start()
    create(route[0], "INSERT INTO d VALUES (1, 10), (2, 20), (3, 30)",
           "UPDATE d SET id = CASE id WHEN 1 THEN 2 WHEN 2 THEN 3 ELSE 1 END")
    bridge.prove()


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_the_publication_stays_while_a_slot_of_any_name_needs_it(world, route):
    named = world.bridge(*route, tables=[], slot="orders").start()
    third = world.side("maria2")
    PROBE.create(third)
    other = world.bridge(route[0], third, tables=[], create_probe=False)
    other.engine.write({**other.engine.config,
                        "links": [{**other.engine.config["links"][0], "name": "a-c"}]})
    other.engine.start()
    other.engine.wait_streaming("a-c")
    other.engine.stop()
    assert other.engine.command("remove", "a-c", "--yes").returncode == 0
    named.prove()
    named.engine.stop()
    assert named.engine.command("remove", "a-b", "--yes").returncode == 0
    assert rows_of(route[0], "SELECT pubname FROM pg_publication") == []


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_how_partitions_are_published_matters_to_partitioned_tables_alone(world, route):
    create(route[0], "CREATE TABLE e (id int PRIMARY KEY)", "CREATE PUBLICATION mine FOR TABLE e")
    create(route[1], "CREATE TABLE e (id int PRIMARY KEY)")
    bridge = world.bridge(*route, tables=["e"], publication="mine").start()
    create(route[0], "INSERT INTO e VALUES (1)")
    bridge.prove()
    bridge.engine.stop()
    assert bridge.engine.command("check").returncode == 0

    create(route[0], "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)",
           "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)")
    create(route[1], "CREATE TABLE p (id int PRIMARY KEY)")
    bridge = world.bridge(*route, tables=["e", "p"], publication="mine", create_probe=False)
    done = bridge.engine.command("check")
    assert done.returncode == 2 and "publish_via_partition_root" in done.stdout, done.stdout
    bridge.engine.start()
    assert "publish_via_partition_root" in bridge.engine.wait_failed()["text"]


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_check_and_run_agree_on_partitions_with_an_identity_of_their_own(world, route):
    create(route[0], "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)",
           "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)",
           "ALTER TABLE p1 REPLICA IDENTITY FULL")
    create(route[1], "CREATE TABLE p (id int PRIMARY KEY)")
    bridge = world.bridge(*route, tables=["p"])
    done = bridge.engine.command("check")
    assert done.returncode == 2 and "partition public.p1" in done.stdout, done.stdout
    bridge.engine.start()
    assert "REPLICA IDENTITY" in bridge.engine.wait_failed()["text"]


# -- MySQL and MariaDB


@pytest.mark.parametrize("route", ["mysql-pg"], indirect=True)
def test_check_and_run_agree_on_commits_out_of_order(world, route):
    bridge = world.bridge(*route, tables=[])
    create(route[0], "SET GLOBAL binlog_order_commits = OFF")
    world.defer(lambda: create(route[0], "SET GLOBAL binlog_order_commits = ON"))
    done = bridge.engine.command("check")
    assert done.returncode == 2 and "binlog_order_commits = ON" in done.stdout, done.stdout
    bridge.engine.start()
    assert "binlog_order_commits" in bridge.engine.wait_failed()["text"]


def test_a_number_that_goes_back_is_not_written_twice(own_maria, world):
    """Out of order, a position cannot say whether the transaction is still to come."""
    target = world.side("pg")
    for side in (own_maria, target):
        create(side, "CREATE TABLE j (v int)")
    bridge = world.bridge(own_maria, target, tables=["j"]).start()
    create(own_maria, "INSERT INTO j VALUES (1)")
    bridge.drain()
    with own_maria.connect() as c:
        run(c, "SET gtid_seq_no = 2")
        run(c, "INSERT INTO j VALUES (2)")
        assert "gtid_strict_mode" in bridge.engine.wait_failed()["text"]
        run(c, "INSERT INTO j VALUES (3)")
    bridge.engine.wait_end()
    bridge.engine.start()
    bridge.engine.wait_failed()
    assert rows_of(target, "SELECT v FROM j") == [(1,)]


def log_of(side):
    with side.connect() as c:
        name = run(c, "SHOW MASTER STATUS")[0][0]
        return name, [e[1] for e in run(c, f"SHOW BINLOG EVENTS IN '{name}'")]


@pytest.mark.parametrize("cut", [0, 10], ids=["between_events", "in_an_event"])
def test_a_transaction_that_a_crash_cut_off_in_the_log_is_none(own_maria, world, cut):
    target = world.side("pg")
    for side in (own_maria, target):
        create(side, "CREATE TABLE j (v int)")
    bridge = world.bridge(own_maria, target, tables=["j"]).start()
    bridge.drain()
    bridge.engine.stop()
    create(own_maria, "INSERT INTO j VALUES (0)", "INSERT INTO j VALUES (1)")
    name, starts = log_of(own_maria)
    own_maria.server.kill()
    with open(os.path.join(own_maria.server.data, name), "r+b") as f:
        f.truncate(starts[-1] - cut)    # the last event is the transaction's XID
    own_maria.server.start()
    create(own_maria, "INSERT INTO j VALUES (2)")
    bridge.start()
    bridge.drain()
    assert rows_of(target, "SELECT v FROM j ORDER BY v") == [(0,), (2,)]
