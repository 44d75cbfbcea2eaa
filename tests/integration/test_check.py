"""`millrace check`: what is missing is named so exactly that running it makes it right."""
import re

import pytest

from harness.engine import Engine, system
from harness.proxy import Proxy
from harness.servers import PASSWORD, run

ROLES = ["cap_role", "app_role"]
pytestmark = pytest.mark.limit(120)


def check(engine, code=None):
    done = engine.command("check")
    assert PASSWORD not in done.stdout + done.stderr
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def lines(out, verdict):
    return [l for l in out.splitlines() if l.startswith(verdict)]


def to_run(out):
    """What the MISSING lines say is to be run."""
    found, missing = [], False
    for l in out.splitlines():
        if l.startswith("         run: ") and missing:
            found.append(l[len("         run: "):])
        missing = l.startswith("MISSING")
    return found


def create_tables(side, suffix=""):
    with side.connect() as c:
        run(c, "CREATE TABLE material (id integer PRIMARY KEY, code varchar(40) NOT NULL, "
               f"qty numeric(12,3){suffix})")
        run(c, "CREATE TABLE line (id integer PRIMARY KEY, material_id integer, "
               "FOREIGN KEY (material_id) REFERENCES material (id))")


def create_roles(side):
    """Two roles that may do nothing but connect."""
    with side.connect() as c:
        for role in ROLES:
            if side.family == "postgres":
                run(c, f"DROP OWNED BY {role}" if run(
                    c, "SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)) else "SELECT 1")
                run(c, f"DROP ROLE IF EXISTS {role}")
                run(c, f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
            else:
                run(c, f"DROP USER IF EXISTS '{role}'@'127.0.0.1'")
                run(c, f"CREATE USER '{role}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")


def roles_of(side):
    s = system(side)
    if side.family == "mysql":
        next(v for k, v in s.items() if k in ("mysql", "mariadb")).pop("database")
    role = {"password_env": "MR_PASSWORD"}
    return {**s, "capture": {"user": ROLES[0], **role}, "apply": {"user": ROLES[1], **role}}


def tables_of(a, b, names=("material", "line")):
    schema = [("public" if s.family == "postgres" else s.database) for s in (a, b)]
    return {f"{schema[0]}.{n}": f"{schema[1]}.{n}" for n in names}


def pair(tmp_path, a, b, first_copy="to_empty", systems=None, **more):
    return Engine(tmp_path / "engine", {
        "systems": systems or {"a": system(a), "b": system(b)},
        "links": [{"between": ["a", "b"], "tables": tables_of(a, b),
                   "first_copy": {"from": "a", "mode": first_copy}, **more}]})


def statements(text):
    text = text.split(" -- ")[0]
    return [s.strip() for s in text.split(";") if s.strip()]


ROUTES = ["pg-maria", "pg-mysql"]


@pytest.mark.parametrize("route", ROUTES, indirect=True)
def test_what_check_says_to_run_makes_everything_ok(route, tmp_path):
    a, b = route
    for side in route:
        create_tables(side)
        create_roles(side)
    engine = pair(tmp_path, a, b, systems={"a": roles_of(a), "b": roles_of(b)})
    rounds = 0
    while True:
        out = check(engine)
        todo = to_run(out)
        if not todo:
            break
        rounds += 1
        assert rounds < 6, out
        for text in todo:
            side = b if "`" in text or "@'" in text else a
            with side.connect() as c:
                for sql in statements(text):
                    run(c, sql)
    assert not lines(out, "MISSING"), out
    engine.start().wait_streaming()
    out = check(engine, 0)
    assert len([l for l in lines(out, "ok") if "known by its first entry" in l]) == 2, out
    engine.stop()
    out = check(engine, 0)
    assert len([l for l in lines(out, "ok") if "the link stands at" in l]) == 2, out
    # slots outlive the roles' tests
    engine.command("remove", "a-b", "--yes")
    engine.command("remove", "b-a", "--yes")


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_check_leaves_nothing_behind(route, tmp_path):
    a, b = route
    for side in route:
        create_tables(side)
    with a.connect() as c:
        before = run(c, "SELECT (SELECT count(*) FROM pg_replication_slots), "
                        "(SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_class)")
    with b.connect() as c:
        at = run(c, "SELECT @@gtid_binlog_pos")
    check(pair(tmp_path, a, b), 0)
    with a.connect() as c:
        assert run(c, "SELECT (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM "
                      "pg_publication), (SELECT count(*) FROM pg_class)") == before
    with b.connect() as c:
        assert run(c, "SELECT @@gtid_binlog_pos") == at


@pytest.mark.parametrize("route", ["pg-maria", "pg-mysql"], indirect=True)
def test_the_probe_does_not_disturb_a_link_that_runs(route, world):
    a, b = route
    for side in route:
        create_tables(side)
    bridge = world.bridge(a, b, ["material"], ways="both")
    bridge.start()
    for i in range(4):
        out = bridge.engine.command("check").stdout
        assert len([l for l in lines(out, "ok") if "known by its first entry" in l]) == 2, out
        for n, side in enumerate((a, b)):
            with side.connect() as c:
                run(c, "INSERT INTO material VALUES (%s, 'x', 1)", (2 * i + n,))
    bridge.prove()
    bridge.restart_after_kill()
    bridge.prove()


def test_a_server_that_is_away_has_an_exit_code_of_its_own(world, tmp_path):
    a, b = world.side("pg"), world.side("maria")
    create_tables(a)
    engine = pair(tmp_path, a, b, systems={"a": system(a), "b": system(b, port=1)})
    out = check(engine, 4)
    assert "cannot be reached" in out
    assert "wal_level is logical" in out, "the other server is looked at all the same"


@pytest.mark.parametrize("route", ["maria-pg"], indirect=True)
def test_foreign_keys_that_act_differently_are_refused(route, tmp_path):
    a, b = route
    for side in route:
        create_tables(side)
    engine = pair(tmp_path, a, b)
    check(engine, 0)
    with a.connect() as c:
        run(c, "ALTER TABLE line DROP FOREIGN KEY line_ibfk_1")
        run(c, "ALTER TABLE line ADD CONSTRAINT mine FOREIGN KEY (material_id) "
               "REFERENCES material (id) ON DELETE CASCADE")
    out = check(engine, 2)
    todo = to_run(out)
    assert any("ON DELETE CASCADE" in t for t in todo), out
    with b.connect() as c:
        for text in todo:
            for sql in statements(text):
                run(c, sql)
    check(engine, 0)


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_a_trigger_that_writes_a_mapped_table_is_refused(route, tmp_path):
    a, b = route
    for side in route:
        create_tables(side)
    with b.connect() as c:
        run(c, "CREATE TRIGGER t AFTER INSERT ON material FOR EACH ROW "
               "INSERT INTO line VALUES (NEW.id, NEW.id)")
    out = check(pair(tmp_path, a, b), 2)
    assert any("trigger" in l and "line" in l for l in lines(out, "MISSING")), out


@pytest.mark.parametrize("route", ["maria-pg"], indirect=True)
def test_tables_that_refer_to_each_other_in_a_circle_are_named(route, tmp_path):
    a, b = route
    for side in route:
        create_tables(side)
        with side.connect() as c:
            run(c, "ALTER TABLE line ADD FOREIGN KEY (material_id) REFERENCES material (id)")
    assert "in a circle" not in check(pair(tmp_path, a, b), 0)
    for side in route:
        with side.connect() as c:
            run(c, "ALTER TABLE material ADD FOREIGN KEY (id) REFERENCES line (id)")
    circle = [l for l in lines(check(pair(tmp_path, a, b), 0), "warn") if "in a circle" in l]
    assert len(circle) == 1 and "material" in circle[0] and "line" in circle[0], circle


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_a_target_with_rows_is_refused_where_it_should_be_empty(route, tmp_path):
    a, b = route
    for side in route:
        create_tables(side)
    with b.connect() as c:
        run(c, "INSERT INTO material VALUES (1, 'x', 1)")
    out = check(pair(tmp_path, a, b), 2)
    assert any("has rows" in l for l in lines(out, "MISSING")), out
    check(pair(tmp_path, a, b, first_copy="none"), 0)


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_tables_and_columns_that_are_missing_are_named(route, tmp_path):
    a, b = route
    for side in route:
        create_tables(side)
    with b.connect() as c:
        run(c, "ALTER TABLE material DROP COLUMN qty")
    engine = Engine(tmp_path / "engine", {
        "systems": {"a": system(a), "b": system(b)},
        "links": [{"name": "l", "from": "a", "to": "b", "first_copy": "none",
                   "tables": tables_of(a, b, ("material", "line", "nowhere"))}]})
    missing = "\n".join(lines(check(engine, 2), "MISSING"))
    assert "public.nowhere" in missing
    assert "qty" in missing


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_a_table_that_a_pair_would_carry_one_way_alone_is_named(route, tmp_path):
    """MySQL hides a table from a role without rights on it, and the pattern just finds less."""
    a, b = route
    for side in route:
        create_tables(side)
    with b.connect() as c:
        run(c, "DROP USER IF EXISTS 'cap_role'@'127.0.0.1'")
        run(c, f"CREATE USER 'cap_role'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        run(c, "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO 'cap_role'@'127.0.0.1'")
        run(c, f"GRANT SELECT ON {b.database}.line TO 'cap_role'@'127.0.0.1'")
    try:
        there = {**system(b), "capture": {"user": "cap_role", "password_env": "MR_PASSWORD"}}
        engine = Engine(tmp_path, {"systems": {"a": system(a), "b": there}, "links": [
            {"between": ["a", "b"], "first_copy": "none",
             "tables": {"public.*": f"{b.database}.*"}}]})
        out = check(engine, 2)
        assert len(lines(out, "MISSING")) == 1 and "material" in lines(out, "MISSING")[0], out
        assert "take inserts on both sides" in out, out
        with b.connect() as c:
            for sql in to_run(out):
                run(c, sql)
        check(engine, 0)
    finally:
        with b.connect() as c:
            run(c, "DROP USER 'cap_role'@'127.0.0.1'")


def test_two_ways_to_one_table_are_refused(world, tmp_path):
    a, b, c = world.side("pg"), world.side("maria"), world.side("pg2")
    for side in (a, b, c):
        create_tables(side)

    def link(name, x, y):
        sides = {"a": a, "b": b, "c": c}
        return {"name": name, "from": x, "to": y, "first_copy": "none",
                "tables": tables_of(sides[x], sides[y])}
    config = {"systems": {"a": system(a), "b": system(b), "c": system(c)},
              "links": [link("ab", "a", "b"), link("bc", "b", "c")]}
    assert "twice" not in check(Engine(tmp_path / "one", config))
    config["links"].append(link("ac", "a", "c"))
    out = check(Engine(tmp_path / "two", config), 2)
    assert any("twice" in l and re.search(r"ab, bc", l) for l in lines(out, "MISSING")), out


def test_one_database_under_two_names_is_refused(world, tmp_path):
    a = world.side("pg")
    create_tables(a)
    with a.connect() as c:
        run(c, "CREATE TABLE other (id integer PRIMARY KEY, code varchar(40), qty numeric(12,3))")
    with Proxy("127.0.0.1", a.server.port) as proxy:
        engine = Engine(tmp_path / "engine", {
            "systems": {"a": system(a), "b": system(a, port=proxy.port)},
            "links": [{"name": "l", "from": "a", "to": "b", "first_copy": "none",
                       "tables": {"public.material": "public.other"}}]})
        out = check(engine, 2)
    assert any("name it once" in l for l in lines(out, "MISSING")), out
