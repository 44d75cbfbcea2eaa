"""Every value of the table of types arrives as it was: streamed and copied, each way, and changed."""
import pytest

from harness.compare import compare
from harness.servers import run
from harness.tables import TableDef, full_name
from types_table import MARIADB_ONLY, MARIADB_TYPES, POSTGRES_TYPES, TYPES

ROUTES = ["pg-maria", "maria-pg", "pg-mysql", "mysql-pg"]
pytestmark = pytest.mark.limit(240)


def name(i):
    return f"type_{i:02}"


def types_of(route):
    engines = {side.server.engine for side in route}
    return TYPES + (MARIADB_ONLY if "mariadb" in engines else [])


def sql_of(value, side):
    if isinstance(value, tuple):
        return value[0 if side.family == "postgres" else 1]
    return value


def create(route, types):
    for i, (pg, my, _) in enumerate(types):
        for side in route:
            TableDef(name(i), f"id integer\nv {pg} | {my}\nw integer", ["id"]).create(side)


def insert(side, types):
    """Each value, a NULL, and a second row that becomes the value by an update."""
    with side.connect() as c:
        if side.family == "mysql":
            run(c, "SET SESSION sql_mode = ''")   # zero dates
        for i, (*_, values) in enumerate(types):
            table = name(i)
            run(c, f"INSERT INTO {table} VALUES (0, NULL, 0)")
            for n, value in enumerate(values, start=1):
                text = sql_of(value, side)
                run(c, f"INSERT INTO {table} VALUES ({n}, {text}, 0), ({100 + n}, NULL, 0)")


def change(side, types):
    with side.connect() as c:
        if side.family == "mysql":
            run(c, "SET SESSION sql_mode = ''")
        for i, (*_, values) in enumerate(types):
            table = name(i)
            for n, value in enumerate(values, start=1):
                run(c, f"UPDATE {table} SET v = {sql_of(value, side)} WHERE id = {100 + n}")
                run(c, f"UPDATE {table} SET w = 1 WHERE id = {n}")
            run(c, f"UPDATE {table} SET v = NULL WHERE id = 1")
            run(c, f"DELETE FROM {table} WHERE id = 101")


def insert_many(side, types, each=600):
    """Each table's values over and over, in one statement: a set that goes by the bulk way."""
    with side.connect() as c:
        if side.family == "mysql":
            run(c, "SET SESSION sql_mode = ''")
        for i, (*_, values) in enumerate(types):
            rows = [f"({n}, {sql_of(value, side)}, 0)" for n, value in
                    enumerate((["NULL"] + [v for v in values if "repeat" not in sql_of(v, side)])
                              * each, start=1)][:each]
            run(c, f"INSERT INTO {name(i)} VALUES " + ", ".join(rows))


def check_each(a, b, types):
    wrong = []
    for i, t in enumerate(types):
        report = compare(a, b, [(name(i), name(i))])
        if not report.equal:
            wrong.append(f"{t[0]} {t[1] if len(t) > 2 else ''}: {report}")
    assert not wrong, "\n".join(wrong)


def arrive(world, route, types, first_copy):
    create(route, types)
    bridge = world.bridge(*route, tables=[name(i) for i in range(len(types))],
                          first_copy=first_copy)
    if first_copy == "none":
        bridge.start()
        insert(route[0], types)
    else:
        insert(route[0], types)
        bridge.start(60)
    bridge.drain()
    check_each(*route, types)
    change(route[0], types)
    bridge.drain()
    check_each(*route, types)


@pytest.mark.parametrize("route", ROUTES + ["pg-pg2"], indirect=True)
def test_values_arrive_in_bulk_as_they_were(world, route):
    own = route[0].server.engine == route[1].server.engine
    types = [(t, t, values) for t, values in POSTGRES_TYPES] if own else types_of(route)
    create(route, types)
    bridge = world.bridge(*route, tables=[name(i) for i in range(len(types))]).start()
    insert_many(route[0], types)
    bridge.drain(120)
    check_each(*route, types)


