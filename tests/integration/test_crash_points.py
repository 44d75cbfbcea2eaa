"""kill -9 at every named point and at random, under load, both ways: nothing lost, nothing doubled.

MILLRACE_KILLS: how many random kills (default 10; `./test.sh crash` sets 50).
"""
import collections
import os
import random
import time

import pytest

from harness.engine import EngineFailed, binary
from harness.servers import run
from harness.tables import WORKLOAD, TableDef
from harness.workload import Workload, create_tables

TABLES = [t.name for t in WORKLOAD]
ROUTES = ["pg-maria", "maria-pg"]
KILLS = int(os.environ.get("MILLRACE_KILLS", "10"))

# name -> at which pass
STREAM_POINTS = {"after_decode": 40, "before_begin": 10, "after_marker": 10, "between_sets": 15,
                 "before_commit": 10, "commit_sent": 10, "after_commit": 10, "before_ack": 8,
                 "after_ack": 8, "after_fence": 1}
COPY_POINTS = ["after_slot", "after_snapshot", "chunk_read", "chunk_before_commit",
               "chunk_after_commit", "copy_hand_over"]
# a kill after any of these met a batch on its way
IN_FLIGHT = {"after_decode", "before_begin", "after_marker", "between_sets", "between_pieces",
             "before_commit", "commit_sent", "after_commit", "before_ack"}

pytestmark = [pytest.mark.crash, pytest.mark.limit(300),
              pytest.mark.skipif(not os.path.exists(binary(crash=True)),
                                 reason=f"no {binary(crash=True)}: ./test.sh crash builds it")]
routes = pytest.mark.parametrize("route", ROUTES, indirect=True)


def crash_at(bridge, point, n=1, seconds=60):
    """Runs the engine until it kills itself at the point."""
    bridge.engine.start(env={"MILLRACE_CRASH": f"{point}:{n}"})
    code = bridge.engine.wait_end(seconds)
    assert code == -9 and f"crash point {point}" in bridge.engine.log(), \
        f"ended with {code}, not at {point}\n{bridge.engine.tail()}"


@pytest.mark.parametrize("point", STREAM_POINTS)
@routes
def test_killed_at_a_point_of_the_stream(world, route, point):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES, crash=True).start()
    with Workload(bridge.a, writers=2, seed=point).prepare() as load:
        load.wait_transactions(50)
        bridge.engine.kill()
        crash_at(bridge, point, STREAM_POINTS[point])
        bridge.start()
        load.wait_transactions(50)
    bridge.prove()


@routes
def test_killed_between_the_pieces_of_a_large_transaction(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES, crash=True, budget="8 MiB").start()
    with Workload(bridge.a, writers=1).prepare() as load:
        load.wait_transactions(20)
        bridge.engine.kill()
        for n in (1, 3):
            with bridge.a.connect(autocommit=False) as c:
                insert_many(c, 60_000, offset=n)
                c.commit()
            crash_at(bridge, "between_pieces", n)
        bridge.start()
    bridge.prove(120)


def insert_many(connection, rows, offset):
    """One statement's worth each 2,000 rows of about 200 bytes."""
    body = "x" * 150
    for start in range(0, rows, 2000):
        values = ", ".join(f"({1000 + offset}, {start + i}, '{body}')" for i in range(2000))
        run(connection, f"INSERT INTO journal VALUES {values}")


@routes
def test_killed_at_an_idle_checkpoint(world, route):
    """Traffic on tables that are not mapped moves the position on."""
    create_tables(*route)
    TableDef("elsewhere", "id integer\nv varchar(1000)", ["id"]).create(route[0])
    bridge = world.bridge(*route, tables=TABLES, crash=True, idle_checkpoint="1 s").start()
    bridge.drain()
    bridge.engine.kill()
    bridge.engine.start(env={"MILLRACE_CRASH": "idle_checkpoint:1"})
    with route[0].connect() as c:
        n, end = 0, time.monotonic() + 60
        while bridge.engine.running() and time.monotonic() < end:
            # PostgreSQL tells only how far its log is: 16 MiB of it are worth a checkpoint
            rows = ", ".join(f"({n + i}, '{'x' * 1000}')" for i in range(500))
            run(c, f"INSERT INTO elsewhere VALUES {rows}")
            n += 500
            time.sleep(0.05)
    assert "crash point idle_checkpoint" in bridge.engine.log(), bridge.engine.tail()
    bridge.start()
    bridge.prove()


