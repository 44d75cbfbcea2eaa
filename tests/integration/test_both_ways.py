"""A pair: writes on both sides, nothing echoes, nobody wakes the other."""
import time

import pytest

from harness.servers import run
from harness.tables import WORKLOAD
from harness.workload import Workload, create_tables

TABLES = [t.name for t in WORKLOAD]
PAIRS = ["pg-maria", "pg-mysql", "pg-pg2", "maria-maria2"]

pytestmark = pytest.mark.limit(240)


@pytest.fixture
def pair(world, request):
    a, b = (world.side(n) for n in request.param.split("-"))
    create_tables(a, b)
    if a.family == "postgres":
        _identity_full(a)
    if b.family == "postgres":
        _identity_full(b)
    return world.bridge(a, b, tables=TABLES, ways="both").start()


def _identity_full(side):
    with side.connect() as c:
        for t in TABLES:
            run(c, f"ALTER TABLE {t} REPLICA IDENTITY FULL")


def counted(engine):
    return {n: (l["transactions"], l["rows"]) for n, l in engine.status().items()}


@pytest.mark.parametrize("pair", PAIRS, indirect=True)
def test_both_sides_write_and_both_are_equal(pair):
    loads = [Workload(side, parity=p, writers=2, pause=0.002).prepare()
             for p, side in enumerate((pair.a, pair.b))]
    with loads[0], loads[1]:
        for load in loads:
            load.wait_transactions(300)
    report = pair.prove(90)
    assert report.rows > 200
    # what a link wrote is what the applications wrote: not one transaction came back
    status = counted(pair.engine)
    for load, link in zip(loads, ("a-b", "b-a")):
        written = load.stats["transactions"] + 6 + 1    # hot rows, the probe
        assert status[link][0] <= written, f"{link} echoes: {status}, {loads[0].stats}"


@pytest.mark.parametrize("pair", ["pg-maria", "pg-pg2", "maria-maria2"], indirect=True)
def test_nothing_comes_back(pair):
    """100 transactions one way are none the other way, and the other way's rows stay as they are."""
    pair.drain()
    before = counted(pair.engine)
    with pair.a.connect() as c:
        for i in range(100):
            run(c, "INSERT INTO item (id, qty) VALUES (%s, 1)", (i,))
            run(c, "UPDATE item SET qty = 2 WHERE id = %s", (i,))
    pair.drain()
    after = counted(pair.engine)
    rows = {n: after[n][1] - before[n][1] for n in after}
    assert rows["a-b"] >= 101 and rows["b-a"] <= 1, rows   # the probes
    pair.prove()


@pytest.mark.parametrize("names", ["pg-maria", "maria-maria2", "pg-pg2"])
def test_idle_links_do_not_wake_each_other(world, names):
    """After the last row both links fall silent: no checkpoint follows a checkpoint for ever."""
    a, b = (world.side(n) for n in names.split("-"))
    create_tables(a, b)
    pair = world.bridge(a, b, tables=TABLES, ways="both", idle_checkpoint="1 s").start()
    with a.connect() as c:
        run(c, "INSERT INTO item (id) VALUES (1)")
    pair.drain()
    time.sleep(5)     # an idle checkpoint of each, and what it may set off
    seen = [(pair.checkpoint(b, "a-b")[0], pair.checkpoint(a, "b-a")[0])]
    time.sleep(6)
    seen.append((pair.checkpoint(b, "a-b")[0], pair.checkpoint(a, "b-a")[0]))
    assert seen[0] == seen[1], f"checkpoints go on while nobody writes: {seen}"


def test_a_third_system_gets_what_passed_through_the_second(world):
    """a -> b -> c is no circle; a -> b -> c -> a is cut."""
    a, b, c = world.side("pg"), world.side("maria"), world.side("maria2")
    create_tables(a, b, c)
    from harness.engine import Engine, system
    from harness.tables import full_name
    import os

    def link(name, s, t, sides):
        return {"name": name, "from": s, "to": t, "first_copy": {"mode": "none"},
                "tables": {full_name(sides[0], "item"): full_name(sides[1], "item")}}

    engine = Engine(os.path.join(world.directory, "ring"), {
        "systems": {"a": system(a), "b": system(b), "c": system(c)},
        "links": [link("ab", "a", "b", (a, b)), link("bc", "b", "c", (b, c)),
                  link("ca", "c", "a", (c, a))]})
    world.defer(engine.close)
    engine.start()
    engine.wait_streaming()
    with a.connect() as con:
        run(con, "INSERT INTO item (id, qty) VALUES (1, 1)")
    end = time.monotonic() + 30
    with c.connect() as con:
        while not run(con, "SELECT 1 FROM item WHERE id = 1"):
            assert time.monotonic() < end, engine.tail()
            time.sleep(0.05)
    with b.connect() as con:
        run(con, "INSERT INTO item (id, qty) VALUES (2, 2)")
    with a.connect() as con:
        while not run(con, "SELECT 1 FROM item WHERE id = 2"):
            assert time.monotonic() < end, engine.tail()
            time.sleep(0.05)
    time.sleep(1)
    status = engine.wait_streaming()
    assert status["ca"]["rows"] == 1, status   # only the row that b's application wrote


def emit_marker(side, link, seq, path):
    """A transaction on the side that bears a mark, as another Millrace would leave it."""
    with side.connect(autocommit=False) as c:
        if side.family == "postgres":
            run(c, "SELECT pg_logical_emit_message(true, 'millrace', %s)",
                (f"1 {link} 0 {seq} {path}",))
        else:
            run(c, "INSERT INTO millrace.checkpoint (link, lane, seq, writer, position, root, "
                "path, plan) VALUES (%s, 0, %s, 1, 'x', 'x', %s, REPEAT('x', 32))",
                (link, seq, path))
        run(c, "INSERT INTO item (id) VALUES (%s)", (1000 + seq,))
        c.commit()


@pytest.mark.parametrize("pair", ["pg-maria", "maria-maria2", "pg-pg2"], indirect=True)
def test_a_gap_in_the_numbers_of_a_link_stops_its_reader(pair):
    """A marker that is missing in the log is a transaction that is missing: nobody steps over it."""
    for seq in (5, 6, 7):
        emit_marker(pair.b, 4711, seq, "123")
    pair.drain()
    pair.prove()
    emit_marker(pair.b, 4711, 9, "123")
    error = pair.engine.wait_failed("b-a")
    assert error["code"] == "sequence_gap", error
    assert pair.engine.status()["a-b"]["state"] == "streaming"
    with pair.a.connect() as c:
        assert not run(c, "SELECT 1 FROM item WHERE id = 1009")


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_a_strange_checkpoint_stops_the_engine(world, route):
    """Someone else wrote the next number: there is a second engine, and this one writes no more."""
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES).start()
    bridge.drain()
    with bridge.b.connect() as c:
        run(c, "INSERT INTO millrace.checkpoint (link, lane, seq, writer, position, root, path, "
            "plan) SELECT link, lane, seq + 1, 4711, position, root, path, plan "
            "FROM millrace.checkpoint ORDER BY seq DESC LIMIT 1")
    with bridge.a.connect() as c:
        run(c, "INSERT INTO item (id) VALUES (1)")
    error = bridge.engine.wait_failed()
    assert error["code"] == "second_engine", error
    with bridge.b.connect() as c:
        assert not run(c, "SELECT 1 FROM item")
