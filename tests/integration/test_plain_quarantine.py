"""Rows that the target refuses are held, those of their keys wait behind, and all else moves on."""
import json
import os
import random
import time

import pytest

from harness.engine import binary
from harness.servers import run
from harness.tables import TableDef

routes = pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "mysql-pg", "pg-mysql"],
                                 indirect=True)
two_routes = pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)

ROW = "id integer\nqty integer\ncode varchar(50)\nprice numeric(12,3) | decimal(12,3)"
WIDE = TableDef("row_", ROW, ["id"])


def write(side, *statements):
    with side.connect(autocommit=False) as c:
        for s in statements:
            run(c, s)
        c.commit()


def rows(side, sql="SELECT id, qty, code FROM row_ ORDER BY id"):
    with side.connect() as c:
        return [tuple(r) for r in run(c, sql)]


def held(side, what="reason, event_key, old_key, op"):
    return rows(side, f"SELECT {what} FROM millrace.held WHERE flow IS NOT NULL ORDER BY n")


def reasons(side):
    return [r[0] for r in held(side, "reason")]


def strict(side):
    """The same table, where the target is narrower."""
    TableDef("row_", ROW.replace("varchar(50)", "varchar(8)"), ["id"],
             more=["CONSTRAINT positive CHECK (qty > 0)"]).create(side)


def loosen(side):
    with side.connect() as c:
        if side.family == "postgres":
            run(c, "ALTER TABLE row_ DROP CONSTRAINT IF EXISTS positive")
            run(c, "ALTER TABLE row_ ALTER code TYPE varchar(50), ALTER qty DROP NOT NULL")
        else:
            run(c, "ALTER TABLE row_ DROP CONSTRAINT positive")
            run(c, "ALTER TABLE row_ MODIFY code varchar(50), MODIFY qty integer")


def asked(bridge, *args):
    done = bridge.engine.command("quarantine", *args)
    assert done.returncode == 0, (done, bridge.engine.tail())
    return done.stdout


def wait_held(bridge, n, seconds=20):
    end = time.monotonic() + seconds
    while len(held(bridge.b)) != n:
        assert time.monotonic() < end, (held(bridge.b, "*"), bridge.engine.tail())
        time.sleep(0.05)


@pytest.fixture
def link(world, route):
    WIDE.create(route[0])
    strict(route[1])
    bridge = world.bridge(*route, tables=["row_"], on_refused="quarantine").start()
    write(bridge.a, "INSERT INTO row_ VALUES (1, 1, 'one', 1.5), (2, 2, 'two', 2.5)")
    bridge.prove()
    return bridge


@routes
@pytest.mark.parametrize("bad,about", [("(9, -1, 'nine', 1.250)", "positive"),
                                       ("(9, 9, 'far too long for it', 1.250)", "code"),
                                       ("(9, 9, 'ni', 123456789.125)", None)])
def test_a_refused_row_and_its_key_wait_while_all_else_moves_on(link, bad, about):
    if about is None:
        with link.b.connect() as c:
            run(c, "ALTER TABLE row_ ADD CONSTRAINT low CHECK (price < 1000)")
    write(link.a, "INSERT INTO row_ VALUES (3, 3, 'three', 3)", f"INSERT INTO row_ VALUES {bad}",
          "INSERT INTO row_ VALUES (4, 4, 'four', 4)")
    write(link.a, "UPDATE row_ SET code = 'x' WHERE id = 9",
          "UPDATE row_ SET code = 'THREE' WHERE id = 3")
    write(link.a, "UPDATE row_ SET qty = 99 WHERE id = 9")
    link.drain()
    assert [r[0] for r in rows(link.b)] == [1, 2, 3, 4]
    assert rows(link.b)[2] == (3, 3, "THREE")
    assert reasons(link.b) == ["quarantine", "behind", "behind"]
    assert {h[1] for h in held(link.b)} == {"id=9"}
    text, table, position = held(link.b, "text, tab, position")[0]
    assert (about or "low") in text and "row_" in text and "9" in text, text
    assert table.endswith(".row_") and position
    status = link.engine.status()["a-b"]
    assert status["state"] == "streaming"
    end = time.monotonic() + 10
    while link.engine.status()["a-b"]["held"] != {"quarantined": 1, "behind": 2}:
        assert time.monotonic() < end, link.engine.status()
        time.sleep(0.1)
    shown = link.engine.command("quarantine", "list").stdout
    assert "id=9" in shown and "3 held: 1 quarantine, 2 behind" in shown
    # nothing is mended: it stays
    assert "0 are out of millrace.held" in asked(link, "retry", "--reason", "quarantine")
    assert reasons(link.b) == ["quarantine", "behind", "behind"]
    loosen(link.b)
    if about is None:
        with link.b.connect() as c:
            run(c, "ALTER TABLE row_ DROP CONSTRAINT low")
    assert "3 are out of millrace.held" in asked(link, "retry", "--key", "id=9")
    assert held(link.b) == []
    assert rows(link.b)[-1] == (9, 99, "x")
    link.prove()
    # the key is free
    write(link.a, "UPDATE row_ SET qty = 100 WHERE id = 9", "DELETE FROM row_ WHERE id = 3")
    link.prove()


