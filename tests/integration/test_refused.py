"""Objects that a view cannot state: nothing of them is lost, and nothing newer is overwritten."""
import copy
import os
import time

import pytest

from harness.engine import binary
from harness.servers import run
from harness.tables import TableDef

T = TableDef("t", "id bigint\ncode varchar(40)\nv varchar(40)", ["id"])
EXTRA = TableDef("extra", "id bigint\nv varchar(40)", ["id"])
U = TableDef("u", "code varchar(40)\nv varchar(40)", ["code"])

ALONE = {"type": "OperationsEvent", "of": "t", "key": "id",
         "sql": "select code as id, map('colour', v) as description from t where id = :object"}
ASSEMBLED = {**ALONE, "looks_up": ["extra"],
             "sql": "select t.code as id, map('colour', t.v) as description from t "
                    "left join extra x on x.id = t.id where t.id = :object"}
KINDS = {"alone": ALONE, "assembled": ASSEMBLED}

FLOW = {"event": "Item",
        "write": [{"table": "u", "key": "code",
                   "sql": "select e.event, e.id as code, e.description as v from event e"}],
        "gone": [{"table": "u", "key": "code", "do": "delete",
                  "sql": "select e.event, e.id as code from event e"}]}

both = pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
kinds = pytest.mark.parametrize("kind", KINDS)


def colours(**codes):
    return {"dictionaries": {"colour": {"codes": {"rot": "red", "blau": "blue", **codes},
                                        "unknown": "quarantine"}}}


def bridge_of(world, route, event, flow=FLOW, **options):
    a, b = route
    for table, side in ((T, a), (EXTRA, a), (U, b)):
        table.create(side)
    if a.family == "postgres":
        with a.connect() as c:
            run(c, "ALTER TABLE t REPLICA IDENTITY FULL")
    return world.event_bridge(a, b, {"Item": event}, [flow], config=colours(), **options)


def work(bridge, *transactions):
    """Each a statement, in a transaction of its own."""
    with bridge.a.connect() as c:
        for t in transactions:
            run(c, t)
    bridge.drain()


def u(bridge):
    return bridge.rows(bridge.b, "SELECT code, v FROM u ORDER BY code")


def numbers(bridge):
    return [n for n, in bridge.rows(bridge.b, "SELECT n FROM millrace.held ORDER BY n")]


def keys(bridge):
    return [h[1] for h in bridge.held()]


def retry(bridge):
    done = bridge.engine.command("quarantine", "retry", "--link", "a-b", "--all")
    assert done.returncode == 0, done.stderr
    return done.stdout


def mend(bridge):
    """The dictionary learns the code."""
    bridge.engine.stop()
    bridge.engine.write({**copy.deepcopy(bridge.engine.config), **colours(gelb="yellow")})
    bridge.start()


@kinds
@both
def test_a_refused_object_stays_until_it_is_mended(world, route, kind):
    bridge = bridge_of(world, route, KINDS[kind]).start()
    work(bridge, "INSERT INTO t VALUES (1, 'A', 'rot'), (2, 'B', 'gelb')")
    assert u(bridge) == [("A", "red")] and keys(bridge) == ["(object 2)"]
    before = numbers(bridge)
    retry(bridge)
    assert numbers(bridge) == before, "it is refused again, and not forgotten"
    assert "gelb" in bridge.held()[0][6]
    mend(bridge)
    retry(bridge)
    assert u(bridge) == [("A", "red"), ("B", "yellow")] and not bridge.held()
    work(bridge, "DELETE FROM t WHERE id = 2")
    assert u(bridge) == [("A", "red")]


@kinds
@both
def test_a_refused_change_is_a_change_when_it_is_mended(world, route, kind):
    bridge = bridge_of(world, route, KINDS[kind]).start()
    work(bridge, "INSERT INTO t VALUES (1, 'A', 'rot'), (2, 'B', 'rot')",
         "UPDATE t SET code = 'A2', v = 'gelb' WHERE id = 1",
         "UPDATE t SET code = 'A3' WHERE id = 1",
         "UPDATE t SET v = 'gelb' WHERE id = 2", "UPDATE t SET v = 'rot' WHERE id = 2")
    assert u(bridge) == [("A", "red"), ("B", "red")]
    assert keys(bridge) == ["(object 1)"], "one row of an object, and none of what is told since"
    mend(bridge)
    retry(bridge)
    assert u(bridge) == [("A3", "yellow"), ("B", "red")] and not bridge.held(), \
        "the row by its new name, and its newest state"


