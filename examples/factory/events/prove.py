#!/usr/bin/python3
"""Proves factory.yaml on a private PostgreSQL and a private MariaDB: every view gives the objects that
it should, every write finds its rows, the factory's transactions end as docs/MAPPING.md says.

    /usr/bin/python3 examples/factory/events/prove.py [path of isa95/v1.proto]

Debian packages: postgresql, mariadb-server-core, python3-psycopg2, python3-pymysql, python3-yaml.
"""
import contextlib
import datetime
import os
import re
import shutil
import sys
from decimal import Decimal

here = os.path.dirname(os.path.abspath(__file__))
repo = os.path.dirname(os.path.dirname(os.path.dirname(here)))
sys.path[:0] = [os.path.join(repo, "tests"), here]

import engine_model as model  # noqa: E402
from harness import servers  # noqa: E402
from harness.compare import Side  # noqa: E402
from harness.servers import run  # noqa: E402

UTC = datetime.timezone.utc


def at(*t):
    return datetime.datetime(*t, tzinfo=UTC)


def shanghai(*t):
    return datetime.datetime(*t)


class Factory:
    """Both databases, both mirrors, both links."""

    def __init__(self, erp, mes):
        self.config = model.load_config()
        self.erp, self.mes = erp, mes
        for db, name in ((erp, "erp"), (mes, "mes")):
            for part in (f"{name}.sql", f"{name}_data.sql"):
                list(db.script(os.path.join(here, "schema", part)))
        self.from_erp = model.Mirror(self.config, "erp", erp)
        self.from_mes = model.Mirror(self.config, "mes", mes)
        links = {l["name"]: l for l in self.config["links"]}
        self.dispatch = model.Target(self.config, links["dispatch"], mes)
        self.feedback = model.Target(self.config, links["feedback"], erp)

    def begin(self):
        """What is there already: each object once, as an event."""
        events = []
        for mirror in (self.from_erp, self.from_mes):
            for event, e in mirror.events.items():
                for key in sorted(mirror.tables[e["of"]]):
                    o = mirror.look(event, key)
                    mirror.said[event, key] = o
                    if o:
                        events.append(model.Event(event, "created", o[e["key"]], None, o, e))
        return events

    def erp_works(self, script):
        return self._work(self.from_erp, self.dispatch, self.from_mes, "erp_" + script)

    def mes_works(self, script):
        return self._work(self.from_mes, self.feedback, self.from_erp, "mes_" + script)

    def _work(self, mirror, target, other, script):
        """Per transaction of the script: (row changes, events, writes)."""
        path, told = os.path.join(here, "scenarios", script + ".sql"), []
        for statements in mirror.database.script(path):
            events = mirror.commit()
            writes = target.apply(events)
            assert other.commit(echo=True) == []   # what Millrace wrote comes back, and tells nothing
            told.append((statements, events, writes))
        return told

    def order(self, code):
        return one(self.mes, "SELECT * FROM pro_workorder WHERE workorder_code = %s", code)

    def bom(self, code):
        return dict(run(self.mes.c, "SELECT b.item_code, b.quantity FROM pro_workorder_bom b JOIN "
                        "pro_workorder w USING (workorder_id) WHERE w.workorder_code = %s", (code,)))

    def item(self, code):
        return one(self.mes, "SELECT * FROM md_item WHERE item_code = %s", code)


def one(db, sql, *args):
    with db.c.cursor() as c:
        c.execute(sql, args)
        rows = c.fetchall()
        assert len(rows) == 1, (sql, args, len(rows))
        return dict(zip([d[0] for d in c.description], rows[0]))


def has(got, **wanted):
    for k, v in wanted.items():
        assert got[k] == v, f"{k}: {got[k]!r}, expected {v!r}"


def kinds(events):
    return sorted((e.type, e.op, e.key) for e in events)


def written(writes):
    return sorted((t, op) for t, op, _ in writes)


def say(line):
    print(line, flush=True)


# ---- what is there already


