"""`millrace check` of links with flows: what does not fit is named, with its line and what to do."""
import os
import re
import shutil
import time

import pytest

from harness.engine import Engine, system
from harness.servers import PASSWORD, REPO, run
from test_check import lines, statements, to_run

FACTORY = os.path.join(REPO, "examples", "factory", "events")
pytestmark = pytest.mark.limit(120)


def check(engine, code=None):
    done = engine.command("check")
    out = done.stdout + done.stderr
    assert PASSWORD not in out
    if code is not None:
        assert done.returncode == code, out
    return out


def load(side, path):
    """A script of examples/factory: statements end with a line's last `;`."""
    with open(path) as f:
        text = "\n".join(l for l in f.read().splitlines() if not l.lstrip().startswith("--"))
    with side.connect() as c:
        for sql in text.split(";\n"):
            if sql.strip(" \n;"):
                run(c, sql.strip("; \n"))


@pytest.fixture
def factory(world, tmp_path):
    """Odoo and ktg-mes of examples/factory, and the file that maps them, with our servers in it."""
    erp, mes = world.side("pg"), world.side("maria", "Asia/Shanghai")
    for side, name in ((erp, "erp"), (mes, "mes")):
        load(side, os.path.join(FACTORY, "schema", f"{name}.sql"))
    directory = tmp_path / "engine"
    shutil.copytree(os.path.join(FACTORY, "dict"), directory / "dict")
    with open(os.path.join(FACTORY, "factory.yaml")) as f:
        text = f.read()
    systems = f"systems: {{ erp: {yaml_of(system(erp))}, mes: {yaml_of(system(mes))} }}\n\n"
    text = re.sub(r"^systems:\n.*?(?=^# Codes are data)", systems, text, flags=re.M | re.S)
    return erp, mes, Engine(directory, text)


def index_statements(out):
    return [l[len("         run: "):] for l in out.splitlines()
            if l.startswith("         run: ") and "INDEX" in l]


def yaml_of(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k}: {yaml_of(v)}" for k, v in value.items()) + " }"
    return f'"{value}"' if isinstance(value, str) else str(value)


def test_the_factory_example_fits(factory):
    erp, mes, engine = factory
    out = check(engine)
    assert not lines(out, "MISSING"), out
    assert "each column that flows write has one writer, and nothing goes round" in out
    assert re.search(r"event MaterialLot \(line \d+\) is in no flow", out)
    for statement in index_statements(out):
        side = mes if "`" in statement else erp
        with side.connect() as c:
            run(c, statement.rstrip(";"))
    out = check(engine)
    assert not index_statements(out) and "whole" not in out, out


# -- a small plant


ROUTES = ["pg-maria", "pg-mysql", "maria-pg"]

ITEM = """
  Item:
    from: a
    type: MaterialDefinition
    of: item
    key: id
    sql: |
      select code as id, name as description, unit as unit_of_measure, active from item
       where id = :object
"""
ITEM_FLOW = """
      - event: Item
        write:
          - table: article
            key: code
            once: [made]
            touch: [changed]
            sql: |
              select e.event, e.id as code, e.description as title, u.id as unit_id,
                     now() as made, now() as changed
                from event e join unit u on u.name = e.unit_of_measure
"""


def create(a, b):
    with a.connect() as c:
        run(c, "CREATE TABLE item (id integer PRIMARY KEY, code varchar(40) NOT NULL, "
               "name varchar(80), unit varchar(10), active boolean, weight numeric(12,3), "
               "at timestamp NULL, x_stock numeric(12,3))")
    with b.connect() as c:
        serial = "serial" if b.family == "postgres" else "integer auto_increment"
        run(c, f"CREATE TABLE article (id {serial} PRIMARY KEY, code varchar(40) NOT NULL, "
               "title varchar(80) NOT NULL, unit_id integer, grade varchar(10), "
               "made timestamp NULL, changed timestamp NULL)")
        run(c, f"CREATE TABLE unit (id {serial} PRIMARY KEY, name varchar(40), note text)")
        run(c, f"CREATE TABLE stock (id {serial} PRIMARY KEY, code varchar(40), qty decimal(12,3))")


def plant(tmp_path, a, b, events=ITEM, flows=ITEM_FLOW, more="", systems=None):
    systems = systems or {"a": system(a), "b": system(b)}
    text = f"millrace: 1\nsystems: {yaml_of(systems)}\nvocabulary: [isa95/v1.proto]\n"
    text += f"events:{events}links:\n"
    text += f"  - name: there\n    from: a\n    to: b\n    first_copy: none\n    flows:{flows}"
    return Engine(tmp_path / "engine", text + more)


def line_of(engine, text):
    """Where it stands in the file."""
    with open(engine.path) as f:
        return next(n for n, l in enumerate(f, 1) if text in l)


