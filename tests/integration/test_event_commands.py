"""events and explain: what people see of the typed stream, on the factory."""
import json
import subprocess

import pytest
from harness.engine import Engine, binary, system
from harness.factory import Factory
from harness.tables import full_name

SPECIFIED = {"specversion", "id", "source", "type", "subject", "time", "dataschema",
             "datacontenttype", "op", "verb", "position", "mapping", "data"}


def only_dispatch(text):
    """The factory's file without the way back."""
    return text[:text.index("\n  # ---- MES -> ERP. Whole rows only")]


@pytest.fixture
def factory(world):
    f = Factory(world.directory, world.side("pg"), world.side("maria", zone="Asia/Shanghai"),
                change=only_dispatch)
    world.defer(f.engine.close)
    return f


class Listener:
    """`millrace events` beside the test; ready when it listens."""

    def __init__(self, engine, *args):
        self.process = subprocess.Popen(
            [binary(), "events", "-c", engine.path, *args], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**engine.env, "PATH": ""})
        assert "listening" in self.process.stderr.readline()

    def end(self, code=0, seconds=30):
        """Its events, when it has ended by itself."""
        out, err = self.process.communicate(timeout=seconds)
        assert self.process.returncode == code, err
        return [json.loads(line) for line in out.splitlines()]


# -- events


def test_a_confirmed_order_is_shown_as_it_is_written(factory):
    factory.start()
    listener = Listener(factory.engine, "--count", "1", "--seconds", "60")
    factory.erp_works("2_confirm_in_one")
    events = listener.end()
    assert len(events) == 1
    e = events[0]
    assert set(e) == SPECIFIED | {"outcome"}
    assert e["type"] == "isa95.v1.OperationsRequest.released"
    assert e["subject"] == "OperationsRequest/WH/MO/00101"
    assert (e["op"], e["verb"], e["outcome"]) == ("CREATE", "PROCESS", "written")
    assert e["source"] == "/erp" and e["mapping"] == "OperationsRequest"
    assert e["data"]["id"] == "WH/MO/00101"
    lines = {l["materialDefinitionId"]: l for l in e["data"]["materialRequirement"]}
    assert len(lines) == 2
    assert factory.order("WH/MO/00101")    # it was told after the commit


def test_only_what_was_asked_for_is_shown(factory):
    factory.start()
    asked = [("--type", "MaterialDefinition"), ("--key", "WH/MO/00101"),
             ("--type", "isa95.v1.*.released"), ("--link", "dispatch"), ("--key", "nobody")]
    listeners = [Listener(factory.engine, *a, "--seconds", "12") for a in asked]
    factory.erp_works("1_products")
    factory.erp_works("2_confirm_in_one")
    factory.wait(lambda: "WH/MO/00101" in factory.orders())
    of_type, of_key, released, of_link, nobody = [l.end() for l in listeners]
    assert of_type and {e["type"].split(".")[2] for e in of_type} == {"MaterialDefinition"}
    assert [e["subject"] for e in of_key] == ["OperationsRequest/WH/MO/00101"]
    assert [e["id"] for e in released] == [e["id"] for e in of_key]
    assert {e["id"] for e in of_link} >= {e["id"] for e in of_type + of_key}
    assert len({e["id"] for e in of_link}) == len(of_link)
    assert nobody == []


def test_an_event_that_is_held_says_why(factory):
    factory.start()
    listener = Listener(factory.engine, "--key", "WH/MO/00777", "--count", "1", "--seconds", "60")
    with factory.erp.connect(autocommit=False) as c:
        with c.cursor() as cursor:
            cursor.execute(
                "INSERT INTO mrp_production (id, product_id, product_uom_id, company_id, name,"
                " priority, state, consumption, product_qty, date_start, create_date, write_date)"
                " VALUES (777, 1, 2, 1, 'WH/MO/00777', '1', 'confirmed', 'flexible', 3.333,"
                " now(), now(), now())")
        c.commit()
    e, = listener.end()
    assert e["outcome"] == "quarantine"
    assert "quantity" in e["why"]
    assert e["data"]["quantity"]


def test_events_needs_a_process_that_runs(factory):
    done = factory.engine.command("events")
    assert done.returncode == 4
    assert "millrace run" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("args, says", [
    (("--link", "dispach"), "did you mean dispatch?"),
    (("--type", "OperationRequest"), "did you mean OperationsRequest?"),
    (("--count", "many"), "no number"),
])
def test_what_does_not_exist_is_not_waited_for(factory, args, says):
    done = factory.engine.command("events", *args)
    assert done.returncode == 1
    assert says in done.stderr


def test_a_listener_ends_with_its_process(factory):
    factory.start()
    listener = Listener(factory.engine)
    factory.engine.stop()
    assert listener.end(code=4) == []


