"""A small transaction goes to MySQL and MariaDB as one packet of several statements: an error is the
one of its statement, every count is compared, and nothing is committed before."""
import threading

import pytest

from harness.servers import run
from harness.tables import TableDef
from test_data_errors import one, write

pytestmark = pytest.mark.parametrize("route", ["pg-maria", "pg-mysql"], indirect=True)

COLUMNS = "id integer\nqty integer\nname varchar(60)"
FIRST, SECOND, THIRD = (TableDef(n, COLUMNS, ["id"]) for n in ("first_", "second_", "third_"))
TABLES = [t.name for t in (FIRST, SECOND, THIRD)]
ALL_THREE = [f"INSERT INTO {t} VALUES (1, 1, 'x'), (2, 2, 'y')" for t in TABLES]


@pytest.fixture
def bridge(world, route):
    for side in route:
        for table in (FIRST, SECOND, THIRD):
            table.create(side)
    bridge = world.bridge(*route, tables=TABLES).start()
    write(bridge.a, *ALL_THREE)
    bridge.prove()
    return bridge


def count(bridge):
    return sum(one(bridge.b, f"SELECT count(*) FROM {t}") for t in TABLES)


def executed(bridge):
    with bridge.b.connect() as c:
        return int(run(c, "SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'")[0][1])


def test_texts_end_no_statement(bridge):
    before = executed(bridge)
    write(bridge.a,
          "INSERT INTO first_ VALUES (3, 1, $$a'; DELETE FROM second_; -- $$)",
          r"INSERT INTO second_ VALUES (3, 1, '\'), (4, 2, ''';'), (5, 3, '/* ; */ # ; `')",
          r"UPDATE third_ SET name = E'\\'';DROP TABLE first_;' || id, qty = NULL",
          "DELETE FROM second_ WHERE id = 1")
    bridge.prove()
    assert executed(bridge) == before, "no prepared statement: it is the packet that is tested"


SPOILS = {
    "insert": ("INSERT INTO second_ VALUES (9, 9, 'x')", "INSERT INTO second_ VALUES (9, 1, 'y')",
               ("second_", "9", "Duplicate")),
    "update": ("DELETE FROM second_ WHERE id = 2", "UPDATE second_ SET qty = 5",
               ("second_", "2", "0 rows")),
    "delete": ("DELETE FROM second_ WHERE id = 2", "DELETE FROM second_", ("second_", "2", "0 rows")),
    "value": ("ALTER TABLE second_ MODIFY name VARCHAR(3)",
              "INSERT INTO second_ VALUES (9, 1, 'abcd')", ("second_", "9", "name")),
    "a value that is cut with a warning only": (
        "ALTER TABLE second_ MODIFY name VARCHAR(3)",
        "INSERT INTO second_ VALUES (9, 1, 'abc ')", ("second_", "9", "changed a value")),
}


@pytest.mark.parametrize("case", SPOILS)
def test_an_error_in_the_middle_is_that_of_its_statement(bridge, case):
    spoil, statement, words = SPOILS[case]
    write(bridge.b, spoil)
    there = count(bridge)
    write(bridge.a, "INSERT INTO first_ VALUES (9, 1, 'x')", statement,
          "INSERT INTO third_ VALUES (9, 1, 'x')")
    error = bridge.engine.wait_failed()
    assert all(word in error["text"] for word in words), error
    assert count(bridge) == there, "neither what came before it nor what came after"
    bridge.engine.wait_log("a batch was refused.*second_")
    bridge.engine.close()


def test_a_number_that_is_taken_keeps_all_else_from_running(bridge):
    there = count(bridge)
    with bridge.b.connect() as c:
        run(c, "INSERT INTO millrace.checkpoint (link,lane,seq,writer,position,root,path,plan)"
               " SELECT link, lane, seq + 1, writer + 1, position, root, path, plan"
               " FROM millrace.checkpoint WHERE lane = 0 ORDER BY seq DESC LIMIT 1")
    write(bridge.a, "INSERT INTO first_ VALUES (9, 1, 'x')")
    error = bridge.engine.wait_failed()
    assert "another engine" in error["text"], error
    assert count(bridge) == there
    bridge.engine.close()


@pytest.mark.parametrize("how", ["KILL", "KILL QUERY"])
def test_a_connection_that_is_cut_in_the_middle_leaves_nothing(bridge, how):
    there = count(bridge)
    with bridge.b.connect(autocommit=False) as holder, bridge.b.connect() as other:
        run(holder, "UPDATE second_ SET qty = 7 WHERE id = 2")
        write(bridge.a, "INSERT INTO first_ VALUES (9, 1, 'x')", "UPDATE second_ SET qty = 8",
              "INSERT INTO third_ VALUES (9, 1, 'x')")
        stop = threading.Event()
        session = None
        while session is None and not stop.wait(0.02):
            waiting = run(other, "SELECT id FROM information_schema.processlist"
                                 " WHERE info LIKE 'UPDATE %second_%' AND command = 'Query'")
            session = waiting[0][0] if waiting else None
        run(other, f"{how} {session}")
        assert count(bridge) == there
        holder.rollback()
    bridge.prove()


def test_a_packet_stays_below_what_the_server_takes(world, route):
    wide = TableDef("wide", "id integer\nname varchar(2000)", ["id"])
    server = route[1].server
    with server.connect() as c:
        taken = run(c, "SELECT @@GLOBAL.max_allowed_packet")[0][0]
        run(c, "SET GLOBAL max_allowed_packet = 32768")
    world.defer(lambda: run(server.connect(), f"SET GLOBAL max_allowed_packet = {taken}"))
    for side in route:
        wide.create(side)
    bridge = world.bridge(*route, tables=["wide"]).start()
    write(bridge.a, "INSERT INTO wide SELECT n, repeat('x', 1500) FROM generate_series(1, 30) n")
    bridge.prove()