MENDED_AT_THE_SOURCE = [
    "UPDATE t SET v = 'gelb' WHERE id = 1", "UPDATE t SET v = 'blau' WHERE id = 1",
    "UPDATE t SET code = 'B2', v = 'gelb' WHERE id = 2", "UPDATE t SET v = 'blau', code = 'B3' WHERE id = 2",
    "UPDATE t SET v = 'gelb', code = 'C2' WHERE id = 3", "DELETE FROM t WHERE id = 3",
    "INSERT INTO t VALUES (4, 'D', 'gelb')", "UPDATE t SET code = 'D2' WHERE id = 4",
    "DELETE FROM t WHERE id = 4",
    "INSERT INTO t VALUES (5, 'E', 'gelb')", "UPDATE t SET v = 'rot' WHERE id = 5"]


@pytest.mark.parametrize("together", [False, True], ids=["one_by_one", "in_one_batch"])
@kinds
@both
def test_what_is_mended_at_the_source_is_held_no_longer(world, route, kind, together):
    bridge = bridge_of(world, route, KINDS[kind]).start()
    work(bridge, "INSERT INTO t VALUES (1, 'A', 'rot'), (2, 'B', 'rot'), (3, 'C', 'rot')")
    if together:
        bridge.engine.stop()
        with bridge.a.connect() as c:
            for s in MENDED_AT_THE_SOURCE:
                run(c, s)
        bridge.start()
        work(bridge)
    else:
        for s in MENDED_AT_THE_SOURCE:
            work(bridge, s)
            assert len(bridge.held()) <= 1
    assert u(bridge) == [("A", "blue"), ("B3", "blue"), ("E", "red")] and not bridge.held()
    status = bridge.engine.status()["a-b"]
    assert not status.get("quarantined"), status


@both
def test_a_newer_primary_key_passes_by_what_is_held(world, route):
    bridge = bridge_of(world, route, ALONE).start()
    work(bridge, "INSERT INTO t VALUES (1, 'A', 'gelb')", "UPDATE t SET id = 11, v = 'blau' WHERE id = 1")
    assert u(bridge) == [("A", "blue")] and not bridge.held()


@both
def test_what_cannot_be_said_to_be_gone_is_held(world, route):
    """A person dropped what the object was; it is gone all the same."""
    bridge = bridge_of(world, route, ALONE).start()
    work(bridge, "INSERT INTO t VALUES (1, 'A', 'rot')", "UPDATE t SET v = 'gelb' WHERE id = 1")
    done = bridge.engine.command("quarantine", "skip", "--link", "a-b", "--all", "--yes")
    assert done.returncode == 0 and not bridge.held(), done.stderr
    work(bridge, "DELETE FROM t WHERE id = 1")
    assert u(bridge) == [("A", "red")] and keys(bridge) == ["(object 1)"]
    mend(bridge)
    retry(bridge)
    assert not u(bridge) and not bridge.held()


@both
def test_what_a_type_or_let_refuses_of_single_rows_is_kept(world, route):
    event = {**ALONE, "sql": "select code as id, v as description from t where id = :object"}
    flow = {**FLOW, "let": "select map('colour', description) as colour from event"}
    flow["write"] = [{**FLOW["write"][0], "sql": "select e.event, e.id as code, e.colour as v from event e"}]
    bridge = bridge_of(world, route, event, flow).start()
    work(bridge, "INSERT INTO t VALUES (1, 'A', 'rot'), (2, 'B', 'gelb')", "UPDATE t SET code = 'A2', v = 'gelb' "
         "WHERE id = 1")
    assert u(bridge) == [("A", "red")] and sorted(keys(bridge)) == ["A2", "B"]
    before = numbers(bridge)
    retry(bridge)
    assert numbers(bridge) == before
    mend(bridge)
    retry(bridge)
    assert u(bridge) == [("A2", "yellow"), ("B", "yellow")] and not bridge.held()


POINTS = [("between_sets", 3), ("before_commit", 2), ("before_commit", 5), ("after_commit", 2), ("after_commit", 5)]


@pytest.mark.crash
@pytest.mark.skipif(not os.path.exists(binary(crash=True)), reason="no build with crash points")
@pytest.mark.parametrize("point,n", POINTS)
@kinds
@pytest.mark.parametrize("route", ["maria-pg"], indirect=True)
def test_killed_while_refusals_come_and_go(world, route, kind, point, n):
    bridge = bridge_of(world, route, KINDS[kind], crash=True).start()
    work(bridge, "INSERT INTO t VALUES (1, 'A', 'rot'), (2, 'B', 'rot'), (3, 'C', 'rot')")
    bridge.engine.stop()
    bridge.engine.start(env={"MILLRACE_CRASH": f"{point}:{n}"})
    bridge.engine.wait_streaming()
    for s in MENDED_AT_THE_SOURCE:
        with bridge.a.connect() as c:
            run(c, s)
        time.sleep(0.1)
    assert bridge.engine.wait_end(30) == -9, bridge.engine.tail()
    bridge.start()
    work(bridge)
    assert u(bridge) == [("A", "blue"), ("B3", "blue"), ("E", "red")] and not bridge.held()