def master_data(f, events):
    items = {e.key: e.after for e in events if e.type == "MaterialDefinition"}
    assert sorted(items) == ["BOX-S", "KNB-01", "PNT-BLU", "STL-100x5-BLU"], "a service is no material"
    has(items["STL-100x5-BLU"], description="蓝色圆钢", unit_of_measure="m", active=1,
        material_class_id="All / 原材料 / 圆钢")
    has(items["BOX-S"], description="Small box", unit_of_measure="pcs")   # no Chinese name
    f.dispatch.apply([e for e in events if e.type == "MaterialDefinition"])
    assert not f.dispatch.waiting and not f.dispatch.quarantined
    has(f.item("STL-100x5-BLU"), item_name="蓝色圆钢", specification="100mm X 5mm", unit_of_measure="m",
        item_or_product="ITEM", item_type_code="ITEM_TYPE_0201", item_type_name="圆钢", enable_flag="Y",
        create_by="millrace", min_stock=0.0)
    has(f.item("KNB-01"), item_or_product="PRODUCT", specification=None, unit_of_measure="PCS")
    has(f.item("MES-SELF-1"), item_name="工装夹具", min_stock=2.0)
    say("master data: 4 of 5 products, in Chinese where there is Chinese; the service stays")


def orders_there(f, events):
    orders = {e.key: e.after for e in events if e.type == "OperationsRequest"}
    assert list(orders) == ["WH/MO/00001"], "a cancelled order is not dispatched"
    has(orders["WH/MO/00001"], quantity="100", quantity_unit="pcs", source_document_id="S00042",
        material_lot_id="LOT-2026-11", end_time=at(2026, 11, 30, 9), priority=1,
        request_state="Released", operations_type="Production")
    lines = {l["material_definition_id"]: l for l in orders["WH/MO/00001"]["material_requirement"]}
    has(lines["STL-100x5-BLU"], quantity="151.25", quantity_unit="m")   # 150000 mm + 1.25 m
    has(lines["PNT-BLU"], quantity="1.2345", quantity_unit="kg")
    has(lines["BOX-S"], quantity="36", quantity_unit="pcs")             # 3 dozen, exactly; scrap apart
    f.dispatch.apply([e for e in events if e.type == "OperationsRequest"])
    has(f.order("WH/MO/00001"), workorder_name="控制旋钮【100】PCS", source_code="S00042",
        product_code="KNB-01", product_name="控制旋钮", quantity=100.0, order_source="ORDER",
        request_date=shanghai(2026, 11, 30, 17), status="CONFIRMED", batch_code="LOT-2026-11",
        attr1="加急", workorder_type="SELF", quantity_produced=0.0)
    assert f.bom("WH/MO/00001") == {"STL-100x5-BLU": 151.25, "PNT-BLU": 1.23, "BOX-S": 36.0}
    say("orders: 150000 mm + 1.25 m = 151.25 m, 3 dozen = 36, 09:00 UTC is 17:00 in Shanghai")


def set_wise(f, events):
    """Each write once more, over all events of a type in one statement."""
    for event in ("MaterialDefinition", "OperationsRequest"):
        some = [e for e in events if e.type == event]
        copies = some * 3
        for table, found in f.dispatch.resolve(copies).items():
            lines = table == "pro_workorder_bom"
            wanted = sum(len(e.after["material_requirement"]) for e in copies) if lines else len(copies)
            assert len(found) == wanted and set(found.values()) == {1}, table


# ---- the ERP at work


def products(f):
    [(_, events, writes)] = f.erp_works("1_products")
    assert kinds(events) == [("MaterialDefinition", "created", "BRG-6204"),
                             ("MaterialDefinition", "created", "odoo:102")]
    assert written(writes) == [("md_item", "insert")]
    assert [e.key for e, _ in f.dispatch.quarantined] == ["odoo:102"]
    has(f.item("BRG-6204"), item_name="轴承 6204", item_type_code="ITEM_TYPE_0203")
    run(f.erp.c, "UPDATE product_template SET name = '{\"en_US\": \"Knob\", \"zh_CN\": \"控制旋钮（新）\"}' WHERE id = 1")
    run(f.erp.c, "UPDATE product_product SET active = false WHERE id = 101")
    run(f.erp.c, "UPDATE product_template SET list_price = 9.99 WHERE id = 2")
    events = f.from_erp.commit()
    assert kinds(events) == [("MaterialDefinition", "changed", "BRG-6204"),
                             ("MaterialDefinition", "changed", "KNB-01")], "a price is nobody's business"
    f.dispatch.apply(events)
    has(f.item("BRG-6204"), enable_flag="N")          # soft: the row stays
    has(f.item("KNB-01"), item_name="控制旋钮（新）")
    has(f.order("WH/MO/00001"), product_name="控制旋钮")   # the order's copy: its own event's business
    f.dispatch.quarantined.clear()
    say("products: no code is quarantined, archived is enable_flag N, a price sends nothing")


