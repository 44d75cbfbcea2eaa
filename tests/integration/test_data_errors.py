"""Data that the target cannot hold stops that link exactly before it; a person decides."""
import time

import pytest

from harness.servers import run
from harness.tables import JOURNAL, WORKLOAD, TableDef
from harness.workload import create_tables

TABLES = [t.name for t in WORKLOAD]
two_routes = pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
all_routes = pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "pg-pg2", "pg-mysql",
                                               "mysql-pg"], indirect=True)


def write(side, *statements):
    with side.connect(autocommit=False) as c:
        for s in statements:
            run(c, s)
        c.commit()


def one(side, sql):
    with side.connect() as c:
        return run(c, sql)[0][0]


@pytest.fixture
def pair(world, route):
    """Both ways, so that one link runs on when the other stops."""
    create_tables(*route)
    for side in route:
        if side.family == "postgres":
            with side.connect() as c:
                for t in TABLES:
                    run(c, f"ALTER TABLE {t} REPLICA IDENTITY FULL")
    bridge = world.bridge(*route, tables=TABLES, ways="both").start()
    write(bridge.a, "INSERT INTO item (id, qty) VALUES (1, 1), (2, 2), (3, 3)")
    bridge.prove()
    return bridge


SPOILS = {
    "an insert meets a row": ("INSERT INTO item (id, qty) VALUES (9, 90)",
                              "INSERT INTO item (id, qty) VALUES (9, 9)", "9"),
    "an update misses its row": ("DELETE FROM item WHERE id = 2",
                                 "UPDATE item SET qty = 20 WHERE id = 2", "2"),
    "a delete misses its row": ("DELETE FROM item WHERE id = 3", "DELETE FROM item WHERE id = 3",
                                "3"),
}


@all_routes
@pytest.mark.parametrize("case", SPOILS)
def test_a_row_that_drifted_stops_its_link_alone(pair, case):
    """Behind the engine's back the target's row is another (written unseen by the other link:
    marked as ours, as a repair by hand would be)."""
    spoil, change, key = SPOILS[case]
    unseen(pair, spoil)
    seq = pair.checkpoint()
    write(pair.a, change)
    error = pair.engine.wait_failed("a-b")
    assert "item" in error["text"] and key in error["text"], error
    assert error["position"], error
    assert pair.checkpoint()[1] == seq[1] or pair.checkpoint()[0] >= seq[0]
    # the other link goes on
    write(pair.b, "INSERT INTO item (id, qty) VALUES (100, 1)")
    end = time.monotonic() + 20
    while one(pair.a, "SELECT count(*) FROM item WHERE id = 100") == 0:
        assert time.monotonic() < end, pair.engine.tail()
        time.sleep(0.05)
    # nothing passes the bad one
    write(pair.a, "INSERT INTO item (id, qty) VALUES (50, 5)")
    time.sleep(0.5)
    assert one(pair.b, "SELECT count(*) FROM item WHERE id = 50") == 0
    # past it, by decision, and it is kept
    done = pair.engine.command("skip", "a-b", "--position", error["position"])
    assert done.returncode == 0, done
    pair.engine.wait_streaming("a-b")
    pair.drain()
    assert one(pair.b, "SELECT count(*) FROM item WHERE id = 50") == 1
    assert one(pair.b, "SELECT count(*) FROM millrace.held") == 1