@two_routes
def test_a_value_for_a_column_that_cannot_be_null_is_held(world, route):
    WIDE.create(route[0])
    strict(route[1])
    with route[1].connect() as c:
        run(c, "ALTER TABLE row_ ALTER qty SET NOT NULL" if route[1].family == "postgres"
            else "ALTER TABLE row_ MODIFY qty integer NOT NULL")
    link = world.bridge(*route, tables=["row_"], on_refused="quarantine").start()
    write(link.a, "INSERT INTO row_ VALUES (5, NULL, 'five', 5)", "INSERT INTO row_ VALUES (6, 6, 's', 6)")
    link.drain()
    assert reasons(link.b) == ["quarantine"] and rows(link.b) == [(6, 6, "s")]
    loosen(link.b)
    assert "1 are out" in asked(link, "retry", "--all")
    link.prove()


@routes
def test_a_row_that_moves_to_another_key_holds_both(link):
    write(link.a, "INSERT INTO row_ VALUES (9, -1, 'nine', 1)")
    write(link.a, "UPDATE row_ SET id = 10 WHERE id = 9")     # held by its old key
    write(link.a, "INSERT INTO row_ VALUES (9, 9, 'new', 1)")  # that key again
    write(link.a, "UPDATE row_ SET id = 11 WHERE id = 10")
    write(link.a, "DELETE FROM row_ WHERE id = 11")
    write(link.a, "UPDATE row_ SET id = 11 WHERE id = 1")      # to a held key
    write(link.a, "INSERT INTO row_ VALUES (1, 5, 'again', 1)")
    link.drain()
    assert rows(link.b) == [(1, 1, "one"), (2, 2, "two")]
    assert [h[1:3] for h in held(link.b)] == [
        ("id=9", None), ("id=10", "id=9"), ("id=9", None), ("id=11", "id=10"), ("id=11", None),
        ("id=11", "id=1"), ("id=1", None)]
    assert reasons(link.b) == ["quarantine"] + ["behind"] * 6
    loosen(link.b)
    assert "7 are out" in asked(link, "retry", "--reason", "quarantine")
    link.prove()


@two_routes
def test_what_is_skipped_is_never_written_and_frees_what_was_behind(link):
    write(link.a, "UPDATE row_ SET qty = -5 WHERE id = 1")
    write(link.a, "UPDATE row_ SET qty = 7, code = 'seven' WHERE id = 1")
    write(link.a, "INSERT INTO row_ VALUES (9, -1, 'nine', 1)")
    write(link.a, "UPDATE row_ SET qty = 10 WHERE id = 9")
    wait_held(link, 4)
    n = [str(h[0]) for h in held(link.b, "n")]
    assert "1 held rows dropped; 1 that were behind are written" in asked(link, "skip", n[0])
    assert rows(link.b)[0] == (1, 7, "seven")
    # the update of a row that never was is refused for itself
    assert "1 held rows dropped; 0 that were behind" in asked(link, "skip", n[2])
    assert held(link.b, "n, reason, tries") == [(int(n[3]), "quarantine", 1)]
    asked(link, "skip", "--reason", "quarantine", "--yes")
    assert held(link.b) == []
    write(link.a, "DELETE FROM row_ WHERE id = 9")  # the target has no such row
    wait_held(link, 1)
    asked(link, "skip", "--all", "--yes")
    link.prove()