def codes(f):
    """A code changes: the same row, under its new code. A code comes late: the item comes with it."""
    item = f.item("BRG-6204")["item_id"]
    run(f.erp.c, "UPDATE product_product SET default_code = 'BRG-6204-ZZ' WHERE id = 101")
    run(f.erp.c, "UPDATE product_product SET default_code = 'GSK-01' WHERE id = 102")
    assert written(f.dispatch.apply(f.from_erp.commit())) == [("md_item", "insert"), ("md_item", "update")]
    has(f.item("BRG-6204-ZZ"), item_id=item, item_name="轴承 6204")
    has(f.item("GSK-01"), item_name="Gasket", item_type_name="包装材料")
    say("a changed code renames its row; a code that comes late brings its item")


def confirm_in_one(f):
    [(statements, events, writes)] = f.erp_works("2_confirm_in_one")
    assert kinds(events) == [("OperationsRequest", "created", "WH/MO/00101")]
    has(events[0].after, quantity="36", quantity_unit="pcs", source_document_id="S00051")
    assert written(writes) == [("pro_workorder", "insert")] + [("pro_workorder_bom", "insert")] * 2
    has(f.order("WH/MO/00101"), workorder_name="控制旋钮（新）【36】PCS", order_source="ORDER",
        request_date=shanghai(2026, 12, 2, 0, 30))     # over midnight
    assert f.bom("WH/MO/00101") == {"STL-100x5-BLU": 54.0, "BOX-S": 36.0}
    say(f"confirmed in one transaction ({statements} statements): one event, one order, two lines")


def confirm_in_two(f):
    (_, first, _), (_, second, writes) = f.erp_works("3_confirm_in_two")
    assert first == []
    assert kinds(second) == [("OperationsRequest", "created", "WH/MO/00102")]
    assert f.bom("WH/MO/00102") == {"STL-100x5-BLU": 30.0, "PNT-BLU": 0.25}
    has(f.order("WH/MO/00102"), order_source="STORE", source_code=None, attr1="普通")
    say("confirmed in two: the draft sends nothing, then one event with the draft's lines")


def change_line(f):
    (_, events, writes), (_, nothing, _) = f.erp_works("4_change_line")
    assert kinds(events) == [("OperationsRequest", "changed", "WH/MO/00102")] and nothing == []
    assert written(writes) == [("pro_workorder_bom", op) for op in ("delete", "insert", "update")]
    assert f.bom("WH/MO/00102") == {"STL-100x5-BLU": 32.5, "BOX-S": 20.0}
    say("a line changed, one added, one taken off: three rows; a column that no view names: nothing")


def stale_save(f):
    [(_, events, _)] = f.mes_works("4_stale_save")
    assert events == [], "what the MES does to the ERP's columns is drift, not an event"
    key = next(k for (t, k), o in f.from_erp.said.items() if o and o["id"] == "WH/MO/00102")
    o = f.from_erp.said["OperationsRequest", key]
    again = model.Event("OperationsRequest", "changed", o["id"], o, o, f.config["events"]["OperationsRequest"])
    writes = f.dispatch.apply([again])   # on_drift: restore writes ours again, and only ours
    [(table, op, columns)] = writes
    assert (table, op) == ("pro_workorder", "update")
    assert {*columns} == {"workorder_name", "quantity", "request_date", "update_by", "update_time"}
    has(f.order("WH/MO/00102"), quantity=20.0, remark="夜班优先", status="APPROVED")
    say("a stale save brings the old quantity back: restored; the MES's own remark and status stay")


def digits(f):
    """3.333 dozen are 39.996 pieces, which fit no double(14,2): a person decides."""
    run(f.erp.c, "UPDATE mrp_production SET product_qty = 3.333 WHERE id = 101")
    assert f.dispatch.apply(f.from_erp.commit()) == []
    [(e, why)] = f.dispatch.quarantined
    assert e.key == "WH/MO/00101" and "39.996 has more than 2 digits" in why
    run(f.erp.c, "UPDATE mrp_production SET product_qty = 3 WHERE id = 101")
    assert f.dispatch.apply(f.from_erp.commit()) == []   # what is there already
    f.dispatch.quarantined.clear()
    say("39.996 pieces are quarantined, not rounded in silence")