def unseen(bridge, sql):
    """A change on b that the link b-a does not carry back: it bears the mark of a's path."""
    path = one(bridge.b, "SELECT path FROM millrace.checkpoint ORDER BY at DESC, seq DESC LIMIT 1")
    path = path if isinstance(path, str) else path.decode()
    with bridge.b.connect(autocommit=False) as c:
        if bridge.b.family == "postgres":
            run(c, "SELECT pg_logical_emit_message(true, 'millrace', %s)",
                (f"1 4711 0 {time.time_ns() // 1000} {path}",))
        else:
            run(c, "INSERT INTO millrace.checkpoint (link, lane, seq, writer, position, root, "
                "path, plan) VALUES (4711, 0, %s, 1, 'x', 'x', %s, REPEAT('x', 32))",
                (time.time_ns() // 1000, path))
        run(c, sql)
        c.commit()


CONSTRAINED = TableDef("strict_", "id integer\nqty integer\ncode varchar(10)", ["id"])


@two_routes
@pytest.mark.parametrize("rule,row,word", [
    ("CHECK (qty > 0)", "(5, -1, 'a')", "strict_"),
    ("UNIQUE (code)", "(5, 1, 'dup')", "strict_"),
])
def test_a_constraint_of_the_target_stops_the_link_before_that_transaction(world, route, rule, row,
                                                                           word):
    CONSTRAINED.create(route[0])
    TableDef("strict_", "id integer\nqty integer\ncode varchar(10)", ["id"],
             more=[rule]).create(route[1])
    JOURNAL.create(route[0])
    JOURNAL.create(route[1])
    bridge = world.bridge(*route, tables=["strict_", "journal"])
    bridge.start()
    write(bridge.a, "INSERT INTO strict_ VALUES (1, 1, 'dup')")
    bridge.prove()
    bridge.engine.stop()
    # good, bad, good: one batch for the engine, three transactions for us
    write(bridge.a, "INSERT INTO journal VALUES (1, 1, 'before')")
    write(bridge.a, f"INSERT INTO strict_ VALUES {row}", "INSERT INTO journal VALUES (1, 2, 'in')")
    write(bridge.a, "INSERT INTO journal VALUES (1, 3, 'after')")
    bridge.engine.start()
    error = bridge.engine.wait_failed()
    assert word in error["text"] and "5" in error["text"], error
    bridge.engine.close()
    assert numbers(bridge.b) == [1], "what came before is there, nothing of or after the bad one"
    done = bridge.engine.command("skip", "a-b", "--position", error["position"])
    assert done.returncode == 0, done
    bridge.start()
    bridge.drain()
    assert numbers(bridge.b) == [1, 3]
    assert one(bridge.b, "SELECT count(*) FROM millrace.held") == 2


def numbers(side):
    with side.connect() as c:
        return sorted(r[0] for r in run(c, "SELECT n FROM journal"))


@two_routes
def test_a_value_that_does_not_fit_is_refused_not_cut(world, route):
    wide = TableDef("fit", "id integer\nt varchar(50)\nn bigint\nd numeric(12,4) | decimal(12,4)",
                    ["id"])
    narrow = TableDef("fit", "id integer\nt varchar(5)\nn integer\nd numeric(6,2) | decimal(6,2)",
                      ["id"])
    wide.create(route[0])
    narrow.create(route[1])
    bridge = world.bridge(*route, tables=["fit"]).start()
    write(bridge.a, "INSERT INTO fit VALUES (1, 'short', 5, 1.50)")
    bridge.prove()
    for i, values in enumerate(["'too long for it', 5, 1.5", "'a', 5000000000, 1.5",
                                "'a', 5, 1.505"], start=2):
        write(bridge.a, f"INSERT INTO fit VALUES ({i}, {values})")
        error = bridge.engine.wait_failed()
        assert "fit" in error["text"] and error["position"], error
        bridge.engine.close()
        done = bridge.engine.command("skip", "a-b", "--position", error["position"])
        assert done.returncode == 0, done
        bridge.start()
    bridge.drain()
    assert one(bridge.b, "SELECT count(*) FROM fit") == 1
    assert one(bridge.b, "SELECT count(*) FROM millrace.held") == 3


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_a_skip_without_a_process_is_done_whatever_comes_next(world, route):
    """The next transaction may be just as bad: that is the next command's."""
    write(route[0], "CREATE TABLE fit (id integer PRIMARY KEY, v text)")
    write(route[1], "CREATE TABLE fit (id integer PRIMARY KEY, v varchar(5))")
    bridge = world.bridge(*route, tables=["fit"]).start()
    bridge.drain()
    bridge.engine.stop()
    with bridge.a.connect() as c:
        for i in range(8):
            run(c, "INSERT INTO fit VALUES (%s, 'too long for it')", (i,))
    bridge.engine.start()
    for i in range(8):
        position = bridge.engine.wait_failed("a-b")["position"]
        bridge.engine.wait_end()
        done = bridge.engine.command("skip", "a-b", "--position", position)
        assert done.returncode == 0 and "skipped" in done.stdout, done
        bridge.engine.start()
    bridge.drain()
    assert one(bridge.b, "SELECT count(*) FROM millrace.held") == 8


@two_routes
def test_skip_demands_the_position_of_the_failed_transaction(pair):
    unseen(pair, SPOILS["an insert meets a row"][0])
    write(pair.a, SPOILS["an insert meets a row"][1])
    error = pair.engine.wait_failed("a-b")
    wrong = "0/1" if pair.a.family == "postgres" else "0-99-1"
    done = pair.engine.command("skip", "a-b", "--position", wrong)
    assert done.returncode == 3 and "nothing was skipped" in done.stderr, done
    error = pair.engine.wait_failed("a-b")
    assert one(pair.b, "SELECT qty FROM item WHERE id = 9") == 90
    assert one(pair.b, "SELECT count(*) FROM millrace.held") == 0
    assert error["position"]


@pytest.mark.parametrize("route", ["maria-pg", "mysql-pg"], indirect=True)
def test_a_statement_in_the_log_instead_of_rows_stops_the_link(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES).start()
    with bridge.a.connect() as c:
        run(c, "SET SESSION binlog_format = 'STATEMENT'")
        run(c, "INSERT INTO item (id, qty) VALUES (1, 1)")
    error = bridge.engine.wait_failed()
    assert "STATEMENT" in error["text"].upper(), error


@pytest.mark.parametrize("route", ["maria-pg", "mysql-pg"], indirect=True)
def test_a_partial_row_image_stops_the_link(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES).start()
    with bridge.a.connect() as c:
        run(c, "INSERT INTO item (id, qty, name) VALUES (1, 1, 'x')")
        bridge.drain()
        run(c, "SET SESSION binlog_row_image = 'MINIMAL'")
        run(c, "UPDATE item SET qty = 2 WHERE id = 1")
    error = bridge.engine.wait_failed()
    assert "image" in error["text"].lower(), error


@pytest.mark.parametrize("route", ["maria-pg"], indirect=True)
def test_xa_on_a_mapped_table_stops_the_link(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES).start()
    with bridge.a.connect() as c:
        for sql in ("XA START 'x'", "INSERT INTO item (id) VALUES (1)", "XA END 'x'",
                    "XA PREPARE 'x'", "XA COMMIT 'x'"):
            run(c, sql)
    error = bridge.engine.wait_failed()
    assert "XA" in error["text"], error


@pytest.mark.parametrize("route", ["maria-pg"], indirect=True)
def test_an_error_that_quotes_half_a_character_can_be_shown(world, route):
    """PostgreSQL's detail quotes the key, and is cut where it is long."""
    text = "'a" + "é" * 500 + "'"
    for side in route:
        TableDef("name", "id integer\nv varchar(600)", ["id"]).create(side)
    write(route[1], "ALTER TABLE name ADD UNIQUE (v)")
    bridge = world.bridge(*route, tables=["name"], ways="both").start()
    write(route[1], f"INSERT INTO name VALUES (1, {text})")
    bridge.prove()
    write(route[0], f"INSERT INTO name VALUES (2, {text})")
    error = bridge.engine.wait_failed("a-b")
    assert error["code"] == "unique_violation" and "é" in error["text"], error
    assert bridge.engine.status()["b-a"]["state"] == "streaming"