def missing(out):
    return "\n".join(lines(out, "MISSING"))


@pytest.mark.parametrize("route", ROUTES, indirect=True)
def test_what_a_flow_does_is_told(route, tmp_path):
    a, b = route
    create(a, b)
    out = check(plant(tmp_path, a, b))
    assert not lines(out, "MISSING"), out
    where = "public" if b.family == "postgres" else b.database
    assert f"flow Item upserts {where}.article" in out
    for told in ("found by: code", "writes: title, unit_id", "touches: changed",
                 "once, when the row is made: made"):
        assert told in out
    assert re.search("event Item: a(lone|ssembled): ", out), out
    assert "each column that flows write has one writer, and nothing goes round" in out


BAD_EVENTS = """
  Unknown:
    { from: a, type: MaterialDefinition, of: item, key: id, sql: "select code as id, name as descripton from item where id = :object" }
  NoList:
    from: a
    type: MaterialDefinition
    of: item
    key: id
    lists: { unit_of_measure: { key: id, sql: "select code as id from item where id = :object" } }
    sql: "select code as id from item where id = :object"
  NoKey:
    { from: a, type: MaterialLot, of: item, key: idd, sql: "select code as id from item where id = :object" }
  NoType:
    { from: a, type: MaterialDefinitoin, of: item, key: id, sql: "select code as id from item where id = :object" }
  WrongType:
    { from: a, type: MaterialDefinition, of: item, key: id, sql: "select code as id, at as active, weight as effective_end_date from item where id = :object" }
  Computed:
    { from: a, type: MaterialLot, of: item, key: id, sql: "select code as id, weight + 1 as quantity from item where id = :object" }
  NoColumn:
    { from: a, type: MaterialLot, of: item, key: id, sql: "select cod as id from item where id = :object" }
  NoTable:
    { from: a, type: MaterialLot, of: itm, key: id, sql: "select code as id from itm where id = :object" }
"""


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_views_that_do_not_fit_are_named_one_by_one(route, tmp_path):
    a, b = route
    create(a, b)
    names = re.findall(r"^  (\w+):$", BAD_EVENTS, re.M)
    flows = "".join(f"\n      - event: {n}\n        write: [{{ table: t{n}, key: code, sql: select 1 }}]"
                    for n in names) + "\n"
    engine = plant(tmp_path, a, b, BAD_EVENTS, flows)
    out = check(engine, 2)
    said = missing(out)
    for name, what in (("Unknown", 'no field "descripton"; the nearest is description'),
                       ("NoList", "unit_of_measure is a string, no list"),
                       ("NoKey", "its key idd is no column of its SQL; did you mean id"),
                       ("NoType", "MaterialDefinition"),
                       ("WrongType", "active is a bool, and the column at that it shows is timestamp"),
                       ("WrongType", "effective_end_date is a Timestamp, and the column weight"),
                       ("Computed", "dec_add"),
                       ("NoColumn", "no such column: cod"),
                       ("NoTable", "there is no table itm in system a; did you mean item")):
        where = f"event {name} (line {line_of(engine, f'  {name}:')}"
        assert any(l for l in said.splitlines() if where in l and what in l), (name, what, said)


BAD_WRITES = {
    "no column titel": "select e.event, e.id as code, e.description as titel from event e",
    "article.title is NOT NULL and has no default": "select e.event, e.id as code from event e",
    "does not return the event's number": "select e.id as code, e.description as title from event e",
    "once: the SELECT that writes article does not return made":
        "select e.event, e.id as code, e.description as title from event e",
    "field": "select e.event, e.id as code, e.descripton as title from event e",
}


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
@pytest.mark.parametrize("what", BAD_WRITES)
def test_writes_that_do_not_fit_are_named(route, tmp_path, what):
    a, b = route
    create(a, b)
    once = "\n            once: [made]" if what.startswith("once") else ""
    flows = f"""
      - event: Item
        write:
          - table: article
            key: code{once}
            sql: {BAD_WRITES[what]}
"""
    engine = plant(tmp_path, a, b, flows=flows)
    out = check(engine, 2)
    said = missing(out)
    if what == "field":   # in the server's own words
        what = "descripton"
    assert what in said, out
    assert re.search(r"line \d+", said), out