def late_master(f):
    """The order comes before its item: it waits, and goes when the item is there."""
    run(f.mes.c, "SET @code = 'PNT-BLU'")
    run(f.mes.c, "UPDATE md_item SET item_code = 'PNT-BLU-x' WHERE item_code = @code")
    run(f.erp.c, "UPDATE stock_move SET product_uom_qty = 1300 WHERE id = 3")
    before = f.bom("WH/MO/00001")
    assert f.dispatch.apply(f.from_erp.commit()) == [] and len(f.dispatch.waiting) == 1
    assert f.bom("WH/MO/00001") == before, "all or nothing"
    run(f.mes.c, "UPDATE md_item SET item_code = @code WHERE item_code = 'PNT-BLU-x'")
    f.from_mes.commit(echo=True)
    # the order's copy of its product's name, stale since `products`, comes along
    assert written(f.dispatch.retry()) == [("pro_workorder", "update"), ("pro_workorder_bom", "update")]
    assert f.bom("WH/MO/00001")["PNT-BLU"] == 1.3
    has(f.order("WH/MO/00001"), product_name="控制旋钮（新）", status="CONFIRMED")
    # 48 pieces must not land on an item that is counted in dozens
    run(f.mes.c, "UPDATE md_item SET unit_of_measure = 'DOZ' WHERE item_code = 'KNB-01'")
    run(f.erp.c, "UPDATE mrp_production SET product_qty = 4 WHERE id = 101")
    assert f.dispatch.apply(f.from_erp.commit()) == [] and len(f.dispatch.waiting) == 1
    run(f.mes.c, "UPDATE md_item SET unit_of_measure = 'PCS' WHERE item_code = 'KNB-01'")
    f.from_mes.commit(echo=True)
    assert written(f.dispatch.retry()) == [("pro_workorder", "update")]
    has(f.order("WH/MO/00101"), quantity=48.0, workorder_name="控制旋钮（新）【48】PCS")
    say("an order before its item, or before its item's unit, waits, whole, and goes when it is there")


def unknown_codes(f):
    run(f.erp.c, "UPDATE mrp_production SET state = 'planned' WHERE id = 101")
    [e] = f.from_erp.commit()
    assert e.op == "quarantined" and "planned" in e.after, "not cancelled"
    run(f.erp.c, "UPDATE mrp_production SET state = 'confirmed' WHERE id = 101")
    f.from_erp.commit()
    run(f.erp.c, "INSERT INTO uom_uom (id, category_id, uom_type, name, factor, rounding) "
        "VALUES (99, 1, 'bigger', '{\"en_US\": \"Pallet\", \"zh_CN\": \"托盘\"}', 0.01, 1)")
    run(f.erp.c, "UPDATE mrp_production SET product_uom_id = 99 WHERE id = 101")
    [e] = f.from_erp.commit()
    assert e.op == "quarantined" and "Pallet" in e.after
    run(f.erp.c, "UPDATE mrp_production SET product_uom_id = 2 WHERE id = 101")
    f.from_erp.commit()
    say("a state or a unit that the dictionary lacks is quarantined, by name")


# ---- the MES at work


def plan(f):
    [(_, events, writes)] = f.mes_works("1_plan")
    assert {e.type for e in events} == {"MaterialLot"} and writes == []
    assert all(e.after["material_lot_property"] == [] for e in events)
    has(next(e.after for e in events if e.after["material_definition_id"] == "PNT-BLU"), quantity="500",
        quantity_unit="kg", storage_location__location="WH/线边库", disposition="UnRestricted")
    say("a report that is being typed sends nothing")