@two_routes
def test_a_kill_loses_and_doubles_nothing_of_what_is_held(link):
    write(link.a, "INSERT INTO row_ VALUES (9, -1, 'nine', 1)")
    wait_held(link, 1)
    link.engine.kill()
    write(link.a, "UPDATE row_ SET qty = 10 WHERE id = 9", "UPDATE row_ SET qty = 3 WHERE id = 1")
    link.start()
    link.drain()
    assert reasons(link.b) == ["quarantine", "behind"] and rows(link.b)[0][1] == 3
    link.engine.kill()
    loosen(link.b)
    link.start()
    write(link.a, "UPDATE row_ SET qty = 11 WHERE id = 9")
    link.drain()
    assert len(held(link.b)) == 3
    assert "3 are out" in asked(link, "retry", "--all")
    link.prove()


@two_routes
def test_the_order_of_held_keys_stays_where_rows_are_not_held_any_more(link):
    """`on_refused` is put back to stop while rows are held."""
    write(link.a, "INSERT INTO row_ VALUES (9, -1, 'nine', 1)")
    wait_held(link, 1)
    link.engine.stop()
    link.engine.config["links"][0]["on_refused"] = "stop"
    rewrite(link.engine)
    link.start()
    write(link.a, "UPDATE row_ SET qty = 10 WHERE id = 9")
    link.drain()
    assert reasons(link.b) == ["quarantine", "behind"]
    write(link.a, "INSERT INTO row_ VALUES (10, -1, 'ten', 1)")
    assert "positive" in link.engine.wait_failed()["text"]
    link.engine.wait_end()
    loosen(link.b)
    link.start()
    assert "2 are out" in asked(link, "retry", "--all")
    link.prove()


def rewrite(engine):
    with open(engine.path, "w") as f:
        json.dump({"millrace": 1, **engine.config}, f)


@two_routes
def test_more_than_the_limit_stop_the_link_before_that_transaction(world, route):
    WIDE.create(route[0])
    strict(route[1])
    link = world.bridge(*route, tables=["row_"], on_refused="quarantine", quarantine_limit=2)
    link.start()
    write(link.a, "INSERT INTO row_ VALUES (1, -1, 'a', 1)", "INSERT INTO row_ VALUES (2, 2, 'b', 1)")
    write(link.a, "INSERT INTO row_ VALUES (3, 3, 'far too long for it', 1)",
          "UPDATE row_ SET qty = 4 WHERE id = 3")
    link.drain()
    link.engine.stop()
    write(link.a, "INSERT INTO row_ VALUES (5, 5, 'e', 1)")
    write(link.a, "INSERT INTO row_ VALUES (6, 6, 'f', 1)", "INSERT INTO row_ VALUES (7, -7, 'g', 1)")
    link.engine.start()
    error = link.engine.wait_failed()
    assert "quarantine_limit" in error["text"] and "id=7" in error["text"], error
    assert error["position"]
    link.engine.wait_end()
    assert [r[0] for r in rows(link.b)] == [2, 5]
    assert reasons(link.b) == ["quarantine", "quarantine", "behind"]
    loosen(link.b)
    link.start()
    link.drain()
    assert "3 are out" in asked(link, "retry", "--all")
    link.prove()


@two_routes
def test_a_refused_row_of_a_table_without_a_key_stops_the_link(world, route):
    TableDef("row_", ROW, []).create(route[0])
    TableDef("row_", ROW, [], more=["CONSTRAINT positive CHECK (qty > 0)"]).create(route[1])
    link = world.bridge(*route, tables=["row_"], on_refused="quarantine").start()
    write(link.a, "INSERT INTO row_ VALUES (1, -1, 'a', 1)")
    assert "positive" in link.engine.wait_failed()["text"]
    link.engine.wait_end()
    assert held(link.b) == []