@pytest.mark.parametrize("route", ROUTES, indirect=True)
def test_indexes_that_are_missing_are_given_as_statements(route, tmp_path):
    a, b = route
    create(a, b)
    flows = ITEM_FLOW + """
      - event: Item2
        write:
          - table: stock
            key: [code]
            sql: |
              select e.event, e.id as code, e.quantity as qty from event e
                left join unit u on lower(u.note) = e.id and u.note = 'kg'
"""
    events = ITEM + ITEM.replace("Item:", "Item2:").replace("MaterialDefinition", "MaterialLot") \
        .replace("name as description, unit as unit_of_measure, active", "weight as quantity")
    engine = plant(tmp_path, a, b, events, flows)
    out = check(engine)
    assert not lines(out, "MISSING"), out
    wanted = index_statements(out)
    text = "\n".join(wanted)
    assert len(wanted) == len(set(wanted))
    for table in ("article", "unit", "stock"):
        assert table in text, out
    for statement in wanted:
        with b.connect() as c:
            run(c, statement.rstrip(";"))
    out = check(engine)
    left = [l for l in out.splitlines() if l.startswith("warn") and "whole" in l]
    # lower(note) is no column: MySQL and MariaDB cannot be helped by one
    assert not left or b.family == "mysql", out
    assert not [l for l in left if "article" in l or "stock" in l], out


@pytest.mark.parametrize("route", ROUTES, indirect=True)
def test_rights_are_asked_for_column_by_column(route, tmp_path):
    from test_check import create_roles, roles_of
    a, b = route
    create(a, b)
    for side in route:
        create_roles(side)
    systems = {"a": roles_of(a), "b": roles_of(b)}
    for name, side in (("a", a), ("b", b)):   # tables without schema lie in it
        if side.family == "mysql":
            systems[name][side.server.engine]["database"] = side.database
            with side.connect() as c:
                for role in ("cap_role", "app_role"):
                    run(c, f"GRANT CREATE TEMPORARY TABLES ON {side.database}.* TO '{role}'@'127.0.0.1'")
    engine = plant(tmp_path, a, b, systems=systems)
    for _ in range(8):
        out = check(engine)
        todo = to_run(out)
        if not todo:
            break
        for text in todo:
            side = {"postgres": [s for s in route if s.family == "postgres"],
                    "mysql": [s for s in route if s.family != "postgres"]}[
                        "mysql" if "`" in text or "@'" in text else "postgres"][0]
            with side.connect() as c:
                for sql in statements(text):
                    run(c, sql)
    assert not lines(out, "MISSING"), out
    with b.connect(user="app_role") as c:   # no more than what is written
        with pytest.raises(Exception, match="(?i)denied"):
            run(c, "UPDATE article SET grade = 'x'")
        with pytest.raises(Exception, match="(?i)denied"):
            run(c, "DELETE FROM article")
        with pytest.raises(Exception, match="(?i)denied"):
            run(c, "UPDATE unit SET name = 'x'")
        run(c, "UPDATE article SET title = 'x' WHERE code = 'none'")


REPORT = """
  Report:
    from: b
    type: MaterialDefinition
    of: stock
    key: id
    sql: select code as id, code as description from stock where id = :object
"""
REPORT_BACK = """
  - name: back
    from: b
    to: a
    first_copy: none
    flows:
      - event: Report
        write:
          - table: landing
            key: code
            sql: select e.event, e.id as code from event e
"""


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_what_check_asks_for_is_all_that_run_needs(route, tmp_path):
    """Tables that the other link writes are watched for drift, so they are read too; a new row that is
    numbered by a sequence needs that."""
    from test_check import create_roles, roles_of
    a, b = route
    create(a, b)
    serial = "serial" if a.family == "postgres" else "integer auto_increment"
    with a.connect() as c:
        run(c, f"CREATE TABLE landing (id {serial} PRIMARY KEY, code varchar(40) NOT NULL UNIQUE)")
    for side in route:
        create_roles(side)
    systems = {"a": roles_of(a), "b": roles_of(b)}
    for name, side in (("a", a), ("b", b)):
        if side.family == "mysql":
            systems[name][side.server.engine]["database"] = side.database
            with side.connect() as c:
                for role in ("cap_role", "app_role"):
                    run(c, f"GRANT CREATE TEMPORARY TABLES ON {side.database}.* TO '{role}'@'127.0.0.1'")
    engine = plant(tmp_path, a, b, ITEM + REPORT, more=REPORT_BACK, systems=systems)
    for _ in range(8):
        out = check(engine)
        todo = to_run(out)
        for text in todo:
            mine = "`" in text or "@'" in text
            with next(s for s in route if (s.family == "mysql") == mine).connect() as c:
                for sql in statements(text):
                    run(c, sql)
        if not todo:
            break
    assert not lines(out, "MISSING"), out
    unseen, table = (b, "article") if b.family == "mysql" else (a, "landing")
    assert f"{unseen.database}.{table} is written by another link" in "\n".join(lines(out, "warn"))
    engine.start()
    engine.wait_streaming("there")
    engine.wait_streaming("back")
    with b.connect() as c:
        run(c, "INSERT INTO stock (code, qty) VALUES ('A-1', 1)")
    for _ in range(200):
        with a.connect() as c:
            if run(c, "SELECT code FROM landing"):
                break
        assert not engine.failed_links(), engine.tail()
        time.sleep(0.05)
    else:
        raise AssertionError(engine.tail())
    engine.close()