@routes
def test_killed_in_row_mode(world, route):
    """Two unique values that change places are written row by row."""
    uniq = TableDef("uniq", "id integer\ncode varchar(20)", ["id"], more=["UNIQUE (code)"])
    for side in route:
        uniq.create(side)
    bridge = world.bridge(*route, tables=["uniq"], crash=True).start()
    with bridge.a.connect(autocommit=False) as c:
        run(c, "INSERT INTO uniq VALUES (1, 'a'), (2, 'b')")
        c.commit()
        bridge.prove()
        bridge.engine.kill()
        run(c, "UPDATE uniq SET code = 't' WHERE id = 1")
        run(c, "UPDATE uniq SET code = 'a' WHERE id = 2")
        run(c, "UPDATE uniq SET code = 'b' WHERE id = 1")
        c.commit()
    crash_at(bridge, "row_mode", 1)
    bridge.start()
    bridge.prove()


@pytest.mark.parametrize("route,point",
                         [(r, p) for r in ROUTES for p in COPY_POINTS
                          if not (p == "after_slot" and r.startswith("maria"))],
                         indirect=["route"])
def test_killed_at_a_point_of_the_first_copy(world, route, point):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES, crash=True, first_copy="to_empty",
                          copy_chunk_rows=400, copy_readers=2)
    load = Workload(bridge.a, writers=2, seed=point, large=0.2, pause=0).prepare()
    with load:
        load.wait_transactions(150)
    load = Workload(bridge.a, writers=2, seed=point + "2", pause=0.005)
    with load:
        load.wait_transactions(5)
        crash_at(bridge, point, 3 if point.startswith("chunk") else 1)
        load.wait_transactions(5)
        bridge.start(60)
        load.wait_transactions(50)
    bridge.prove(90)


@routes
def test_killed_while_a_transaction_is_skipped(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES, crash=True)
    with route[1].connect() as c:
        run(c, "INSERT INTO item (id, qty) VALUES (7, 70)")
    bridge.start()
    with route[0].connect() as c:
        run(c, "INSERT INTO item (id, qty) VALUES (7, 7)")
    error = bridge.engine.wait_failed()
    position = error["position"]
    bridge.engine.close()
    done = bridge.engine.command("skip", "a-b", "--position", position,
                                 env={"MILLRACE_CRASH": "skip:1"})
    assert done.returncode == -9, done
    done = bridge.engine.command("skip", "a-b", "--position", position)
    assert done.returncode == 0, done
    with route[1].connect() as c:
        assert run(c, "SELECT count(*) FROM millrace.held")[0][0] == 1
    bridge.start()
    with route[0].connect() as c:
        run(c, "UPDATE item SET qty = 70 WHERE id = 7")
    bridge.prove()


def test_killed_at_random_moments_under_load_both_ways(world, tmp_path, capsys):
    """Each kill meets a batch in flight: one that does not is not counted."""
    a, b = world.side("pg"), world.side("maria")
    create_tables(a, b)
    with a.connect() as c:
        for t in TABLES:
            run(c, f"ALTER TABLE {t} REPLICA IDENTITY FULL")
    stage_file = str(tmp_path / "stage")
    bridge = world.bridge(a, b, tables=TABLES, ways="both", crash=True, budget="8 MiB",
                          env={"MILLRACE_STAGE_FILE": stage_file}).start()
    rnd = random.Random(os.environ.get("MILLRACE_SEED", "17"))
    stages, tries = collections.Counter(), 0
    loads = [Workload(side, parity=p, writers=2, pause=0.004, large=0.04).prepare()
             for p, side in enumerate((a, b))]
    with loads[0], loads[1]:
        while sum(stages.values()) < KILLS:
            tries += 1
            assert tries < 4 * KILLS + 20, f"too few kills meet a batch: {stages}"
            time.sleep(rnd.uniform(0.02, 0.8))
            wait_in_flight(stage_file)
            time.sleep(rnd.uniform(0, 0.002))
            bridge.engine.kill()
            stage = read_stage(stage_file)
            bridge.start()
            if stage in IN_FLIGHT:
                stages[stage] += 1
                if sum(stages.values()) % 10 == 0:
                    settle(loads, bridge)
    report = bridge.prove(120)
    with capsys.disabled():
        print(f"\n  {sum(stages.values())} kills with a batch in flight ({tries} in all): "
              + ", ".join(f"{k} {v}" for k, v in stages.most_common()) + f"; {report}")


def wait_in_flight(stage_file, seconds=0.3):
    """Most of a moment chosen blindly is idle: from there to the next batch."""
    end = time.monotonic() + seconds
    while read_stage(stage_file) not in IN_FLIGHT and time.monotonic() < end:
        pass


def settle(loads, bridge):
    """Now and then both sides are compared in between."""
    for load in loads:
        load.pause_writes()
    time.sleep(0.3)
    try:
        bridge.prove(90)
    finally:
        for load in loads:
            load.go_on()


def read_stage(path):
    try:
        with open(path, "rb") as f:
            return f.read(64).split(b"\0")[0].strip().decode()
    except FileNotFoundError as e:
        raise EngineFailed("the engine writes no stage file") from e