@pytest.mark.parametrize("first_copy", ["none", "to_empty"])
@pytest.mark.parametrize("route", ROUTES, indirect=True)
def test_values_arrive_as_they_were(world, route, first_copy):
    types = types_of(route)
    arrive(world, route, types, first_copy)


@pytest.mark.parametrize("first_copy", ["none", "to_empty"])
@pytest.mark.parametrize("route,rows", [("pg-pg2", POSTGRES_TYPES),
                                        ("maria-maria2", MARIADB_TYPES)], indirect=["route"])
def test_odd_values_pass_between_servers_of_one_kind(world, route, rows, first_copy):
    types = [(t, t, values) for t, values in rows]
    arrive(world, route, types, first_copy)


@pytest.mark.parametrize("route,pg,my,value", [
    ("pg-maria", "double precision", "double", "'NaN'"),
    ("pg-maria", "date", "date", "'infinity'"),
    ("pg-maria", "timestamptz", "datetime(6)", "'0044-03-15 12:00:00+00 BC'"),
    ("pg-maria", "numeric", "decimal(10,2)", "'NaN'"),
    ("maria-pg", "date", "date", "'0000-00-00'"),
    ("maria-pg", "timestamp", "datetime", "'0000-00-00 00:00:00'"),
    ("maria-pg", "text", "text", "x'6100'"),
    ("maria-pg", "time", "time", "'-10:00:00'"),
], indirect=["route"])
def test_a_value_without_a_form_at_the_target_stops_the_link(world, route, pg, my, value):
    TableDef("odd", f"id integer\nv {pg} | {my}", ["id"])
    for side in route:
        TableDef("odd", f"id integer\nv {pg} | {my}", ["id"]).create(side)
    bridge = world.bridge(*route, tables=["odd"]).start()
    with route[0].connect() as c:
        if route[0].family == "mysql":
            run(c, "SET SESSION sql_mode = ''")
        run(c, f"INSERT INTO odd VALUES (1, {value})")
    error = bridge.engine.wait_failed()
    assert "odd" in error["text"] and "v" in error["text"], error


def test_times_without_a_zone_go_by_their_systems_zone(world):
    """09:00 in Shanghai is 01:00 UTC, whether it is written as datetime or as an instant."""
    a, b = world.side("pg", zone="UTC"), world.side("maria", zone="Asia/Shanghai")
    columns = "id integer\nlocal_ timestamp(6) | datetime(6)\ninstant_ timestamptz(6) | datetime(6)"
    for side in (a, b):
        TableDef("times", columns, ["id"]).create(side)
    bridge = world.bridge(a, b, tables=["times"]).start()
    with a.connect() as c:
        run(c, "SET TimeZone = 'UTC'")
        run(c, "INSERT INTO times VALUES (1, '2026-11-22 01:00:00', '2026-11-22 01:00:00+00'), "
            "(2, '1986-07-01 12:00:00.5', '1986-07-01 12:00:00.5+00')")   # summer time then
    bridge.prove()
    with b.connect() as c:
        assert str(run(c, "SELECT local_ FROM times WHERE id = 1")[0][0]) == "2026-11-22 09:00:00"
        assert str(run(c, "SELECT instant_ FROM times WHERE id = 1")[0][0]) == \
            "2026-11-22 09:00:00"
        assert str(run(c, "SELECT instant_ FROM times WHERE id = 2")[0][0]) == \
            "1986-07-01 21:00:00.500000"


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_generated_columns_are_left_to_the_target(world, route):
    a, b = route
    extra = "total integer GENERATED ALWAYS AS (x * 2) STORED | integer AS (x * 2) STORED"
    for side in route:
        TableDef("gen", f"id integer\nx integer\n{extra}", ["id"]).create(side)
    bridge = world.bridge(a, b, tables=[], tables_yaml={
        full_name(a, "gen"): full_name(b, "gen")}).start()
    with a.connect() as c:
        run(c, "INSERT INTO gen (id, x) VALUES (1, 5)")
        run(c, "UPDATE gen SET x = 6 WHERE id = 1")
    bridge.drain()
    with b.connect() as c:
        assert list(run(c, "SELECT total FROM gen")[0]) == [12]