@pytest.mark.parametrize("route", ["pg-maria", "pg-pg2"], indirect=True)
def test_truncate_makes_void_what_is_held_of_the_table(link):
    write(link.a, "INSERT INTO row_ VALUES (9, -1, 'nine', 1)")
    write(link.a, "UPDATE row_ SET qty = 10 WHERE id = 9")
    link.drain()
    assert len(held(link.b)) == 2
    write(link.a, "INSERT INTO row_ VALUES (10, -1, 'ten', 1)", "TRUNCATE row_",
          "INSERT INTO row_ VALUES (9, 9, 'nine', 1)", "INSERT INTO row_ VALUES (11, -1, 'bad', 1)")
    link.drain()
    assert rows(link.b) == [(9, 9, "nine")]
    assert [h[1] for h in held(link.b)] == ["id=11"]
    loosen(link.b)
    asked(link, "retry", "--all")
    link.prove()


@two_routes
def test_a_child_of_a_held_parent_is_held_for_itself(world, route):
    parent = TableDef("parent", "id integer\nqty integer", ["id"])
    child = TableDef("child", "id integer\nparent integer", ["id"],
                     more=["FOREIGN KEY (parent) REFERENCES parent (id)"])
    parent.create(route[0])
    TableDef("parent", "id integer\nqty integer", ["id"],
             more=["CONSTRAINT positive CHECK (qty > 0)"]).create(route[1])
    for side in route:
        child.create(side)
    link = world.bridge(*route, tables=["parent", "child"], on_refused="quarantine").start()
    write(link.a, "INSERT INTO parent VALUES (1, -1), (2, 2)",
          "INSERT INTO child VALUES (10, 1), (20, 2)")
    link.drain()
    # of a PostgreSQL source the target's foreign keys do not act: its log has the cascades
    acts = link.a.family != "postgres"
    assert [h[1] for h in held(link.b)] == (["id=1", "id=10"] if acts else ["id=1"])
    with link.b.connect() as c:
        run(c, "ALTER TABLE parent DROP CONSTRAINT positive")
    asked(link, "retry", "--all")
    assert held(link.b) == []
    link.prove()


UNIQUE = TableDef("row_", ROW, ["id"], more=["CONSTRAINT one UNIQUE (code)"])


@two_routes
def test_values_that_collide_only_in_between_are_not_held(world, route):
    """A swap parks a row, as ever, also where another row of the transaction is refused."""
    WIDE.create(route[0])
    UNIQUE.create(route[1])
    with route[1].connect() as c:
        run(c, "ALTER TABLE row_ ADD CONSTRAINT positive CHECK (qty > 0)")
    link = world.bridge(*route, tables=["row_"], on_refused="quarantine").start()
    write(link.a, "INSERT INTO row_ VALUES (1, 1, 'a', 1), (2, 2, 'b', 1)")
    write(link.a, "INSERT INTO row_ VALUES (3, -1, 'c', 1)",
          "UPDATE row_ SET code = 'b' WHERE id = 1", "UPDATE row_ SET code = 'a' WHERE id = 2",
          "INSERT INTO row_ VALUES (4, 4, 'c2', 1)")
    link.drain()
    assert rows(link.b) == [(1, 1, "b"), (2, 2, "a"), (4, 4, "c2")]
    assert [h[:2] for h in held(link.b)] == [("quarantine", "id=3")]


@two_routes
def test_values_that_still_collide_at_the_end_are_held(world, route):
    WIDE.create(route[0])
    UNIQUE.create(route[1])
    link = world.bridge(*route, tables=["row_"], on_refused="quarantine").start()
    write(link.a, "INSERT INTO row_ VALUES (1, 1, 'a', 1), (2, 2, 'b', 1), (3, 3, 'c', 1)")
    write(link.a,
          "INSERT INTO row_ VALUES (4, 4, 'a', 1)",     # an insert, and what follows of it
          "UPDATE row_ SET qty = 44 WHERE id = 4",
          "UPDATE row_ SET code = 'a', qty = 20 WHERE id = 2",  # parked, and changed once more
          "UPDATE row_ SET qty = 21 WHERE id = 2",
          "INSERT INTO row_ VALUES (5, 5, 'c', 1)",     # moves, and another takes its key
          "UPDATE row_ SET id = 6 WHERE id = 5", "INSERT INTO row_ VALUES (5, 5, 'five', 1)",
          "INSERT INTO row_ VALUES (7, 7, 'd', 1)")
    link.drain()
    assert rows(link.b) == [(1, 1, "a"), (2, 2, "b"), (3, 3, "c"), (7, 7, "d")]
    keys = [h[:2] for h in held(link.b)]
    assert sorted(keys) == sorted([
        ("quarantine", "id=4"), ("behind", "id=4"), ("quarantine", "id=2"), ("behind", "id=2"),
        ("quarantine", "id=5"), ("behind", "id=6"), ("behind", "id=5")])
    with link.b.connect() as c:
        run(c, "ALTER TABLE row_ DROP CONSTRAINT one" if link.b.family == "postgres"
            else "ALTER TABLE row_ DROP KEY one")
    assert "7 are out" in asked(link, "retry", "--all")
    link.prove()


