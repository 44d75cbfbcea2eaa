"""What a restart must notice: history that is gone, turned back, or read under other rules."""
import copy
import time

import pytest

from harness.servers import run
from harness.tables import WORKLOAD, TableDef
from harness.workload import Workload, create_tables

TABLES = [t.name for t in WORKLOAD]


def write(side, *statements):
    with side.connect(autocommit=False) as c:
        for s in statements:
            run(c, s)
        c.commit()


@pytest.fixture
def stopped(world, route):
    """Streamed a little, then stopped."""
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES).start()
    write(bridge.a, "INSERT INTO item (id, qty) VALUES (1, 1)")
    bridge.prove()
    bridge.engine.stop()
    return bridge


def turn_back(bridge, do):
    """The target as a backup from before `do` would have it."""
    with bridge.b.connect() as c:
        run(c, "CREATE TABLE kept_item AS SELECT * FROM item")
        run(c, "CREATE TABLE kept_probe AS SELECT * FROM probe")
        run(c, "CREATE TABLE kept_checkpoint AS SELECT * FROM millrace.checkpoint")
    do()
    with bridge.b.connect() as c:
        for name, kept in (("item", "kept_item"), ("probe", "kept_probe"),
                           ("millrace.checkpoint", "kept_checkpoint")):
            run(c, f"DELETE FROM {name}")
            run(c, f"INSERT INTO {name} SELECT * FROM {kept}")


def more_rows(bridge):
    def do():
        bridge.start()
        for i in range(10, 20):
            write(bridge.a, f"INSERT INTO item (id) VALUES ({i})")
        bridge.drain()
        bridge.engine.wait_log(".", 1)
        bridge.engine.stop()
    return do


@pytest.mark.parametrize("route", ["pg-maria", "pg-pg2"], indirect=True)
def test_a_target_restored_from_a_backup_is_refused_with_a_slot(stopped):
    """The slot has let go of what the target lost: a gap that nobody may step over."""
    turn_back(stopped, more_rows(stopped))
    stopped.engine.start()
    error = stopped.engine.wait_failed()
    assert error["code"] == "position_lost", error


