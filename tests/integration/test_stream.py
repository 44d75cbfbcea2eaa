"""One link, each pair of engines: what is written on one side is on the other, as it was."""
import random

import pytest

from harness.servers import run
from harness.tables import ITEM, JOURNAL, TableDef, WORKLOAD
from harness.workload import Workload, create_tables

ROUTES = ["pg-maria", "maria-pg", "pg-pg2", "maria-maria2", "pg-mysql", "mysql-pg", "maria-mysql"]
TABLES = [t.name for t in WORKLOAD]

routes = pytest.mark.parametrize("route", ROUTES, indirect=True)
basic_routes = pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "mysql-pg"],
                                       indirect=True)


@pytest.fixture
def bridge(world, route):
    create_tables(*route)
    return world.bridge(*route, tables=TABLES).start()


def write(side, *statements):
    """One transaction."""
    with side.connect(autocommit=False) as c:
        for s in statements:
            run(c, *(s if isinstance(s, tuple) else (s,)))
        c.commit()


@routes
def test_rows_are_inserted_changed_and_deleted(bridge):
    a = bridge.a
    write(a, "INSERT INTO item VALUES (1, 1, 1.5, 'one', 'n', true, '2026-11-22 16:48:00.123456')",
          "INSERT INTO item VALUES (2, 2, -0.001, '', NULL, false, NULL)",
          "INSERT INTO item VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL)")
    bridge.prove()
    write(a, "UPDATE item SET qty = qty + 1, name = NULL WHERE id IN (1, 2)")
    write(a, "DELETE FROM item WHERE id = 3")
    write(a, "UPDATE item SET name = '螺丝 🏭 \\'' WHERE id = 2" if a.family == "mysql"
          else "UPDATE item SET name = '螺丝 🏭 ''' WHERE id = 2")
    assert bridge.prove().rows == 2 + 2   # items, probes
    with bridge.b.connect() as c:
        assert run(c, "SELECT qty, name FROM item ORDER BY id") == \
            [(2, None), (3, "螺丝 🏭 '")] or tuple(run(c, "SELECT qty, name FROM item ORDER BY id")) \
            == ((2, None), (3, "螺丝 🏭 '"))


@routes
def test_random_load_arrives_whole(bridge):
    with Workload(bridge.a, writers=2, pause=0.001, large=0.03).prepare() as w:
        w.wait_transactions(400)
    report = bridge.prove()
    assert report.rows > 100 and w.stats["rolled_back"]


@basic_routes
def test_changed_keys_are_followed_within_a_transaction(bridge):
    a = bridge.a
    write(a, *(f"INSERT INTO item (id, qty) VALUES ({i}, {i})" for i in range(1, 8)))
    write(a, "UPDATE item SET id = 11 WHERE id = 1", "UPDATE item SET id = 21 WHERE id = 11",
          "UPDATE item SET qty = 99 WHERE id = 21")              # a chain
    write(a, "UPDATE item SET id = -2 WHERE id = 2", "UPDATE item SET id = 2 WHERE id = 3",
          "UPDATE item SET id = 3 WHERE id = -2")                # a swap of two keys
    write(a, "UPDATE item SET id = 31 WHERE id = 4", "DELETE FROM item WHERE id = 31",
          "INSERT INTO item (id, qty) VALUES (4, 44)")           # its old key used again
    write(a, "DELETE FROM item WHERE id = 5", "UPDATE item SET id = 5 WHERE id = 6")
    write(a, "INSERT INTO item (id, qty) VALUES (50, 1)", "UPDATE item SET id = 51 WHERE id = 50",
          "DELETE FROM item WHERE id = 51")                      # never seen
    bridge.prove()
    with bridge.b.connect() as c:
        assert sorted(run(c, "SELECT id, qty FROM item")) == \
            [(2, 3), (3, 2), (4, 44), (5, 6), (7, 7), (21, 99)]


@basic_routes
def test_all_keys_move_by_one(bridge):
    """Each new key is another row's old key until that has moved."""
    a = bridge.a
    write(a, *(f"INSERT INTO item (id, qty) VALUES ({i}, {i})" for i in range(1, 30)))
    bridge.drain()
    write(a, *(f"UPDATE item SET id = {i + 1} WHERE id = {i}" for i in range(29, 0, -1)))
    bridge.prove()