def test_one_who_does_not_read_holds_up_nobody(factory):
    factory.start()
    listener = Listener(factory.engine)    # its output is read at the end only
    factory.erp_works("1_products")
    with factory.erp.connect(autocommit=False) as c:
        with c.cursor() as cursor:
            for i in range(40):
                cursor.execute("UPDATE product_template SET name = jsonb_build_object('zh_CN',"
                               " repeat('长', 20) || %s || id)", (i,))
                c.commit()
    last = "长" * 20 + "39"
    factory.wait(lambda: all(r["item_name"].startswith(last) for r in factory.rows(
        factory.mes, "SELECT item_name FROM md_item WHERE item_code LIKE 'FG%'")))
    listener.process.terminate()
    listener.process.communicate()


# -- explain


def plain(rows):
    return sorted(repr({k: bytes(v) if isinstance(v, memoryview) else v for k, v in r.items()})
                  for r in rows)


def everything(factory):
    """Each row of each table of both sides, and what Millrace has made there."""
    erp = [r["t"] for r in factory.rows(
        factory.erp, "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS t"
        " FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1")]
    mes = [f"`{r['s']}`.`{r['t']}`" for r in factory.rows(
        factory.mes, "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES"
        " WHERE TABLE_SCHEMA IN (DATABASE(), 'millrace') ORDER BY 1, 2")]
    rows = {("erp", t): plain(factory.rows(factory.erp, f"SELECT * FROM {t}")) for t in erp}
    rows.update({("mes", t): plain(factory.rows(factory.mes, f"SELECT * FROM {t}")) for t in mes})
    rows["slots"] = factory.rows(factory.erp, "SELECT slot_name FROM pg_replication_slots"
                                 " WHERE database = current_database()")
    return rows


def explain(factory, table, row, *args, code=0):
    done = factory.engine.command("explain", "--table", table, "--row", json.dumps(row), *args)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def with_an_order(factory):
    factory.start()
    factory.erp_works("1_products")
    factory.erp_works("2_confirm_in_one")
    factory.wait(lambda: "WH/MO/00101" in factory.orders())
    factory.engine.stop()
    return factory


def test_a_change_of_quantity_is_explained_and_nothing_is_written(factory):
    with_an_order(factory)
    before = everything(factory)
    said = explain(factory, "mrp_production", {"id": 101, "product_qty": "5"})
    assert "update public.mrp_production id=101\n  product_qty: 3 -> 5\n" in said
    assert "event 1: OperationsRequest changed, key WH/MO/00101\n" in said
    assert "isa95.v1.OperationsRequest.changed (CHANGE)" in said
    assert "  quantity: 36 -> 60\n" in said       # dozens there, pieces here
    header, lines = said.split("\npro_workorder (flow OperationsRequest, line ")[1] \
        .split("\npro_workorder_bom (flow OperationsRequest, line ")
    assert "    quantity: 36.00 -> 60.00\n" in header
    assert "【36】PCS -> 控制旋钮【60】PCS" in header
    assert "nothing: the rows are as they should be" in lines
    assert everything(factory) == before


def test_a_line_that_goes_is_explained(factory):
    with_an_order(factory)
    before = everything(factory)
    said = explain(factory, "stock_move", {"id": 102}, "--delete")
    assert "delete public.stock_move id=102" in said
    assert "\npro_workorder_bom (flow" in said and "    item_code: BOX-S\n" in said
    said = explain(factory, "stock_move", {"id": 101, "product_uom_qty": 60000})
    assert "    quantity: 54.00 -> 60.00\n" in said
    assert everything(factory) == before


def test_what_would_be_held_is_told(factory):
    with_an_order(factory)
    said = explain(factory, "mrp_production", {"id": 101, "product_qty": 3.333})
    assert "held (quarantine): pro_workorder.quantity (double(14,2)) cannot hold 39.996" in said
    assert "\n  update" not in said


def test_explain_alone_makes_nothing(factory):
    before = everything(factory)
    assert not any("millrace" in str(t) for t in before if t[0] == "erp")
    said = explain(factory, "mrp_production", {"id": 1, "product_qty": 5})
    assert "event 1: OperationsRequest changed" in said and "held (wait)" in said
    assert everything(factory) == before


def test_explain_can_do_without_the_target(factory):
    factory.engine.write(factory.engine.config.replace(
        f'"port": {factory.mes.server.port}', '"port": 1'))
    said = explain(factory, "mrp_production", {"id": 1, "product_qty": 5}, "--no-write")
    assert "event 1: OperationsRequest changed" in said and "rolled back" not in said
    said = explain(factory, "mrp_production", {"id": 1, "product_qty": 5}, code=4)
    assert "mes" in said


