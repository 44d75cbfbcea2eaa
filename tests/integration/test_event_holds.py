"""What is held keeps its order, its transaction and its event, whatever happens in between."""
import os
import subprocess
import time

import pytest

from harness.engine import binary
from harness.servers import run
from test_event_shapes import HEADER, as_int, headers, one_table, orders, u, work

pg_maria = pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
COLOURS = {"rot": "red"}
LET = "select map('colour', description) as colour from event"


def colours(codes):
    return {"dictionaries": {"colour": {"codes": dict(codes), "unknown": "quarantine"}}}


def knows_yellow(bridge):
    bridge.engine.close()
    bridge.engine.config["dictionaries"]["colour"]["codes"]["gelb"] = "yellow"
    bridge.engine.write({k: v for k, v in bridge.engine.config.items()})
    return bridge


def together(world, route, join="wait"):
    bridge = one_table(world, route, flow={"together": True}, write={
        "if_no_row": join, "sql": f"select e.event, {as_int(route[1])} as id, e.description as v from event e "
        "join item i on i.code = e.description"})
    with route[1].connect() as c:
        run(c, "CREATE TABLE item (code varchar(40) PRIMARY KEY)")
        run(c, "INSERT INTO item VALUES ('yes')")
    return bridge.start()


@pytest.mark.parametrize("n", [700, 9000])
@pg_maria
def test_a_transaction_larger_than_a_slice_is_held_together(world, route, n):
    """The one that waits is read in another slice than most of those that wait for it, and written in
    another piece."""
    bridge = together(world, route)
    work(bridge, [f"INSERT INTO t SELECT g, 'yes' FROM generate_series(1, {n}) g",
                  f"INSERT INTO t VALUES ({n + 1}, 'no')"])
    assert len(bridge.held()) == n + 1
    time.sleep(3.5)      # the timer comes
    assert u(bridge) == [] and len(bridge.held()) == n + 1
    with bridge.b.connect() as c:
        run(c, "INSERT INTO item VALUES ('no')")
    bridge.wait(lambda: not bridge.held())
    assert len(u(bridge)) == n + 1


@pg_maria
def test_a_transaction_is_held_together_by_what_is_quarantined(world, route):
    bridge = together(world, route, "quarantine")
    work(bridge, ["INSERT INTO t VALUES (1, 'yes'), (2, 'no')"], "INSERT INTO t VALUES (3, 'yes')")
    time.sleep(3.5)
    assert u(bridge) == [(3, "yes")]
    assert [(h[1], h[3]) for h in bridge.held()] == [("1", "together"), ("2", "quarantine")]
    with bridge.b.connect() as c:
        run(c, "INSERT INTO item VALUES ('no')")
    done = bridge.engine.command("quarantine", "retry", "--all")
    assert done.returncode == 0, done
    bridge.wait(lambda: not bridge.held())
    assert u(bridge) == [(1, "yes"), (2, "no"), (3, "yes")]


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_a_retry_sees_that_the_column_is_wider_now(world, route):
    bridge = one_table(world, route, target="v varchar(5)", write={
        "sql": f"select e.event, {as_int(route[1])} as id, e.description as v from event e"}).start()
    work(bridge, ["INSERT INTO t VALUES (1, 'too long')"])
    bridge.wait(bridge.held)
    listed = bridge.engine.command("quarantine", "list").stdout
    assert "u.v (" in listed and "cannot hold too long" in listed, listed
    with bridge.b.connect() as c:
        run(c, "ALTER TABLE u ALTER COLUMN v TYPE varchar(20)" if bridge.b.family == "postgres"
            else "ALTER TABLE u MODIFY v varchar(20)")
    done = bridge.engine.command("quarantine", "retry", "--all")
    assert done.returncode == 0 and "1 are out" in done.stdout, done
    assert u(bridge) == [(1, "too long")] and not bridge.held()


