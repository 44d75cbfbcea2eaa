"""What a source's server does that a reader trips over: keys that are none."""
import pytest

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