def report(f):
    position = run(f.mes.c, "SHOW MASTER STATUS")[0][:2]
    [(_, events, writes)] = f.mes_works("2_feedback")
    assert row_changes(f, position) == (19, 9)
    by = {(e.type, e.key): e for e in events if e.type != "MaterialLot"}
    assert sorted(by) == [("JobResponse", "ktg:1"),
                          *(("MaterialActual", f"wm_item_consume_line:{n}") for n in (1, 2, 3)),
                          ("MaterialActual", "wm_product_produce_line:1"),
                          ("OperationsResponse", "WH/MO/00001")]
    has(by["JobResponse", "ktg:1"].after, operations_request_id="WH/MO/00001", job_order_id="TASK-0001",
        quantity_good="58.5", quantity_good_unit="pcs", quantity_scrap="1.5", person_id="zhangsan",
        equipment_id="WS001", process_segment_id="PROCESS181", end_time=at(2026, 11, 24, 9, 30),
        cumulative_good="58.5", job_state="Completed")
    has(by["OperationsResponse", "WH/MO/00001"].after, response_state="Running", quantity_good="58.5",
        quantity_scrap="1.5", start_time=at(2026, 11, 24, 0, 0), end_time=None)
    has(by["MaterialActual", "wm_item_consume_line:1"].after, material_use="Consumed", quantity="90.75",
        quantity_unit="m", material_definition_id="STL-100x5-BLU", material_lot_id=None,
        storage_location__location="WH/线边库", effective_time=at(2026, 11, 24, 9, 31))
    has(by["MaterialActual", "wm_item_consume_line:2"].after, quantity="0.7407", quantity_unit="kg",
        material_lot_id="P-2026-03", storage_location__location="WH/原料库")
    has(by["MaterialActual", "wm_item_consume_line:3"].after, quantity="60", quantity_unit="pcs")
    has(by["MaterialActual", "wm_product_produce_line:1"].after, material_use="Produced", quantity="58.5",
        quantity_unit="pcs", material_lot_id="LOT-2026-11")
    lots = {e.after["material_definition_id"]: e for e in events if e.type == "MaterialLot"}
    assert {k: e.op for k, e in lots.items()} == {"KNB-01": "created", "STL-100x5-BLU": "changed",
                                                  "PNT-BLU": "changed", "BOX-S": "changed"}
    has(lots["STL-100x5-BLU"].after, quantity="409.25")
    has(lots["KNB-01"].after, material_lot_property=[{"id": "batch_code", "value__value_string": "LOT-2026-11"}])
    assert written(writes) == [("mrp_production", "update"), ("x_mes_job_response", "insert")] \
        + [("x_mes_material_actual", "insert")] * 4
    has(one(f.erp, "SELECT * FROM x_mes_job_response"), x_name="ktg:1", x_production_id=1, x_workcenter_id=1,
        x_qty_good=Decimal("58.5"), x_qty_scrap=Decimal("1.5"), x_uom_id=1, x_person="zhangsan",
        x_end_time=datetime.datetime(2026, 11, 24, 9, 30))
    has(one(f.erp, "SELECT * FROM mrp_production WHERE id = 1"), x_mes_state="progress",
        x_mes_qty_good=Decimal("58.5"), x_mes_qty_scrap=Decimal("1.5"), state="confirmed",
        x_mes_date_start=datetime.datetime(2026, 11, 24), write_date=datetime.datetime(2026, 11, 20, 2, 11, 5, 125000))
    has(one(f.erp, "SELECT * FROM x_mes_material_actual WHERE x_source_line_id = 2"), x_default_code="PNT-BLU",
        x_product_id=3, x_qty=Decimal("0.7407"), x_uom_id=3, x_lot_name="P-2026-03",
        x_location_code="WH/原料库", x_posted=False, x_source="wm_item_consume_line")
    say("the report: 19 row changes in 9 tables, 1 JobResponse, 3 consumed, 1 produced, 1 total")
    replay(f, events)


def replay(f, events):
    """The same events again: nothing is written, and what the ERP has set stays."""
    run(f.erp.c, "UPDATE x_mes_material_actual SET x_posted = true")
    assert f.feedback.apply(events) == []
    assert run(f.erp.c, "SELECT count(*), bool_and(x_posted) FROM x_mes_material_actual") == [(4, True)]
    actual = [e for e in events if e.type == "MaterialActual"]
    for event in ("JobResponse", "OperationsResponse", "MaterialActual"):
        some = [e for e in events if e.type == event]
        for found in f.feedback.resolve(some).values():
            assert found == {(n,): 1 for n in range(1, len(some) + 1)}
    assert len(actual) == 4


def echo(f):
    """What the MES's progress wrote into mrp_production tells the MES nothing."""
    run(f.erp.c, "UPDATE mrp_production SET x_mes_qty_good = 59, x_mes_state = 'progress' WHERE id = 1")
    assert f.from_erp.commit() == []
    run(f.erp.c, "UPDATE mrp_production SET x_mes_qty_good = 58.5 WHERE id = 1")
    say("loop: x_mes_ columns are read by no view")


