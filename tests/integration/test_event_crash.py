"""kill -9 of an engine that carries events, at every named point and at random, under load both ways:
each target says what its source does, and nothing is written twice.

MILLRACE_KILLS: how many random kills (default 10; `./test.sh crash` sets 50). MILLRACE_HELD: how many
events are held over a kill (default 5,000; 100,000 in `./test.sh large`).
"""
import collections
import os
import random
import time

import pytest

from harness.engine import binary
from harness.factory_load import FactoryLoad
from harness.servers import run
from test_crash_points import IN_FLIGHT, KILLS, read_stage, wait_in_flight
from test_event_shapes import FLOW, ORDER, as_int, create, headers, lines, one_table, u, work

# name -> at which pass, of both links
STREAM_POINTS = {"after_decode": 40, "before_begin": 20, "after_marker": 20, "between_sets": 25,
                 "before_commit": 20, "commit_sent": 20, "after_commit": 20, "before_ack": 3,
                 "after_ack": 3, "after_fence": 1, "before_mirror": 3, "after_mirror": 3}
COPY_POINTS = ["after_slot:1", "after_snapshot:1", "copy_hand_over:1", "before_mirror:1", "after_mirror:1",
               "chunk_before_commit:2", "chunk_after_commit:1", "chunk_after_commit:3", "before_mirror:2",
               "after_mirror:2"]

needs_crash = pytest.mark.skipif(not os.path.exists(binary(crash=True)),
                                 reason=f"no {binary(crash=True)}: ./test.sh crash builds it")
crash = [pytest.mark.crash, pytest.mark.limit(300), needs_crash]
routes = pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)


def marked(test):
    for m in crash:
        test = m(test)
    return test


def strict(text):
    """Rows that are only added: one that came twice is not an update, but quarantined."""
    for table in ("x_mes_job_response", "x_mes_material_actual"):
        text = text.replace(f"          - table: {table}\n", f"          - table: {table}\n            do: insert\n")
    return text.replace("            once:  [create_date]\n            touch: [write_date]\n", "")


def working_factory(world, **options):
    return world.factory(change=strict, crash=True, **options).start()


def crash_at(bridge, point, n=1, seconds=60):
    """Runs the engine until it kills itself at the point."""
    bridge.engine.start(env={"MILLRACE_CRASH": f"{point}:{n}"})
    code = bridge.engine.wait_end(seconds)
    assert code == -9 and f"crash point {point}" in bridge.engine.log(), \
        f"ended with {code}, not at {point}\n{bridge.engine.tail()}"


@pytest.mark.parametrize("point", STREAM_POINTS)
@marked
def test_killed_at_a_point_of_the_stream(world, point):
    f = working_factory(world)
    with FactoryLoad(f, seed=point) as load:
        load.wait(30)
        f.engine.kill()
        crash_at(f, point, STREAM_POINTS[point])
        f.start()
        load.wait(30)
    f.settle()
    load.prove()


@marked
def test_killed_at_random_moments_under_load(world, tmp_path, capsys):
    stage_file = str(tmp_path / "stage")
    env = {"MILLRACE_STAGE_FILE": stage_file}
    f = world.factory(change=strict, crash=True).start(env=env)
    rnd = random.Random(os.environ.get("MILLRACE_SEED", "17"))
    stages, tries = collections.Counter(), 0
    with FactoryLoad(f) as load:
        load.wait(10)
        while sum(stages.values()) < KILLS:
            tries += 1
            assert tries < 4 * KILLS + 20, f"too few kills meet a batch: {stages}"
            time.sleep(rnd.uniform(0.02, 1.5))
            wait_in_flight(stage_file)
            time.sleep(rnd.uniform(0, 0.002))
            f.engine.kill()
            stage = read_stage(stage_file)
            f.start(env=env)
            if stage in IN_FLIGHT | {"before_mirror", "after_mirror"}:
                stages[stage] += 1
    f.settle(seconds=120)
    orders, reports = load.prove()
    with capsys.disabled():
        print(f"\n  {sum(stages.values())} kills with a batch in flight ({tries} in all): "
              + ", ".join(f"{k} {v}" for k, v in stages.most_common()) + f"; {orders} orders, {reports} reports")


# ---- the first copy


def filled(world, route, rows=5000, **options):
    """Orders with a line each that are there before the link is."""
    create(*route)
    with route[0].connect() as c:
        for start in range(0, rows, 1000):
            numbers = range(start, min(start + 1000, rows))
            run(c, "INSERT INTO ord VALUES " + ", ".join(f"({i}, 'C{i}', {i}, 'new', 'x', 0)" for i in numbers))
            run(c, "INSERT INTO part VALUES " + ", ".join(f"({i}, {i}, 'steel', {i})" for i in numbers))
    return world.event_bridge(*route, {"Order": ORDER}, [FLOW], first_copy="merge", crash=True, **options)


def prove_orders(bridge):
    """Each order of the source, with its line."""
    bridge.drain(60)
    orders = {i: (code, qty) for i, code, qty in bridge.rows(bridge.a, "SELECT id, code, qty FROM ord")}
    parts = bridge.rows(bridge.a, "SELECT ord_id, item, qty FROM part")
    assert sorted(map(tuple, bridge.rows(bridge.b, "SELECT number, qty FROM wo"))) == sorted(orders.values())
    assert lines(bridge) == {(orders[o][0], item): qty for o, item, qty in parts if o in orders}
    assert not bridge.held()