@pytest.mark.parametrize("route", ["maria-pg", "mysql-pg"], indirect=True)
def test_a_target_restored_from_a_backup_goes_on_where_the_binlog_reaches_back(stopped):
    turn_back(stopped, more_rows(stopped))
    stopped.start()
    stopped.prove()


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_keep_log_lets_a_restored_target_resume(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES, keep_log="10 min").start()
    write(bridge.a, "INSERT INTO item (id, qty) VALUES (1, 1)")
    bridge.prove()
    bridge.engine.stop()
    turn_back(bridge, more_rows(bridge))
    bridge.start()
    bridge.prove()


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_a_lost_slot_is_refused(stopped):
    with stopped.a.connect() as c:
        run(c, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
            "WHERE database = current_database()")
    write(stopped.a, "INSERT INTO item (id) VALUES (5)")
    stopped.engine.start()
    error = stopped.engine.wait_failed()
    assert error["code"] == "position_lost" and "slot" in error["text"], error


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_an_invalidated_slot_is_noticed_within_seconds(stopped, world):
    """Running or not: the server threw away log that the link needs."""
    with stopped.a.connect() as c:
        run(c, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
        run(c, "SELECT pg_reload_conf()")
    try:
        with stopped.a.connect() as c:
            run(c, "CREATE TABLE fill (v text)")
            for _ in range(4):
                run(c, "INSERT INTO fill SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
                run(c, "SELECT pg_switch_wal()")
                run(c, "CHECKPOINT")
            assert run(c, "SELECT wal_status FROM pg_replication_slots "
                       "WHERE database = current_database()")[0][0] == "lost"
        stopped.engine.start()
        error = stopped.engine.wait_failed()
        assert error["code"] == "position_lost", error
    finally:
        with stopped.a.connect() as c:
            run(c, "ALTER SYSTEM RESET max_slot_wal_keep_size")
            run(c, "SELECT pg_reload_conf()")


@pytest.mark.parametrize("route", ["maria-pg", "mysql-pg"], indirect=True)
def test_a_purged_binlog_is_refused(stopped):
    with stopped.a.connect() as c:
        run(c, "INSERT INTO item (id) VALUES (5)")
        run(c, "FLUSH BINARY LOGS")
        run(c, "INSERT INTO item (id) VALUES (6)")
        run(c, "FLUSH BINARY LOGS")
        purge_all(c)
    stopped.engine.start()
    error = stopped.engine.wait_failed()
    assert error["code"] == "position_lost", error


def purge_all(c, seconds=30):
    """All but the last. A file that is still being sent, to the engine that has just ended, stays."""
    end = time.monotonic() + seconds
    while len(logs := [row[0] for row in run(c, "SHOW BINARY LOGS")]) > 1:
        assert time.monotonic() < end, logs
        run(c, f"PURGE BINARY LOGS TO '{logs[-1]}'")
        time.sleep(0.1)


@pytest.mark.parametrize("route", ["maria-pg", "mysql-pg"], indirect=True)
def test_a_source_that_was_set_back_is_refused(stopped):
    """Restored, or failed over to a server that had less: its log does not hold our position."""
    with stopped.a.connect() as c:
        run(c, "RESET MASTER" if stopped.a.server.engine == "mariadb"
            else "RESET BINARY LOGS AND GTIDS")
        run(c, "INSERT INTO item (id) VALUES (5)")
    stopped.engine.start()
    error = stopped.engine.wait_failed()
    assert error["code"] == "position_lost", error


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_a_changed_plan_is_refused_with_what_to_do(stopped):
    config = copy.deepcopy(stopped.engine.config)
    config.pop("millrace", None)
    link = config["links"][0]
    source, target = next((s, t) for s, t in link["tables"].items() if s.endswith(".item"))
    link["tables"][source] = {"to": target, "drop": ["note"]}
    stopped.engine.write(config)
    stopped.engine.start()
    error = stopped.engine.wait_failed()
    assert error["code"] == "plan_changed", error


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_the_same_plan_in_other_words_goes_on(stopped):
    config = copy.deepcopy(stopped.engine.config)
    config.pop("millrace", None)
    link = config["links"][0]
    link["tables"] = {s: {"to": t} for s, t in reversed(link["tables"].items())}
    link["apply_ms"] = 200
    stopped.engine.write(config)
    stopped.start()
    write(stopped.a, "INSERT INTO item (id) VALUES (5)")
    stopped.prove()


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_a_renamed_link_says_what_it_was(stopped):
    config = copy.deepcopy(stopped.engine.config)
    config.pop("millrace", None)
    config["links"][0].update(name="new-name", was="a-b")
    stopped.engine.write(config)
    write(stopped.a, "INSERT INTO item (id) VALUES (5)")
    stopped.name = "new-name"
    stopped.start()
    stopped.prove()


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_a_pair_of_renamed_systems_says_what_they_were(world, route):
    """Slot and publication keep the names that they were made under."""
    create_tables(*route)
    with route[0].connect() as c:
        for t in TABLES:
            run(c, f"ALTER TABLE {t} REPLICA IDENTITY FULL")
    bridge = world.bridge(*route, tables=TABLES, ways="both").start()
    bridge.prove()
    bridge.engine.stop()
    config = copy.deepcopy(bridge.engine.config)
    config.pop("millrace", None)
    config["systems"] = {"erp": config["systems"]["a"], "mes": config["systems"]["b"]}
    config["links"][0].update(between=["erp", "mes"], was=["a", "b"], first_copy="none")
    bridge.engine.write(config)
    write(bridge.a, "INSERT INTO item (id) VALUES (5)")
    write(bridge.b, "INSERT INTO item (id) VALUES (6)")
    bridge.start()
    bridge.prove()
    with route[0].connect() as c:
        assert run(c, "SELECT slot_name FROM pg_replication_slots "
                   "WHERE database = current_database()") == [("millrace_a_b",)]


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_another_source_under_the_same_name_is_refused(stopped, world):
    other = world.side("pg", tag="other")
    create_tables(other)
    TableDef("probe", "id bigint", ["id"]).create(other)
    config = copy.deepcopy(stopped.engine.config)
    config.pop("millrace", None)
    config["systems"]["a"]["postgresql"] = \
        f"host=127.0.0.1 port={other.server.port} dbname={other.database}"
    stopped.engine.write(config)
    stopped.engine.start()
    stopped.engine.wait_failed()


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "mysql-pg"], indirect=True)
def test_many_restarts_leave_nothing_behind(stopped):
    Workload(stopped.a).prepare()
    for i in range(5):
        with Workload(stopped.a, writers=1, seed=i, pause=0) as load:
            load.wait_transactions(10)
            stopped.start()
            load.wait_transactions(10)
        stopped.drain()
        stopped.engine.stop()
    stopped.start()
    stopped.prove()
