"""A mirror that lacks rows is filled at a later position than the link's: what needs no mirror is not
passed over on the way there."""
import pytest

from harness.servers import run
from harness.tables import TableDef
from test_event_shapes import FLOW, ORDER, as_int, create, headers, u, work


def mixed(world, route):
    """Orders, which are assembled, and items, which are made of their own row."""
    a, b = route
    create(a, b)
    for side, name in ((a, "t"), (b, "u")):
        TableDef(name, "id bigint\nv varchar(40)", ["id"]).create(side)
    if a.family == "postgres":
        with a.connect() as c:
            run(c, "ALTER TABLE t REPLICA IDENTITY FULL")
    item = {"type": "MaterialDefinition", "of": "t", "key": "id",
            "sql": "select id, v as description from t where id = :object"}
    flow = {"event": "Item", "write": [{
        "table": "u", "key": "id", "sql": f"select e.event, {as_int(b)} as id, e.description as v from event e"}],
        "gone": [{"table": "u", "key": "id", "do": "delete", "sql": f"select e.event, {as_int(b)} as id from event e"}]}
    return world.event_bridge(a, b, {"Order": ORDER, "Item": item}, [FLOW, flow], budget="8 MiB")


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_single_rows_are_written_up_to_where_the_mirror_is_filled(world, route):
    bridge = mixed(world, route).start()
    work(bridge, "INSERT INTO t VALUES (1, 'x'), (3, 'z')", "INSERT INTO ord VALUES (1, 'A', 1, 'new', 'x', 0)")
    bridge.engine.stop()
    with bridge.a.connect() as c:
        run(c, "INSERT INTO t VALUES (2, 'y')")
        run(c, "DELETE FROM t WHERE id = 3")
        for start in range(1000, 41000, 1000):
            run(c, "INSERT INTO t VALUES " + ", ".join(f"({i}, '{'n' * 40}')" for i in range(start, start + 1000)))
        run(c, "INSERT INTO ord VALUES (2, 'B', 1, 'new', 'x', 0)")
        run(c, "UPDATE ord SET note = 'w' WHERE id = 1")
    # the view reads a column that the mirror does not have
    bridge.engine.config["events"]["Order"]["sql"] = ORDER["sql"].replace("note as", "note || other as")
    bridge.engine.write({k: v for k, v in bridge.engine.config.items()})
    bridge.start(60)
    with bridge.a.connect() as c:
        run(c, "INSERT INTO t VALUES (4, 'w')")
    bridge.drain()
    assert [(h[0], h[3]) for h in headers(bridge)] == [("A", "w0"), ("B", "x0")]
    assert [r for r in u(bridge) if r[0] < 1000] == [(1, "x"), (2, "y"), (4, "w")]
    assert len(u(bridge)) == 40_003 and not bridge.held()