def receipt(f):
    [(_, events, writes)] = f.mes_works("3_receipt")
    [e] = [e for e in events if e.type == "MaterialActual"]
    has(e.after, id="wm_product_recpt_line:1", material_use="Inventoried", quantity="58",
        storage_location__location="WH/成品库", effective_time=at(2026, 11, 24, 10))
    assert written(writes) == [("x_mes_material_actual", "insert")]
    say("the receipt is stock taken in: Inventoried, not produced twice")


def second_report(f):
    (_, first, _), (_, second, writes) = f.mes_works("5_second_report")
    assert first == [], "header, line and ledger are there, and count for nothing yet"
    assert kinds(second) == [("JobResponse", "created", "FB20261125001"),
                             ("MaterialActual", "created", "wm_item_consume_line:4"),
                             ("OperationsResponse", "changed", "WH/MO/00001")], "the first is not sent again"
    by = {e.type: e.after for e in second}
    has(by["JobResponse"], quantity_good="40", cumulative_good="98.5", end_time=at(2026, 11, 25, 2))
    has(by["OperationsResponse"], quantity_good="98.5", quantity_scrap="1.5")
    assert written(writes) == [("mrp_production", "update"), ("x_mes_job_response", "insert"),
                               ("x_mes_material_actual", "insert")]
    say("a second report: its own event, the order's total, and the header that FINISHED later")


def finish(f):
    [(_, events, writes)] = f.mes_works("6_finish")
    [e] = events
    has(e.after, response_state="Completed", end_time=at(2026, 11, 25, 2))
    assert written(writes) == [("mrp_production", "update")]
    has(one(f.erp, "SELECT * FROM mrp_production WHERE id = 1"), x_mes_state="done",
        x_mes_date_finished=datetime.datetime(2026, 11, 25, 2))
    say("finished: finish_date is NULL, the last report's time stands")


def cancel(f):
    told = f.erp_works("5_cancel")
    assert [kinds(e) for _, e, _ in told] == [[("OperationsRequest", "gone", "WH/MO/00102")],
                                              [("OperationsRequest", "gone", "WH/MO/00001")]]
    has(f.order("WH/MO/00102"), status="FINISHED", remark="ERP 已取消")
    assert [e.key for e, _ in f.dispatch.quarantined] == ["WH/MO/00001"], "it was reported on"
    assert f.from_mes.commit() == []   # closed by us: no OperationsResponse of an order never reported
    say("cancelled: closed where nothing was reported, a person's decision where something was")


# ---- the configuration as a whole


def tables_are_named(f):
    """No view reads a table that its event does not name, and none is named in vain."""
    for mirror in (f.from_erp, f.from_mes):
        for event, e in mirror.events.items():
            named = {e["of"], *e.get("touched_by", {}), *model.as_list(e.get("looks_up"))}
            read = {t for t, _ in mirror.read[event]}
            assert read <= named, (event, read - named)
            assert named - read <= {*e.get("touched_by", {})}, (event, named - read)


def owners(f):
    """Each column has one writer, and no way leads from a column back to it."""
    for link in (f.dispatch, f.feedback):
        for (table, column), flows in link.written.items():
            assert len(flows) == 1, (table, column, flows)
    read = {e: cols for m in (f.from_erp, f.from_mes) for e, cols in m.read.items()}
    wrote = {}
    for link in (f.dispatch, f.feedback):
        for where, flows in link.written.items():
            for flow in flows:
                wrote.setdefault(flow, set()).add(where)
    after = {a: {b for b in read if wrote.get(a, set()) & read[b]} for a in read}
    for event in after:
        seen, todo = set(), [event]
        while todo:
            for n in after[todo.pop()] - seen:
                assert n != event, f"{event} writes what it reads, over {seen}"
                seen.add(n)
                todo.append(n)
    assert all(c.startswith("x_") or t.startswith("x_mes_") for t, c in f.feedback.written)
    ways = sorted((a, b) for a, bs in after.items() for b in bs)
    say(f"{sum(len(l.written) for l in (f.dispatch, f.feedback))} columns written, one flow each; "
        f"no cycle over {len(ways)} ways: " + ", ".join(f"{a} -> {b}" for a, b in ways))