@pytest.mark.parametrize("route,point", [(r, p) for r in ("pg-maria", "maria-pg") for p in COPY_POINTS
                                         if not (p == "after_slot:1" and r.startswith("maria"))],
                         indirect=["route"])
@marked
def test_killed_at_a_point_of_the_first_copy(world, route, point):
    bridge = filled(world, route)
    name, n = point.split(":")
    crash_at(bridge, name, int(n))
    with bridge.a.connect() as c:    # while nobody looks
        run(c, "UPDATE ord SET qty = qty + 1 WHERE id < 100")
        run(c, "UPDATE part SET qty = qty + 1 WHERE id > 4900")
        run(c, "DELETE FROM ord WHERE id = 4000")
        run(c, "DELETE FROM part WHERE id = 4000")
        run(c, "INSERT INTO ord VALUES (9000, 'N', 1, 'new', 'x', 0)")
    bridge.start(60)
    prove_orders(bridge)


@routes
@marked
def test_killed_while_the_mirror_is_filled(world, route):
    bridge = filled(world, route, rows=30_000)
    for pause in (0, 0.05, 0.1, 0.2, 0.4):
        bridge.engine.start()
        bridge.engine.wait_log("filling the mirror", since=len(bridge.engine.log()))
        time.sleep(pause)
        bridge.engine.kill()
    with bridge.a.connect() as c:
        run(c, "UPDATE ord SET qty = qty + 1 WHERE id < 100")
    bridge.start(60)
    prove_orders(bridge)


# ---- a large transaction


@routes
@marked
def test_killed_between_the_pieces_of_a_large_transaction(world, route):
    bridge = filled(world, route, rows=0, budget="8 MiB").start()
    bridge.engine.kill()
    with bridge.a.connect(autocommit=False) as c:
        for start in range(0, 60_000, 1000):
            numbers = range(start, start + 1000)
            run(c, "INSERT INTO ord VALUES " + ", ".join(f"({i}, 'C{i}', {i}, 'new', '{'x' * 90}', 0)" for i in numbers))
            run(c, "INSERT INTO part VALUES " + ", ".join(f"({i}, {i}, 'steel', {i})" for i in numbers))
        c.commit()
    for n in (1, 2):
        crash_at(bridge, "between_pieces", n)
        assert not headers(bridge)
    bridge.start()
    prove_orders(bridge)


# ---- what is held


def count_held(bridge):
    return bridge.rows(bridge.b, "SELECT count(*) FROM millrace.held")[0][0]


def held_over_a_kill(world, route, n):
    a, b = route
    with b.connect() as c:
        run(c, "CREATE TABLE gate (id bigint PRIMARY KEY)")
    with a.connect() as c:
        run(c, "CREATE TABLE elsewhere (id bigint, v varchar(1000))")
    bridge = one_table(world, route, write={
        "if_no_row": "wait", "sql": f"select e.event, {as_int(b)} as id, e.description as v from event e "
        "where exists (select 1 from gate)"}, retry_every="2 s", idle_checkpoint="1 s").start()
    for start in range(0, n, 500):
        with a.connect() as c:
            run(c, "INSERT INTO t VALUES " + ", ".join(f"({i}, 'v{i}')" for i in range(start, start + 500)))
        if start == n // 2 // 500 * 500:
            bridge.wait(lambda: count_held(bridge))
            bridge.engine.kill()
    bridge.start()
    bridge.wait(lambda: count_held(bridge) == n, 120)
    return bridge


def retained(side):
    with side.connect() as c:
        return int(run(c, "SELECT max(pg_current_wal_lsn() - restart_lsn) FROM pg_replication_slots "
                       "WHERE database = %s", (side.database,))[0][0])


def write_elsewhere(side, mib):
    with side.connect() as c:
        for _ in range(mib):
            run(c, "INSERT INTO elsewhere SELECT g, repeat('x', 1000) FROM generate_series(1, 1000) g")


@pytest.mark.large
@pytest.mark.limit(600)
@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_what_is_held_keeps_no_log(world, route):
    """Held events live in the target: the source may forget them, and a kill does not matter."""
    n = int(os.environ.get("MILLRACE_HELD", "5000"))
    bridge = held_over_a_kill(world, route, n)
    write_elsewhere(bridge.a, 100)

    def is_let_go():
        """The server forgets log only as it is written: at a checkpoint, and what comes after it."""
        with bridge.a.connect() as c:
            run(c, "CHECKPOINT")
        write_elsewhere(bridge.a, 20)
        time.sleep(1)
        return retained(bridge.a) < 64 << 20
    bridge.wait(is_let_go, 60)
    bridge.engine.kill()
    bridge.start()
    work(bridge, "INSERT INTO t VALUES (-1, 'behind nobody')", "UPDATE t SET v = 'last' WHERE id = 7")
    assert count_held(bridge) == n + 2
    with bridge.b.connect() as c:
        run(c, "INSERT INTO gate VALUES (1)")
    bridge.wait(lambda: count_held(bridge) == 0, 60 + n // 500)
    assert u(bridge) == [(-1, "behind nobody")] + [(i, "last" if i == 7 else f"v{i}") for i in range(n)]