@two_routes
def test_a_large_transaction_in_pieces_goes_on_without_its_refused_rows(world, route):
    WIDE.create(route[0])
    strict(route[1])
    link = world.bridge(*route, tables=["row_"], on_refused="quarantine", budget="8 MiB").start()
    with link.a.connect(autocommit=False) as c:
        for first in range(0, 100000, 10000):
            values = ",".join(f"({i}, {-1 if i in (50, 77777) else 1}, "
                              f"'{'far too long for it' if i == 60000 else 'x'}', 1)"
                              for i in range(first, first + 10000))
            run(c, f"INSERT INTO row_ VALUES {values}")
        run(c, "UPDATE row_ SET qty = 5 WHERE id IN (50, 51)")
        c.commit()
    link.drain()
    assert [h[:2] for h in held(link.b)] == [
        ("quarantine", "id=50"), ("quarantine", "id=60000"), ("quarantine", "id=77777"),
        ("behind", "id=50")]
    assert len({h for h in held(link.b, "position, txn")}) == 1 and held(link.b, "position")[0][0]
    loosen(link.b)
    assert "4 are out" in asked(link, "retry", "--all")
    link.prove()


@two_routes
def test_columns_that_were_added_while_a_row_is_held_do_no_harm(link):
    write(link.a, "INSERT INTO row_ VALUES (9, -1, 'nine', 1)")
    wait_held(link, 1)
    for side in (link.b, link.a):
        with side.connect() as c:
            run(c, "ALTER TABLE row_ ADD COLUMN extra integer")
    write(link.a, "UPDATE row_ SET extra = 5, qty = 3 WHERE id = 9",
          "INSERT INTO row_ VALUES (12, 1, 'x', 1, 6)")
    error = link.engine.wait_failed()   # as any DDL of a mapped table
    link.engine.wait_end()
    if link.a.family != "postgres":
        done = link.engine.command("skip", "a-b", "--position", error["position"])
        assert done.returncode == 0, done
    link.start()
    link.drain()
    assert reasons(link.b) == ["quarantine", "behind"]
    loosen(link.b)
    assert "2 are out" in asked(link, "retry", "--all")
    link.prove()


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "pg-mysql", "mysql-pg"], indirect=True)
@pytest.mark.limit(240)
def test_whatever_is_refused_both_sides_are_equal_in_the_end(world, route):
    """Random transactions over few keys, refused for several reasons, with kills; then the target is
    mended and all of it is tried again."""
    dice = random.Random(71)
    WIDE.create(route[0])
    TableDef("row_", ROW.replace("varchar(50)", "varchar(8)"), ["id"],
             more=["CONSTRAINT positive CHECK (qty > 0)", "CONSTRAINT one UNIQUE (code)"]
             ).create(route[1])
    link = world.bridge(*route, tables=["row_"], on_refused="quarantine", quarantine_limit=100000)
    link.start()
    alive = set()

    def statement():
        qty = dice.choice([1, 2, 3, -1]) if dice.random() < 0.3 else 5
        code = f"c{dice.randrange(60)}" if dice.random() < 0.9 else "far too long for it"
        kind = dice.random()
        free = [k for k in range(1, 41) if k not in alive]
        if (kind < 0.4 or not alive) and free:
            key = dice.choice(free)
            alive.add(key)
            return f"INSERT INTO row_ VALUES ({key}, {qty}, '{code}', 1)"
        key = dice.choice(sorted(alive))
        if kind < 0.55:
            alive.discard(key)
            return f"DELETE FROM row_ WHERE id = {key}"
        if kind < 0.65 and free:
            to = dice.choice(free)
            alive.discard(key)
            alive.add(to)
            return f"UPDATE row_ SET id = {to}, qty = {qty} WHERE id = {key}"
        if kind < 0.85:
            return f"UPDATE row_ SET qty = {qty} WHERE id = {key}"
        return f"UPDATE row_ SET code = '{code}' WHERE id = {key}"

    for round_ in range(12):
        for _ in range(25):
            write(link.a, *[statement() for _ in range(dice.randrange(1, 8))])
        if round_ % 4 == 1:
            link.engine.kill()
            link.start()
        if round_ % 4 == 3:
            asked(link, "retry", "--all")
    link.drain()
    assert "quarantine" in reasons(link.b) and "behind" in reasons(link.b)
    loosen(link.b)
    with link.b.connect() as c:
        run(c, "ALTER TABLE row_ DROP CONSTRAINT one" if link.b.family == "postgres"
            else "ALTER TABLE row_ DROP KEY one")
    write(link.a, *[statement() for _ in range(5)])
    asked(link, "retry", "--all")
    assert held(link.b, "event_key, old_key, reason, op, text") == []
    link.prove()