def vocabulary(f, path):
    """Each field of each view is a path of its message."""
    with open(path) as file:
        proto = re.sub(r"//.*", "", file.read())
    messages = {m: {n: (t, bool(r)) for r, t, n in re.findall(
        r"(?:(repeated) |optional )?([\w.]+) (\w+) = \d+;", body)}
        for m, body in re.findall(r"message (\w+)\s*\{(.*?)\}", proto, re.S)}
    for mirror in (f.from_erp, f.from_mes):
        for (event, _), o in mirror.said.items():
            for name in o or {}:
                check_path(messages, event, name, isinstance(o[name], list))
                for element in o[name] if isinstance(o[name], list) else []:
                    for n in element:
                        check_path(messages, messages[event][name][0], n, False)
    say(f"every field is in {os.path.basename(path)}")


def check_path(messages, message, name, is_list):
    for part in name.split("__"):
        fields = messages[message]
        if part not in fields and part.endswith("_unit"):
            part = part[:-5]
            assert fields[part][0] == "QuantityValue"
        assert part in fields, f"{message} has no field {part}"
        assert fields[part][1] == is_list, f"{message}.{part}: a list or not?"
        message = fields[part][0]


def fields(f):
    """Type -> its fields; of a list: list.field."""
    used = {}
    for mirror in (f.from_erp, f.from_mes):
        for (event, _), o in mirror.said.items():
            for name, v in (o or {}).items():
                names = [f"{name}.{n}" for e in v for n in e] if isinstance(v, list) else [name]
                used.setdefault(event, {}).update(dict.fromkeys(names))
    return used


def documentation(f):
    """The snippets of docs/MAPPING.md are lines of factory.yaml, its table is what the views select."""
    def lines(text):
        return [l.strip() for l in text.splitlines() if l.strip()]
    with open(os.path.join(here, "factory.yaml")) as file:
        config = "\n".join(lines(file.read()))
    with open(os.path.join(repo, "docs", "MAPPING.md")) as file:
        text = file.read()
    snippets = re.findall(r"```yaml\n(.*?)```", text, re.S)
    for snippet in snippets:
        assert "\n".join(lines(snippet)) in config, f"not in factory.yaml:\n{snippet}"
    table = dict(re.findall(r"^\| (\w+) \| \w+ \| (.*) \|$", text, re.M))
    for event, names in fields(f).items():
        wanted = ", ".join(f"`{n}`" for n in names)
        assert table.get(event) == wanted, f"docs/MAPPING.md should say: | {event} | ... | {wanted} |"
    say(f"docs/MAPPING.md: {len(snippets)} snippets and {len(fields(f))} types are those of the file")


def row_changes(f, position):
    """Of the first transaction from there, in the binlog: row changes, tables."""
    log = run(f.mes.c, "SHOW BINLOG EVENTS IN '%s' FROM %d" % position)
    kinds = [e[2] for e in log]
    log = log[:kinds.index("Xid")]
    rows = [e for e in log if re.match("(Write|Update|Delete)_rows", e[2])]   # one row each here
    tables = {re.search(r"\((.*?)\)", e[5])[1] for e in log if e[2] == "Table_map"}
    return len(rows), len(tables)


def prove(f, proto):
    events = f.begin()
    master_data(f, events)
    orders_there(f, events)
    set_wise(f, events)
    f.from_mes.commit(echo=True)
    products(f)
    codes(f)
    confirm_in_one(f)
    confirm_in_two(f)
    change_line(f)
    stale_save(f)
    digits(f)
    late_master(f)
    unknown_codes(f)
    plan(f)
    report(f)
    echo(f)
    receipt(f)
    second_report(f)
    finish(f)
    cancel(f)
    tables_are_named(f)
    owners(f)
    documentation(f)
    if proto:
        vocabulary(f, proto)
    say(f"{f.dispatch.statements + f.feedback.statements} SELECTs of the writes on real servers; all as expected")


def main():
    own = os.path.join(repo, "vocabulary", "isa95", "v1.proto")
    proto = sys.argv[1] if len(sys.argv) > 1 else own if os.path.exists(own) else None
    root = servers.run_dir(1 << 30)
    try:
        with contextlib.ExitStack() as stack:
            pg = stack.enter_context(servers.Postgres(root))
            maria = stack.enter_context(servers.MariaDB(root, options={"default-time-zone": "+08:00"}))
            pg.create_database("odoo")
            maria.create_database("ktgmes")
            prove(Factory(model.Database(Side(pg, "odoo"), "UTC"),
                          model.Database(Side(maria, "ktgmes"), "Asia/Shanghai")), proto)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