@basic_routes
def test_a_row_deleted_and_inserted_again_in_one_transaction(bridge):
    a = bridge.a
    write(a, "INSERT INTO item (id, qty, name) VALUES (1, 1, 'old')")
    bridge.drain()
    for n in range(3):
        write(a, "DELETE FROM item WHERE id = 1",
              f"INSERT INTO item (id, qty) VALUES (1, {n})")
    bridge.prove()


UNIQUE = TableDef("uniq", """
    id integer
    code varchar(20)
    pos integer
    """, ["id"], more=["UNIQUE (code)", "UNIQUE (pos)"])


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "pg-mysql", "pg-pg2"], indirect=True)
def test_two_rows_swap_their_unique_values(world, route):
    for side in route:
        UNIQUE.create(side)
    b = world.bridge(*route, tables=["uniq"]).start()
    write(b.a, "INSERT INTO uniq VALUES (1, 'a', 1)", "INSERT INTO uniq VALUES (2, 'b', 2)",
          "INSERT INTO uniq VALUES (3, 'c', 3)")
    b.prove()
    write(b.a, "UPDATE uniq SET code = 'tmp' WHERE id = 1", "UPDATE uniq SET code = 'a' WHERE id = 2",
          "UPDATE uniq SET code = 'b' WHERE id = 1")
    b.prove()
    write(b.a, "UPDATE uniq SET pos = NULL WHERE id = 1", "UPDATE uniq SET pos = 1 WHERE id = 3",
          "UPDATE uniq SET pos = 3 WHERE id = 1")
    b.prove()
    write(b.a, "DELETE FROM uniq WHERE code = 'c'",
          "INSERT INTO uniq VALUES (4, 'c', 4)")    # the same unique value on another key
    b.prove()


@basic_routes
def test_rows_without_a_key_are_neither_lost_nor_doubled(bridge):
    a = bridge.a
    for n in range(20):
        write(a, *(["INSERT INTO journal VALUES (1, 5, 'same'), (1, 5, 'same'), (1, 5, NULL)"]
                   * (n % 3 + 1)))
    report = bridge.prove()
    assert report.rows > 100


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "pg-pg2", "maria-maria2"],
                         indirect=True)
def test_updates_and_deletes_of_keyless_rows_touch_one_row_each(world, route):
    bag = TableDef("bag", "a integer\nb varchar(20)")
    for side in route:
        bag.create(side)
    b = world.bridge(*route, tables=["bag"]).start()
    write(b.a, "INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, NULL), (2, NULL)")
    b.prove()
    one = ("DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag WHERE a = %s)"
           if b.a.family == "postgres" else "DELETE FROM bag WHERE a = %s LIMIT 1")
    write(b.a, (one, (1,)))
    b.prove()
    write(b.a, (one, (2,)), "UPDATE bag SET b = 'y' WHERE a = 2")
    b.prove()
    with b.b.connect() as c:
        assert sorted(map(tuple, run(c, "SELECT a, b FROM bag"))) == \
            [(1, "x"), (1, "x"), (2, "y")]


@pytest.mark.parametrize("route", ["pg-maria", "pg-mysql", "pg-pg2"], indirect=True)
def test_unchanged_toast_columns_stay_as_they_are(world, route):
    """The log leaves out a long value that an update does not change."""
    create_tables(*route)
    b = world.bridge(*route, tables=TABLES).start()
    long = "".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=50_000))
    write(b.a, ("INSERT INTO item (id, qty, note) VALUES (1, 1, %s), (2, 2, %s)", (long, long)))
    b.prove()
    write(b.a, "UPDATE item SET qty = 5 WHERE id = 1")
    write(b.a, "UPDATE item SET qty = 6 WHERE id = 1", "UPDATE item SET name = 'n' WHERE id = 2",
          "UPDATE item SET qty = 7 WHERE id = 2")
    write(b.a, ("INSERT INTO item (id, qty, note) VALUES (3, 1, %s)", (long,)),
          "UPDATE item SET qty = 9 WHERE id = 3")      # known within the transaction
    write(b.a, "UPDATE item SET id = 4, qty = 10 WHERE id = 2")
    write(b.a, "UPDATE item SET note = 'short' WHERE id = 1", "UPDATE item SET qty = 8 WHERE id = 1")
    b.prove()
    with b.b.connect() as c:
        assert [r[0] for r in run(c, "SELECT note FROM item ORDER BY id")] == ["short", long, long]