@pytest.mark.parametrize("table, row, args, says", [
    ("mrp_production", {"id": 1, "user_id": 7}, (),
     "no event: none of the columns that events read of mrp_production is changed"),
    ("uom_uom", {"id": 2, "name": {"en_US": "dz"}}, (), "it only looks the row up"),
    ("mrp_production", {"id": 900, "name": "N", "state": "draft", "company_id": 1, "product_id": 1,
                        "product_uom_id": 2}, (), "the event's SQL leaves it out"),
    ("stock_move", {"id": 1, "scrapped": False}, (), "its objects say the same as before"),
    ("mrp_workcenter", {"id": 1}, ("--link", "dispatch"),
     "no event of link dispatch reads table mrp_workcenter; read are mrp_production"),
])
def test_why_there_is_no_event(factory, table, row, args, says):
    said = explain(factory, table, row, "--no-write", *args)
    assert says in said and "event 1" not in said


@pytest.mark.parametrize("table, row, args, code, says", [
    ("mrp_production", {"product_qty": 5}, (), 2, "--row needs the key of table"),
    ("mrp_production", {"id": 1, "produt_qty": 5}, (), 2, "did you mean product_qty?"),
    ("mrp_production", {"id": 1, "product_qty": "many"}, (), 2, "it is no number"),
    ("mrp_production", {"id": 99999}, ("--delete",), 2, "no such row to delete"),
    ("nowhere", {"id": 1}, (), 2, "no link reads table nowhere"),
    ("nowhere", {"id": 1}, ("--link", "dispatch"), 2, "nowhere"),
    ("mrp_production", {"id": 1}, ("--link", "dispach"), 2, "did you mean dispatch?"),
    ("mrp_production", {"id": 1, "product_qty": 5}, ("--max-rows", "1"), 2, "--max-rows N"),
])
def test_what_cannot_be_explained_says_why(factory, table, row, args, code, says):
    assert says in explain(factory, table, row, *args, code=code)


def test_without_a_row_it_says_how_events_are_evaluated(factory):
    done = factory.engine.command("explain")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("link dispatch\n")
    assert "MaterialDefinition" in done.stdout and "stock_move" in done.stdout
    done = factory.engine.command("explain", "--table", "mrp_production")
    assert done.returncode == 1 and "--row" in done.stderr


def test_before_says_what_the_row_was(factory):
    with_an_order(factory)
    said = explain(factory, "mrp_production", {"id": 101, "product_qty": 3},
                   "--before", json.dumps({"id": 101, "product_qty": 5}))
    assert "  quantity: 60 -> 36\n" in said
    assert said.count("nothing: the rows are as they should be") == 2


def test_the_way_back_is_explained_too(world):
    f = Factory(world.directory, world.side("pg"), world.side("maria", zone="Asia/Shanghai"))
    world.defer(f.engine.close)
    f.start()
    f.erp_works("2_confirm_in_one")
    f.mes_works("1_plan")
    f.mes_works("2_feedback")
    f.engine.stop()
    before = everything(f)
    record = f.rows(f.mes, "SELECT record_id FROM pro_feedback ORDER BY 1")[-1]["record_id"]
    said = explain(f, "pro_feedback", {"record_id": record, "quantity_qualified": 7})
    assert "link feedback, mes -> erp\n" in said
    assert "  quantity_good: 58.5 -> 7\n" in said
    assert "\nx_mes_job_response (flow JobResponse, line " in said
    assert everything(f) == before


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
def test_a_row_of_a_plain_table_is_explained(route, tmp_path):
    a, b = route
    for side in route:
        with side.connect() as c:
            with c.cursor() as cursor:
                cursor.execute("CREATE TABLE part (id int PRIMARY KEY, name varchar(20),"
                               " qty decimal(12,3))")
                cursor.execute("INSERT INTO part VALUES (1, 'bolt', 2.5)")
    source, target = full_name(a, "part"), full_name(b, "part")
    engine = Engine(tmp_path, {
        "systems": {"a": system(a), "b": system(b)},
        "links": [{"name": "a-b", "from": "a", "to": "b", "first_copy": {"mode": "none"},
                   "tables": {source: target}}]})
    done = engine.command("explain", "--table", source, "--row", '{"id": 1, "qty": "3.125"}')
    assert done.returncode == 0, done.stderr
    assert f"in a: update {source} id=1\n  qty: 2.5" in done.stdout.replace("2.500", "2.5")
    assert f"in b: update {target} id=1\n" in done.stdout
    done = engine.command("explain", "--table", source, "--row", '{"id": 2, "name": "nut"}')
    assert f"in b: insert {target} id=2\n  id: 2\n  name: nut\n" in done.stdout