# -- killed at named points


crashing = pytest.mark.skipif(not os.path.exists(binary(crash=True)),
                              reason=f"no {binary(crash=True)}: ./test.sh crash builds it")


def crash_at(bridge, point, n, meanwhile=lambda: None):
    bridge.engine.start(env={"MILLRACE_CRASH": f"{point}:{n}"})
    meanwhile()
    code = bridge.engine.wait_end(60)
    assert code == -9 and f"crash point {point}" in bridge.engine.log(), bridge.engine.tail()


@pytest.fixture
def crashing_link(world, route):
    WIDE.create(route[0])
    strict(route[1])
    bridge = world.bridge(*route, tables=["row_"], on_refused="quarantine", crash=True).start()
    write(bridge.a, "INSERT INTO row_ VALUES (1, 1, 'one', 1.5), (2, 2, 'two', 2.5)")
    bridge.prove()
    return bridge


@pytest.mark.crash
@crashing
@two_routes
@pytest.mark.parametrize("point,n", [("row_mode", 1), ("row_mode", 2), ("before_commit", 2),
                                     ("commit_sent", 2), ("after_commit", 2), ("before_commit", 3),
                                     ("after_commit", 3), ("before_ack", 1)])
def test_killed_while_rows_are_held(crashing_link, point, n):
    link = crashing_link
    link.engine.stop()
    write(link.a, "INSERT INTO row_ VALUES (3, 3, 'three', 3), (9, -1, 'nine', 1)")
    write(link.a, "UPDATE row_ SET qty = 5 WHERE id = 9", "UPDATE row_ SET qty = 5 WHERE id = 1")
    write(link.a, "UPDATE row_ SET qty = 6 WHERE id IN (9, 2)",
          "INSERT INTO row_ VALUES (10, 1, 'far too long for it', 1)")
    crash_at(link, point, n)
    link.start()
    link.drain()
    assert [h[:2] for h in held(link.b)] == [("quarantine", "id=9"), ("behind", "id=9"),
                                             ("behind", "id=9"), ("quarantine", "id=10")]
    loosen(link.b)
    assert "4 are out" in asked(link, "retry", "--all")
    link.prove()


@pytest.mark.crash
@crashing
@two_routes
@pytest.mark.parametrize("point", ["before_commit", "commit_sent", "after_commit"])
def test_killed_while_held_rows_are_tried_again(crashing_link, point):
    link = crashing_link
    write(link.a, "INSERT INTO row_ VALUES (9, -1, 'nine', 1)")
    write(link.a, "UPDATE row_ SET qty = -6 WHERE id = 9", "INSERT INTO row_ VALUES (10, -1, 'x', 1)")
    link.drain()
    link.engine.stop()
    loosen(link.b)

    def retry():
        link.engine.wait_streaming()
        link.engine.command("quarantine", "retry", "--all")   # its process dies under it

    crash_at(link, point, 2, retry)
    assert len(held(link.b)) in (0, 3)
    link.start()
    asked(link, "retry", "--all")
    assert held(link.b) == []
    link.prove()