@pg_maria
def test_what_waits_is_not_held_up_by_what_came_after_it(world, route):
    bridge = one_table(
        world, route, target="v varchar(40)", flow={"let": LET}, config=colours(COLOURS),
        write={"if_no_row": "wait", "sql": f"select e.event, {as_int(route[1])} as id, e.colour as v from event e "
               "join item i on i.code = e.colour"})
    with route[1].connect() as c:
        run(c, "CREATE TABLE item (code varchar(40) PRIMARY KEY)")
    bridge.start()
    work(bridge, "INSERT INTO t VALUES (1, 'rot')", "UPDATE t SET v = 'gelb' WHERE id = 1")
    assert len(bridge.held()) == 2
    with bridge.b.connect() as c:
        run(c, "INSERT INTO item VALUES ('red')")
    bridge.wait(lambda: u(bridge) == [(1, "red")])
    assert [(h[1], h[3]) for h in bridge.held()] == [("1", "quarantine")]


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_what_a_dictionary_lacked_goes_out_when_it_has_it(world, route):
    """MariaDB's log has whole rows: of them no mirror could tell the object once more."""
    bridge = one_table(
        world, route, flow={"let": LET}, config=colours(COLOURS),
        write={"sql": f"select e.event, {as_int(route[1])} as id, e.colour as v from event e"})
    bridge.start()
    work(bridge, "INSERT INTO t VALUES (1, 'gelb')", "INSERT INTO t VALUES (2, 'rot')")
    assert u(bridge) == [(2, "red")] and [(h[1], h[3]) for h in bridge.held()] == [("1", "quarantine")]
    knows_yellow(bridge).start()
    done = bridge.engine.command("quarantine", "retry", "--all")
    assert done.returncode == 0 and "1 held events tried; 1 are out" in done.stdout, done
    assert u(bridge) == [(1, "yellow"), (2, "red")] and not bridge.held()


@pg_maria
def test_a_transaction_is_passed_though_the_mirror_is_behind(world, route):
    """The link fails before the mirror is committed: it reads again what the target has."""
    bridge = orders(world, route, flow={"quarantine_limit": 1, "write": [
        {**HEADER, "sql": HEADER["sql"] + " where e.request_state <> 'no'"}]}).start()
    work(bridge, "INSERT INTO ord VALUES (1, 'A', 1, 'no', 'x', 0)")
    with bridge.a.connect() as c:
        for i in range(2, 30):
            run(c, f"INSERT INTO ord VALUES ({i}, 'B{i}', 1, 'new', 'x', 0)")
        run(c, "INSERT INTO ord VALUES (99, 'C', 1, 'no', 'x', 0)")
        run(c, "INSERT INTO ord VALUES (100, 'D', 1, 'new', 'x', 0)")
    error = bridge.engine.wait_failed("a-b")
    done = bridge.engine.command("skip", "a-b", "--position", error["position"])
    assert done.returncode == 0, (done, bridge.engine.tail())
    if not bridge.engine.running():
        bridge.engine.start()
    bridge.engine.wait_streaming()
    bridge.wait(lambda: any(h[0] == "D" for h in headers(bridge)))
    assert len(headers(bridge)) == 29


@pg_maria
def test_what_came_before_the_bad_transaction_is_in_the_target(world, route):
    """However the source's transactions lie in batches."""
    bridge = orders(world, route, flow={"quarantine_limit": 0, "write": [
        {**HEADER, "sql": HEADER["sql"] + " where e.request_state <> 'no'"}]}).start()
    with bridge.a.connect() as c:
        for i in range(30):
            run(c, f"INSERT INTO ord VALUES ({i}, 'B{i}', 1, 'new', 'x', 0)")
        for i in range(30, 60):   # these make no event
            run(c, f"INSERT INTO ord VALUES ({i}, 'B{i}', 1, 'draft', 'x', 0)")
        run(c, "INSERT INTO ord VALUES (99, 'C', 1, 'no', 'x', 0)")
        run(c, "INSERT INTO ord VALUES (100, 'D', 1, 'new', 'x', 0)")
    error = bridge.engine.wait_failed("a-b")
    assert len(headers(bridge)) == 30
    done = bridge.engine.command("skip", "a-b", "--position", error["position"])
    assert done.returncode == 0, (done, bridge.engine.tail())
    if not bridge.engine.running():
        bridge.engine.start()
    bridge.engine.wait_streaming()
    bridge.drain()
    assert len(headers(bridge)) == 31