@routes
def test_truncate_empties_the_target_in_order(bridge):
    a = bridge.a
    write(a, "INSERT INTO item (id) VALUES (1), (2), (3)",
          "INSERT INTO journal VALUES (1, 1, 'x')")
    bridge.prove()
    if a.family == "postgres":
        write(a, "INSERT INTO item (id) VALUES (4)", "TRUNCATE item, journal",
              "INSERT INTO item (id) VALUES (2), (9)")
    else:
        write(a, "INSERT INTO item (id) VALUES (4)")
        write(a, "TRUNCATE item")
        write(a, "TRUNCATE TABLE journal")
        write(a, "INSERT INTO item (id) VALUES (2), (9)")
    bridge.prove()
    with bridge.b.connect() as c:
        assert sorted(r[0] for r in run(c, "SELECT id FROM item")) == [2, 9]


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "pg-mysql", "mysql-pg"], indirect=True)
def test_large_values_pass(bridge):
    big = "中x" * 2_000_000
    write(bridge.a, ("INSERT INTO item (id, note) VALUES (1, %s), (2, %s)", (big, "")))
    write(bridge.a, "UPDATE item SET qty = 1 WHERE id = 1")
    bridge.prove()


@basic_routes
def test_rolled_back_work_and_savepoints(bridge):
    with bridge.a.connect(autocommit=False) as c:
        run(c, "INSERT INTO item (id) VALUES (1)")
        c.rollback()
        run(c, "INSERT INTO item (id) VALUES (2)")
        run(c, "SAVEPOINT s")
        run(c, "INSERT INTO item (id) VALUES (3)")
        run(c, "INSERT INTO journal VALUES (3, 3, 'no')")
        run(c, "ROLLBACK TO SAVEPOINT s")
        run(c, "INSERT INTO item (id) VALUES (4)")
        c.commit()
    bridge.prove()
    with bridge.b.connect() as c:
        assert sorted(r[0] for r in run(c, "SELECT id FROM item")) == [2, 4]


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_names_are_mapped_columns_renamed_dropped_and_constant(world, route):
    a, b = route
    TableDef("Work Order", "Id integer\nqty integer\nsecret varchar(20)", ["Id"]).create(a)
    TableDef("wo", "nr integer\nqty integer\nplant varchar(10)", ["nr"]).create(b)
    left = f"public.Work Order" if a.family == "postgres" else f"{a.database}.Work Order"
    right = f"public.wo" if b.family == "postgres" else f"{b.database}.wo"
    bridge = world.bridge(a, b, tables=[], tables_yaml={left: {
        "to": right, "columns": {"Id": "nr"}, "drop": ["secret"], "constants": {"plant": "P1"}}}).start()
    name = '"Work Order"' if a.family == "postgres" else "`Work Order`"
    key = '"Id"' if a.family == "postgres" else "Id"
    write(a, f"INSERT INTO {name} VALUES (1, 10, 's1'), (2, 20, 's2'), (3, 30, NULL)")
    write(a, f"UPDATE {name} SET qty = 11 WHERE {key} = 1", f"UPDATE {name} SET secret = 'x'")
    write(a, f"DELETE FROM {name} WHERE {key} = 2")
    bridge.drain()
    with b.connect() as c:
        assert sorted(map(tuple, run(c, "SELECT nr, qty, plant FROM wo"))) == \
            [(1, 11, "P1"), (3, 30, "P1")]


@basic_routes
def test_foreign_keys_and_cascades_follow_the_source(world, route):
    parent = TableDef("parent", "id integer\nname varchar(10)", ["id"])
    child = TableDef("child", "id integer\nparent_id integer", ["id"],
                     more=["FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE"])
    for side in route:
        parent.create(side)
        child.create(side)
    b = world.bridge(*route, tables=["child", "parent"]).start()
    write(b.a, "INSERT INTO parent VALUES (1, 'a'), (2, 'b')",
          "INSERT INTO child VALUES (10, 1), (11, 1), (20, 2)")
    b.prove()
    write(b.a, "UPDATE child SET parent_id = 2 WHERE id = 10", "DELETE FROM parent WHERE id = 1")
    b.prove()
    write(b.a, "INSERT INTO parent VALUES (3, 'c')", "INSERT INTO child VALUES (30, 3)",
          "DELETE FROM parent WHERE id = 2")
    b.prove()