@pytest.mark.parametrize("route", ["pg-maria", "pg-mysql"], indirect=True)
def test_a_role_that_may_not_enter_its_database_is_given_what_to_run(route, tmp_path):
    from test_check import create_roles, roles_of
    a, b = route
    create(a, b)
    create_roles(b)
    roles = roles_of(b)
    roles[b.server.engine]["database"] = b.database
    engine = plant(tmp_path, a, b, systems={"a": system(a), "b": {**roles, "capture": system(b)["capture"]}})
    todo = to_run(check(engine))
    assert [t.split(" -- ")[0] for t in todo if "ON `" in t] == [
        f"GRANT SELECT ON `{b.database}`.* TO 'app_role'@'127.0.0.1';"], todo


# -- all links together


SECOND = """
  - name: again
    from: a
    to: b
    first_copy: none
    flows:
      - event: Other
        write:
          - table: article
            do: update
            key: code
            sql: select e.event, e.id as code, e.description as title from event e
"""
BACK = """
  - name: back
    from: b
    to: a
    first_copy: none
    flows:
      - event: Article
        write:
          - table: item
            do: update
            key: code
            sql: select e.event, e.id as code, e.description as {column} from event e
"""
ARTICLE = """
  Article:
    from: b
    type: MaterialDefinition
    of: article
    key: id
    sql: |
      select code as id, title as description from article where id = :object
"""


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_two_writers_of_a_column_are_refused(route, tmp_path):
    a, b = route
    create(a, b)
    other = ITEM.replace("Item:", "Other:")
    engine = plant(tmp_path, a, b, ITEM + other, more=SECOND)
    said = missing(check(engine, 2))
    first = line_of(engine, "- table: article")
    assert re.search(rf"flow Item of link there \(line {first}\) and flow Other of link again "
                     rf"\(line \d+\): both write {b.database}\.article in system b, in title", said), said


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_a_plain_link_owns_its_tables(route, tmp_path):
    a, b = route
    create(a, b)
    with a.connect() as c:
        run(c, "CREATE TABLE article (id integer PRIMARY KEY, code varchar(40) NOT NULL, "
               "title varchar(80) NOT NULL, unit_id integer, grade varchar(10), "
               "made timestamp NULL, changed timestamp NULL)")
    plain = f"""
  - name: plain
    from: a
    to: b
    first_copy: none
    tables: {{ public.article: {b.database}.article }}
"""
    said = missing(check(plant(tmp_path, a, b, more=plain), 2))
    assert "is that link's alone" in said and "flow Item of link there" in said, said


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_what_goes_round_is_refused(route, tmp_path):
    a, b = route
    create(a, b)
    said = missing(check(plant(tmp_path, a, b, ITEM + ARTICLE, more=BACK.format(column="name")), 2))
    assert re.search(r"what is written goes round: flow Item of link there \(line \d+\) writes "
                     r"code, title of .*article in system b, which flow Article of link back "
                     r"\(line \d+\) reads, and writes name of .*item in system a, which flow Item",
                     said), said
    engine = plant(tmp_path, a, b, ITEM + ARTICLE, more=BACK.format(column="name")).start()
    assert engine.wait_end() == 2, "run refuses it too, before it touches anything"
    assert "what is written goes round: flow Item" in engine.tail()
    out = check(plant(tmp_path, a, b, ITEM + ARTICLE, more=BACK.format(column="x_stock")))
    assert not lines(out, "MISSING"), out


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_a_vocabulary_that_misreads_what_is_held_is_refused(route, tmp_path):
    import subprocess
    a, b = route
    create(a, b)
    proto = 'syntax = "proto3"; package plant; message Weighing { optional string id = 1; %s }'
    event = """
  Weighing: { from: a, of: item, key: id, sql: "select code as id from item where id = :object" }
"""
    flow = """
      - event: Weighing
        write: [{ table: stock, key: code, sql: "select e.event, e.id as code from event e" }]
"""
    engine = plant(tmp_path, a, b, event, flow)
    with open(engine.path) as f:
        text = f.read().replace("[isa95/v1.proto]", "[isa95/v1.proto, plant.proto]")
    engine.write(text)
    path = os.path.join(engine.dir, "plant.proto")
    with open(path, "w") as f:
        f.write(proto % "optional string gross = 2;")
    state = engine.path + ".state"
    os.mkdir(state)
    subprocess.run(["protoc", f"--proto_path={engine.dir}", "plant.proto", "--include_imports",
                    f"--descriptor_set_out={state}/there.vocabulary"], check=True)
    out = check(engine)
    assert "the vocabulary reads what was packed by the last one" in out
    with open(path, "w") as f:
        f.write(proto % "optional int32 gross = 2;")
    said = missing(check(engine, 2))
    assert "the vocabulary differs" in said and "gross" in said, said