@pg_maria
def test_a_key_that_changed_in_what_was_refused_moves_its_row(world, route):
    bridge = one_table(
        world, route, source="v varchar(40)\nw varchar(40)", target="v varchar(40)\nw varchar(40)",
        event={"sql": "select v as id, w as description, id as version from t where id = :object"},
        flow={"let": LET}, config=colours(COLOURS),
        write={"key": "v", "sql": "select e.event, cast(e.version as signed) as id, e.id as v, e.colour as w "
                                  "from event e"}).start()
    work(bridge, "INSERT INTO t VALUES (1, 'A', 'rot')", "UPDATE t SET v = 'B', w = 'gelb' WHERE id = 1")
    assert [(h[1], h[3]) for h in bridge.held()] == [("B", "quarantine")]
    knows_yellow(bridge).start()
    done = bridge.engine.command("quarantine", "retry", "--all")
    assert done.returncode == 0 and not bridge.held(), (done, bridge.held())
    assert u(bridge) == [(1, "B", "yellow")]


@pytest.mark.parametrize("route", ["pg-pg2"], indirect=True)
def test_what_waits_may_have_been_what_no_event_can_say(world, route):
    """A person mends a value in the source: the link goes on, and so does the object."""
    bridge = one_table(
        world, route, target="v numeric", write={"sql": "select e.event, e.id::int8 as id, e.quantity as v from event e"},
        event={"type": "MaterialActual", "sql": "select id, v as quantity, (select count(*) from t) as material_use "
               "from t where id = :object"}).start()
    work(bridge, "INSERT INTO t VALUES (1, 'abc')", "UPDATE t SET v = '5' WHERE id = 1")
    assert [(h[1], h[3]) for h in bridge.held()] == [("1", "quarantine"), ("1", "behind")]
    done = bridge.engine.command("quarantine", "retry", "--all")
    assert done.returncode == 0 and not bridge.held(), (done, bridge.held())
    assert u(bridge) == [(1, 5)]


@pytest.mark.parametrize("route", ["pg-pg2"], indirect=True)
def test_a_retry_waits_for_a_mirror_that_is_behind(world, route):
    """What the target has is read again first: nothing is told of that, not even what is asked for."""
    a, b = route
    bridge = one_table(world, route, config=colours(COLOURS), event={
        "sql": "select id, map('colour', v) as description, (select count(*) from t) as version from t where id = :object"},
        write={"sql": "select e.event, e.id::int8 as id, e.description as v from event e"}).start()
    work(bridge, "INSERT INTO t VALUES (1, 'gelb')")
    time.sleep(2.5)      # the mirror is committed
    with a.connect() as c:
        for i in range(10, 40):
            run(c, f"INSERT INTO t VALUES ({i}, 'rot')")
        run(c, "INSERT INTO probe VALUES (7)")
    bridge.wait(lambda: bridge.rows(b, "SELECT 1 FROM probe WHERE id = 7"))
    bridge.engine.kill()
    knows_yellow(bridge)
    with b.connect(autocommit=False) as c:
        run(c, "LOCK TABLE millrace.checkpoint")
        bridge.engine.start()
        bridge.engine.wait_log("runs", since=0)
        bridge.engine.wait_state("starting")
        asked = subprocess.Popen([binary(), "quarantine", "retry", "--all", "-c", bridge.engine.path],
                                 env={**os.environ, **bridge.engine.env}, stdout=subprocess.PIPE)
        time.sleep(1)
        c.rollback()
    assert b"1 are out" in asked.communicate(timeout=60)[0]
    assert u(bridge)[0] == (1, "yellow") and not bridge.held()


@pytest.mark.parametrize("route", ["pg-pg2", "maria-pg"], indirect=True)
def test_a_bad_transaction_in_the_midst_of_many(world, route):
    """While one target transaction is written, the next one is read: not what comes after a bad one."""
    bridge = orders(world, route, flow={"quarantine_limit": 0, "write": [
        {**HEADER, "sql": HEADER["sql"] + " where e.request_state <> 'no'"}]}).start()
    bridge.engine.stop()
    with bridge.a.connect(autocommit=False) as c:
        for i in range(6000):
            run(c, f"INSERT INTO ord VALUES ({i}, 'B{i}', 1, '{'no' if i == 2500 else 'new'}', 'x', 0)")
            c.commit()
    bridge.engine.start()
    error = bridge.engine.wait_failed("a-b")
    assert len(headers(bridge)) == 2500
    done = bridge.engine.command("skip", "a-b", "--position", error["position"])
    assert done.returncode == 0, (done, bridge.engine.tail())
    if not bridge.engine.running():
        bridge.engine.start()
    bridge.engine.wait_streaming()
    bridge.drain(60)
    assert len(headers(bridge)) == 5999