ACTS = {
    "a parent goes and comes back": [
        "INSERT INTO child VALUES (10, 1)", "DELETE FROM parent WHERE id = 1",
        "INSERT INTO parent VALUES (1, 'x')"],
    "a parent's key moves and is taken again": [
        "INSERT INTO child VALUES (10, 1)", "UPDATE parent SET id = 9 WHERE id = 1",
        "INSERT INTO parent VALUES (1, 'x')"],
    "a child comes back under another parent": [
        "INSERT INTO child VALUES (10, 1)", "INSERT INTO leaf VALUES (100, 10)",
        "DELETE FROM parent WHERE id = 1", "INSERT INTO child VALUES (10, 2)"],
    "a child moves before its parent goes": [
        "INSERT INTO child VALUES (10, 1)", "UPDATE child SET parent_id = 2 WHERE id = 10",
        "DELETE FROM parent WHERE id = 1", "INSERT INTO parent VALUES (1, 'x')"],
    "by another column than the key": [
        "INSERT INTO named VALUES (10, 'a')", "UPDATE parent SET name = 'c' WHERE name = 'a'",
        "INSERT INTO parent VALUES (3, 'a')"],
    "in one table": [
        "INSERT INTO tree VALUES (1, NULL)", "INSERT INTO tree VALUES (2, 1)",
        "DELETE FROM tree WHERE id = 1", "INSERT INTO tree VALUES (1, NULL)"],
}


@pytest.mark.parametrize("route", ["maria-pg", "maria-maria2"], indirect=True)
@pytest.mark.parametrize("acts", ACTS.values(), ids=[k.replace(" ", "-") for k in ACTS])
def test_what_a_foreign_key_does_unlogged_is_done_at_the_target_too(world, route, acts):
    """MariaDB's log tells nothing of it: the target's key must meet the same rows."""
    def key(column, table, to="id"):
        return f"FOREIGN KEY ({column}) REFERENCES {table} ({to}) " \
               "ON DELETE CASCADE ON UPDATE CASCADE"
    tables = [TableDef("parent", "id integer\nname varchar(10)", ["id"], more=["UNIQUE (name)"]),
              TableDef("child", "id integer\nparent_id integer", ["id"],
                       more=[key("parent_id", "parent")]),
              TableDef("leaf", "id integer\nchild_id integer", ["id"],
                       more=[key("child_id", "child")]),
              TableDef("named", "id integer\nname varchar(10)", ["id"],
                       more=[key("name", "parent", "name")]),
              TableDef("tree", "id integer\nup integer", ["id"],
                       more=["FOREIGN KEY (up) REFERENCES tree (id) ON DELETE CASCADE"])]
    for side in route:
        for t in tables:
            t.create(side)
    b = world.bridge(*route, tables=[t.name for t in tables]).start()
    write(b.a, "INSERT INTO parent VALUES (1, 'a'), (2, 'b')")
    b.prove()
    write(b.a, *acts)
    b.prove()


def test_tables_by_pattern_with_exclusions(world):
    a, b = world.side("pg"), world.side("maria")
    for side in (a, b):
        for name in ("plan_a", "plan_b", "plan_secret"):
            TableDef(name, "id integer\nv varchar(10)", ["id"]).create(side)
    bridge = world.bridge(a, b, tables=[], tables_yaml={"public.plan_*": f"{b.database}.plan_*"},
                          exclude=["public.plan_secret"]).start()
    write(a, "INSERT INTO plan_a VALUES (1, 'a')", "INSERT INTO plan_b VALUES (2, 'b')",
          "INSERT INTO plan_secret VALUES (3, 's')")
    bridge.drain()
    with b.connect() as c:
        counts = [run(c, f"SELECT count(*) FROM {t}")[0][0]
                  for t in ("plan_a", "plan_b", "plan_secret")]
    assert counts == [1, 1, 0]


def test_ddl_on_a_mapped_table_stops_the_link_and_elsewhere_does_not(world):
    a, b = world.side("maria"), world.side("pg")
    create_tables(a, b, tables=[ITEM, JOURNAL])
    bridge = world.bridge(a, b, tables=["item", "journal"]).start()
    write(a, "CREATE TABLE other (id int)", "ALTER TABLE other ADD COLUMN x int")
    write(a, "INSERT INTO item (id) VALUES (1)")
    bridge.prove()
    write(a, "ALTER TABLE item ADD COLUMN extra int")
    error = bridge.engine.wait_failed()
    assert error["code"] == "ddl" and "item" in error["text"], error
