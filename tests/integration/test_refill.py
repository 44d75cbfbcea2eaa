"""The mirror is filled again while orders come, change and leave: nothing of it is missed."""
import copy
import os

import pytest

from harness.engine import binary
from harness.servers import run
from test_event_shapes import FLOW, ORD, ORDER, PART, WO, WO_LINE, both

MODES = pytest.mark.parametrize("mode", ["none", "merge"])


def bridge_of(world, route, mode, **options):
    a, b = route
    for table, side in ((ORD, a), (PART, a), (WO, b), (WO_LINE, b)):
        table.create(side)
    return world.event_bridge(a, b, {"Order": ORDER}, [FLOW], first_copy=mode, **options)


def works(side, *statements):
    with side.connect() as c:
        for s in statements:
            run(c, s)


def orders(side, first, last):
    with side.connect() as c:
        for n in range(first, last + 1, 500):
            rows = ", ".join(f"({i}, 'O-{i:05}', {i}, 'open')" for i in range(n, min(n + 499, last) + 1))
            run(c, f"INSERT INTO ord (id, code, qty, state) VALUES {rows}")


def read_one_more_column(bridge):
    """A column that the mirror does not have: its rows are to be read again."""
    config = copy.deepcopy(bridge.engine.config)
    config["events"]["Order"]["sql"] = ORDER["sql"].replace(
        "note as description", "case when other is null then note else other || '!' end as description")
    bridge.engine.write(config)


def source_orders(bridge):
    return sorted((code, float(qty)) for code, qty in bridge.rows(
        bridge.a, "SELECT code, qty FROM ord WHERE state <> 'draft'"))


def target_orders(bridge):
    return sorted((number, float(qty)) for number, qty in bridge.rows(bridge.b, "SELECT number, qty FROM wo"))


def ids(bridge):
    return dict(bridge.rows(bridge.b, "SELECT number, id FROM wo"))


MEANWHILE = ["DELETE FROM part WHERE ord_id = 1", "DELETE FROM ord WHERE id = 1",
             "UPDATE ord SET state = 'draft' WHERE id = 2",
             "UPDATE ord SET code = 'O-RENAMED' WHERE id = 3",
             "UPDATE ord SET qty = 444 WHERE id = 4",
             "INSERT INTO ord (id, code, qty, state) VALUES (9050, 'O-NEW', 50, 'open')",
             "INSERT INTO ord (id, code, qty, state) VALUES (9051, 'O-SHORT', 51, 'open')",
             "DELETE FROM ord WHERE id = 9051"]


@MODES
@both
def test_what_left_and_was_renamed_meanwhile_is_told(world, route, mode):
    bridge = bridge_of(world, route, mode).start()
    orders(bridge.a, 1, 10)
    works(bridge.a, "INSERT INTO part VALUES (11, 1, 'BOLT', 4), (31, 3, 'NUT', 5)")
    bridge.drain()
    before = ids(bridge)
    assert len(before) == 10
    bridge.engine.stop()
    works(bridge.a, *MEANWHILE, "UPDATE ord SET other = 7 WHERE id = 6")
    works(bridge.b, "UPDATE wo SET qty = 1000 WHERE number = 'O-00009'")
    read_one_more_column(bridge)
    bridge.start()
    bridge.drain()
    now = ids(bridge)
    assert now["O-RENAMED"] == before["O-00003"], "the same row by its new name"
    assert bridge.rows(bridge.b, "SELECT note FROM wo WHERE number = 'O-00006'") == [("7!",)]
    untouched = bridge.rows(bridge.b, "SELECT qty FROM wo WHERE number = 'O-00009'")
    assert float(untouched[0][0]) == (1000 if mode == "none" else 9), "merge writes every object"
    works(bridge.b, "UPDATE wo SET qty = 9 WHERE number = 'O-00009'")
    assert target_orders(bridge) == source_orders(bridge)
    assert bridge.rows(bridge.b, "SELECT wo_id, item FROM wo_line") == [(now["O-RENAMED"], "NUT")]
    assert not bridge.held()
    works(bridge.a, "DELETE FROM ord WHERE id = 10")
    bridge.drain()
    assert target_orders(bridge) == source_orders(bridge)


@pytest.mark.crash
@pytest.mark.skipif(not os.path.exists(binary(crash=True)), reason="no build with crash points")
@both
def test_a_first_run_that_is_broken_off_stays_quiet(world, route):
    bridge = bridge_of(world, route, "none", crash=True)
    orders(bridge.a, 1, 3)
    crash_at(bridge, "copy_hand_over")
    bridge.start()
    orders(bridge.a, 4, 4)
    bridge.drain()
    assert target_orders(bridge) == [("O-00004", 4.0)]


def crash_at(bridge, point, n=1, seconds=60):
    bridge.engine.start(env={"MILLRACE_CRASH": f"{point}:{n}"})
    code = bridge.engine.wait_end(seconds)
    assert code == -9 and f"crash point {point}" in bridge.engine.log(), \
        f"ended with {code}, not at {point}\n{bridge.engine.tail()}"


POINTS = [("after_fence", 1), ("copy_hand_over", 1), ("chunk_before_commit", 1),
          ("chunk_after_commit", 1), ("chunk_before_commit", 2), ("chunk_after_commit", 2)]


@pytest.mark.crash
@pytest.mark.limit(300)
@pytest.mark.skipif(not os.path.exists(binary(crash=True)), reason="no build with crash points")
@pytest.mark.parametrize("point,n", POINTS)
@pytest.mark.parametrize("mode,route", [("none", "pg-maria"), ("merge", "maria-pg")], indirect=["route"])
def test_killed_while_what_left_is_told(world, route, mode, point, n):
    """More than a chunk of orders are gone; some more leave before it goes on."""
    bridge = bridge_of(world, route, mode, crash=True).start()
    orders(bridge.a, 1, 4000)
    bridge.drain()
    before = ids(bridge)
    bridge.engine.stop()
    works(bridge.a, "DELETE FROM ord WHERE id > 60 AND id <= 3900", *MEANWHILE)
    read_one_more_column(bridge)
    crash_at(bridge, point, n)
    works(bridge.a, "DELETE FROM ord WHERE id = 7", "UPDATE ord SET code = 'O-LATER' WHERE id = 8",
          "DELETE FROM ord WHERE id = 9050")
    bridge.start()
    bridge.drain()
    assert target_orders(bridge) == source_orders(bridge)
    now = ids(bridge)
    assert (now["O-RENAMED"], now["O-LATER"]) == (before["O-00003"], before["O-00008"])
    assert not bridge.held()
