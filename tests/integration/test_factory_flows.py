"""The traps of two real systems, Odoo and ktg-mes, with the engine between them (docs/MAPPING.md)."""
import random
import re
import time

import pytest

from harness.log import Log
from harness.servers import run


def fast(text):
    """What waits is tried again every second."""
    return re.sub(r"(?m)^  - name: (dispatch|feedback)$", r"\g<0>\n    retry_every: 1 s", text)


def only(link):
    """The file with one link alone."""
    def change(text):
        head, *links = re.split(r"(?m)^(?=  - name: )", text)
        return fast(head + "".join(l for l in links if l.startswith(f"  - name: {link}\n")))
    return change


def tables(transaction):
    return sorted(transaction)


# ---- a report of the MES: 19 row changes


def report(world, **options):
    """The factory, where WH/MO/00001 is planned and about to be reported."""
    f = world.factory(change=fast, **options).start()
    f.mes_works("1_plan")
    f.settle()
    return f


REPORTED = [("mrp_production", "UPDATE"), ("x_mes_job_response", "INSERT")] + \
    [("x_mes_material_actual", "INSERT")] * 4


@pytest.mark.parametrize("mes", ["maria", "mysql"])
def test_a_report_is_one_target_transaction(world, mes):
    """19 row changes in 9 tables: one report, what was produced, three materials, one total."""
    f = report(world, mes=mes)
    source, target = Log(f.mes), Log(f.erp)
    f.mes_works("2_feedback")
    f.wait(lambda: len(f.materials()) == 4)
    [rows] = source.transactions()
    assert len(rows) == 19 and len({t for t, _ in rows}) == 9
    [written] = target.transactions()
    assert tables(written) == REPORTED
    [r] = f.responses()
    order = f.production("WH/MO/00001")
    assert {r["xmin"], order["xmin"]} == {m["xmin"] for m in f.materials()} | {r["xmin"]}
    assert (r["x_name"], r["x_production_id"], r["x_person"]) == ("ktg:1", 1, "zhangsan")
    assert (str(r["x_qty_good"]), str(r["x_qty_scrap"])) == ("58.5", "1.5")
    assert str(r["x_end_time"]) == "2026-11-24 09:30:00"      # 17:30 in Shanghai
    assert (order["x_mes_state"], str(order["x_mes_qty_good"])) == ("progress", "58.5")
    assert order["state"] == "confirmed", "what is Odoo's stays"
    assert [(m["x_material_use"], m["x_default_code"], str(m["x_qty"])) for m in f.materials()] == [
        ("Consumed", "STL-100x5-BLU", "90.75"), ("Consumed", "PNT-BLU", "0.7407"),
        ("Consumed", "BOX-S", "60"), ("Produced", "KNB-01", "58.5")]
    f.settle()
    assert not f.held(f.erp) and not f.held(f.mes)


def test_reports_without_a_code_have_names_of_their_own(world):
    f = report(world)
    f.mes_works("2_feedback")
    f.mes_works("5_second_report")
    f.sql(f.mes, "INSERT INTO pro_feedback (record_id, feedback_type, feedback_code, workorder_id, "
          "workorder_code, item_id, item_code, item_name, quantity_qualified, status) SELECT 3, 'SELF', "
          "'', workorder_id, workorder_code, product_id, product_code, product_name, 1, 'FINISHED' "
          "FROM pro_workorder WHERE workorder_code = 'WH/MO/00001'")
    f.settle()
    assert [r["x_name"] for r in f.responses()] == ["FB20261125001", "ktg:1", "ktg:3"]
    assert not f.held(f.erp)


FEEDBACK = """INSERT INTO pro_feedback (record_id, feedback_type, feedback_code, workorder_id, workorder_code,
  item_id, item_code, item_name, quantity_qualified, status) SELECT {n}, 'SELF', 'F{n}', workorder_id,
  workorder_code, product_id, product_code, product_name, {quantity}, '{status}' FROM pro_workorder
  WHERE workorder_code = 'WH/MO/00001'"""


def test_a_draft_is_nobodys_business(world):
    """PREPARE and FINISHED in one transaction are one event; PREPARE alone is none."""
    f = world.factory(change=only("feedback"))
    f.sql(f.mes, "INSERT INTO md_item (item_id, item_code, item_name, unit_of_measure, item_or_product) "
          "VALUES (1, 'KNB-01', 'Knob', 'PCS', 'PRODUCT')",
          "INSERT INTO pro_workorder (workorder_code, workorder_name, order_source, product_id, product_code, "
          "product_name, unit_of_measure, request_date, ancestors, status) VALUES ('WH/MO/00001', '', 'STORE', "
          "1, 'KNB-01', 'Knob', 'PCS', '2026-12-01', '0', 'CONFIRMED')")
    f.start()
    target = Log(f.erp)
    f.sql(f.mes, [FEEDBACK.format(n=1, quantity=5, status="PREPARE"),
                  "UPDATE pro_feedback SET status = 'FINISHED' WHERE record_id = 1"])
    f.settle(["feedback"])
    assert tables(target.transactions()[0]) == REPORTED[:2]
    f.sql(f.mes, FEEDBACK.format(n=2, quantity=6, status="PREPARE"))
    f.sql(f.mes, "UPDATE pro_feedback SET status = 'APPROVING' WHERE record_id = 2")
    f.settle(["feedback"])
    assert [r["x_name"] for r in f.responses()] == ["F1"]
    f.sql(f.mes, "UPDATE pro_feedback SET status = 'FINISHED', quantity_qualified = 7 WHERE record_id = 2")
    f.settle(["feedback"])
    assert [(r["x_name"], r["x_qty_good"]) for r in f.responses()] == [("F1", 5), ("F2", 7)]


# ---- orders of the ERP


def test_an_order_is_dispatched_when_it_is_confirmed(world):
    """A draft sends nothing; draft and confirmed in one transaction are one event."""
    f = world.factory(change=only("dispatch")).start()
    assert f.orders() == {"WH/MO/00001"}, "a cancelled order is not dispatched"
    assert f.bom("WH/MO/00001") == {"STL-100x5-BLU": 151.25, "PNT-BLU": 1.23, "BOX-S": 36.0}
    log = Log(f.mes)
    f.erp_works("2_confirm_in_one")
    f.settle(["dispatch"])
    assert log.transactions()[0] == [("pro_workorder", "INSERT"), ("pro_workorder_bom", "INSERT")]
    order = f.order("WH/MO/00101")
    assert (order["quantity"], order["status"], order["order_source"]) == (36, "CONFIRMED", "ORDER")
    assert str(order["request_date"]) == "2026-12-02 00:30:00"     # 16:30 UTC
    assert f.bom("WH/MO/00101") == {"STL-100x5-BLU": 54.0, "BOX-S": 36.0}    # 3 dozen, exactly
    f.erp_works("3_confirm_in_two")
    f.settle(["dispatch"])
    [first, *probes] = log.transactions()
    assert first == [("pro_workorder", "INSERT"), ("pro_workorder_bom", "INSERT")]
    assert {t for p in probes for t, _ in p} == {"md_item"}
    f.erp_works("4_change_line")
    f.settle(["dispatch"])
    assert {t for t, _ in log.transactions()[0]} == {"pro_workorder_bom"}
    assert f.bom("WH/MO/00102") == {"STL-100x5-BLU": 32.5, "BOX-S": 20.0}
    assert not f.held(f.mes)


def confirmed(n):
    """An order of two draft lines that are changed and confirmed: what it takes, and what must be before."""
    order = 1000 + n
    line, other = 10_000 + 2 * n, 10_001 + 2 * n
    move = ("INSERT INTO stock_move (id, company_id, product_id, product_uom, name, state, procure_method, "
            "product_uom_qty, date, raw_material_production_id) VALUES ({}, 1, {}, {}, 'x', 'draft', "
            "'make_to_stock', {}, '2026-12-01', {})")
    return [
        (f"INSERT INTO mrp_production (id, product_id, product_uom_id, company_id, name, state, consumption, "
         f"product_qty, date_start) VALUES ({order}, 1, 1, 1, 'S{n:03}', 'draft', 'flexible', 7, '2026-12-01')", None),
        (f"UPDATE mrp_production SET state = 'confirmed' WHERE id = {order}", 0),
        (f"UPDATE mrp_production SET product_qty = 8, origin = 'SO' WHERE id = {order}", 0),
        (move.format(line, 2, 6, 1500, order), None),
        (f"UPDATE stock_move SET state = 'confirmed', product_uom_qty = 2500 WHERE id = {line}", 3),
        (move.format(other, 4, 2, 3, order), None),
        (f"UPDATE stock_move SET state = 'confirmed' WHERE id = {other}", 5),
        (move.format(other + 50_000, 3, 3, 9, order), None),
        (f"DELETE FROM stock_move WHERE id = {other + 50_000}", 7)]


def shuffled(steps, rnd):
    """In any order that keeps each after what must be before it."""
    left, done, out = list(range(len(steps))), set(), []
    while left:
        i = rnd.choice([i for i in left if steps[i][1] is None or steps[i][1] in done])
        left.remove(i)
        done.add(i)
        out.append(steps[i][0])
    return out


def test_the_order_of_statements_in_a_transaction_does_not_matter(world):
    """Odoo flushes moves before, after and around their header."""
    f = world.factory(change=only("dispatch"))
    f.sql(f.erp, "ALTER TABLE stock_move DROP CONSTRAINT stock_move_raw_material_production_id_fkey")
    f.start()
    rnd = random.Random(17)
    f.sql(f.erp, *(shuffled(confirmed(n), rnd) for n in range(25)))
    f.settle(["dispatch"])
    assert not f.held(f.mes)
    for n in range(25):
        order = f.order(f"S{n:03}")
        assert (order["quantity"], order["source_code"], order["status"]) == (8, "SO", "CONFIRMED"), n
        assert f.bom(f"S{n:03}") == {"STL-100x5-BLU": 2.5, "BOX-S": 36}, n


# ---- master data that is late


def order_of(product, n, name, quantity):
    return (f"INSERT INTO mrp_production (id, product_id, product_uom_id, company_id, name, state, consumption, "
            f"product_qty, date_start) VALUES ({n}, {product}, 1, 1, '{name}', 'confirmed', 'flexible', "
            f"{quantity}, '2026-12-01')")


def waiting_factory(world):
    """Two orders of a product that the MES does not have: it is a service, still. Each is changed."""
    f = world.factory(change=only("dispatch")).start()
    f.sql(f.erp, order_of(5, 201, "LATE-1", 3), order_of(5, 202, "LATE-2", 4), order_of(1, 203, "OTHER", 5),
          "UPDATE mrp_production SET product_qty = 30 WHERE id = 201",
          "UPDATE mrp_production SET product_qty = 31 WHERE id = 201",
          "UPDATE mrp_production SET product_qty = 40, state = 'cancel' WHERE id = 202")
    f.settle(["dispatch"])
    assert f.orders() == {"WH/MO/00001", "OTHER"}, "others pass"
    held = f.held(f.mes)
    assert [(h["event_key"], h["op"]) for h in held] == [
        ("LATE-1", "created"), ("LATE-2", "created"), ("LATE-1", "changed"), ("LATE-1", "changed"),
        ("LATE-2", "gone")]
    assert {h["reason"] for h in held} <= {"wait", "behind"}
    h = held[0]
    assert h["reason"] == "wait"
    assert h["flow"] == "OperationsRequest" and h["tab"] == "pro_workorder" and h["text"]
    assert '"SVC-01"' in h["after_row"]
    return f


def check_released(f):
    f.wait(lambda: not f.held(f.mes))
    assert f.order("LATE-1")["quantity"] == 31
    late = f.order("LATE-2")
    assert (late["quantity"], late["status"], late["remark"]) == (4, "FINISHED", "ERP 已取消")


def test_an_order_waits_for_an_item_that_the_link_brings(world):
    f = waiting_factory(world)
    f.sql(f.erp, "UPDATE product_template SET type = 'consu' WHERE id = 5")
    check_released(f)
    assert f.one(f.mes, "SELECT item_name FROM md_item WHERE item_code = 'SVC-01'")["item_name"] == "装配服务"
    # four items and an order copied, a probe and OTHER, the item, the five that waited
    f.wait(lambda: f.engine.status()["dispatch"]["events"]["written"] == 5 + 2 + 1 + 5)


def test_an_order_waits_for_an_item_that_the_mes_makes_itself(world):
    f = waiting_factory(world)
    f.sql(f.mes, "INSERT INTO md_item (item_code, item_name, unit_of_measure, item_or_product) "
          "VALUES ('SVC-01', '装配', 'PCS', 'ITEM')")
    check_released(f)
    assert f.order("LATE-1")["product_name"] == "装配"
    f.engine.close()


def test_what_waits_outlives_a_restart(world):
    f = waiting_factory(world)
    f.engine.stop()
    f.sql(f.erp, "UPDATE mrp_production SET product_qty = 32 WHERE id = 201",
          "UPDATE product_template SET type = 'consu' WHERE id = 5")
    f.start()
    f.wait(lambda: not f.held(f.mes))
    f.settle(["dispatch"])
    assert f.order("LATE-1")["quantity"] == 32


# ---- codes and units that are wrong


def test_a_code_that_the_flow_lacks_is_for_a_person(world):
    """A category that no dictionary has: the item is set aside, with its images; what it says later
    waits behind it; others pass."""
    f = world.factory(change=only("dispatch")).start()
    f.sql(f.erp, ["INSERT INTO product_category (id, name, complete_name) VALUES (77, 'x', 'All / 新')",
                  "UPDATE product_template SET categ_id = 77 WHERE id = 3"],
          """UPDATE product_template SET name = '{"en_US": "Paint"}' WHERE id = 3""",
          """UPDATE product_template SET name = '{"en_US": "Box"}' WHERE id = 4""",
          # the category is mended at the source, but what came before is not decided yet
          """UPDATE product_template SET categ_id = 6 WHERE id = 3""")
    f.settle(["dispatch"])
    item = {r["item_code"]: r["item_name"] for r in f.rows(f.mes, "SELECT * FROM md_item")}
    assert (item["PNT-BLU"], item["BOX-S"]) == ("蓝色油漆", "Box")
    time.sleep(2.5)      # the timer comes, and changes nothing
    first, *later = f.held(f.mes)
    assert (first["flow"], first["event_key"], first["op"], first["reason"]) == (
        "MaterialDefinition", "PNT-BLU", "changed", "quarantine")
    assert "ktg_item_type" in first["text"] and "All / 新" in first["text"]
    assert "All / 原材料 / 油漆" in first["before_row"] and "All / 新" in first["after_row"]
    assert [(h["event_key"], h["reason"]) for h in later] == [
        ("PNT-BLU", "quarantine"), ("PNT-BLU", "behind")], "the second lacks the code itself"


def test_a_status_that_the_dictionary_lacks_is_for_a_person(world):
    """Not a cancelled order, and not a running one: nobody knows."""
    f = world.factory(change=only("dispatch")).start()
    f.sql(f.erp, "UPDATE mrp_production SET state = 'planned', product_qty = 5 WHERE id = 1",
          order_of(1, 300, "OTHER", 5))
    f.settle(["dispatch"])
    order = f.order("WH/MO/00001")
    assert (order["quantity"], order["status"]) == (100, "CONFIRMED")
    assert "OTHER" in f.orders()
    [h] = f.held(f.mes)
    assert (h["flow"], h["reason"]) == ("OperationsRequest", "quarantine")
    assert "odoo_order_state" in h["text"] and "planned" in h["text"]
    f.sql(f.erp, "UPDATE mrp_production SET state = 'confirmed' WHERE id = 1")
    f.settle(["dispatch"])
    assert f.order("WH/MO/00001")["quantity"] == 5, "mended at the source, it goes on"


def test_three_dozen_are_thirty_six(world):
    """Odoo's own factor, 0.08333333333333333, gives 36.00000000000000144."""
    f = world.factory(change=only("dispatch")).start()
    f.sql(f.erp, [order_of(1, 300, "DOZ", 3), "UPDATE mrp_production SET product_uom_id = 2 WHERE id = 300"],
          [order_of(1, 301, "THIRD", 3.333), "UPDATE mrp_production SET product_uom_id = 2 WHERE id = 301"])
    f.settle(["dispatch"])
    order = f.order("DOZ")
    assert (order["quantity"], order["workorder_name"]) == (36, "控制旋钮【36】PCS")
    [h] = f.held(f.mes)      # 39.996 does not fit double(14,2), and is not rounded in silence
    assert (h["event_key"], h["reason"], h["tab"], h["col"]) == (
        "THIRD", "quarantine", "pro_workorder", "quantity")
    assert "39.996" in h["text"]


def test_a_gram_that_is_a_tenth_of_a_kilogram_is_refused(world):
    """As md_unit_measure of a real plant has it: said before anything is written."""
    f = world.factory(change=lambda t: t.replace("1 kg = 1000 g", "1 kg = 0.1 g"))
    f.engine.start()
    assert f.engine.wait_end() != 0
    log = f.engine.log()
    assert "1 kg = 0.1 g" in log and "error" in log, log
    assert not f.rows(f.mes, "SELECT * FROM pro_workorder")


# ---- loops


def test_progress_on_an_order_sends_nothing_back(world):
    """10,000 updates of x_mes_ columns: no event, no write, a checkpoint now and then."""
    f = world.factory(change=only("dispatch")).start()
    f.settle(["dispatch"])
    log = Log(f.mes)
    count = "SELECT count(*) AS n FROM millrace.checkpoint"
    before = f.one(f.mes, count)["n"]
    with f.erp.connect() as c:
        run(c, "SET synchronous_commit = off")
        run(c, "DO $$ BEGIN FOR i IN 1..10000 LOOP UPDATE mrp_production SET x_mes_qty_good = i, "
            "x_mes_state = 'progress', write_date = now() WHERE id = 1; COMMIT; END LOOP; END $$")
    f.settle(["dispatch"])
    assert f.order("WH/MO/00001")["quantity_produced"] == 0
    assert log.transactions() == [[("md_item", "UPDATE")]], "the probe's own"
    assert f.one(f.mes, count)["n"] - before < 60
    assert not f.held(f.mes)


def test_a_whole_round_does_not_come_back(world):
    """The ERP's order, the MES's report, the ERP's total: each is written once, and no link wakes
    the other again."""
    f = report(world)
    f.mes_works("2_feedback")
    f.mes_works("5_second_report")
    f.mes_works("6_finish")
    f.settle()
    logs = Log(f.mes), Log(f.erp)
    order = f.production("WH/MO/00001")
    assert (order["x_mes_state"], str(order["x_mes_qty_good"])) == ("done", "98.5")
    assert str(order["x_mes_date_finished"]) == "2026-11-25 02:00:00"   # of the last report: 10:00
    f.settle()
    assert [len(t) for log in logs for t in log.transactions()] == [1] * 4, "probes alone"


# ---- layouts


def restated(f):
    f.sql(f.erp, "UPDATE mrp_production SET product_qty = product_qty + 1 WHERE id = 1")
    f.settle(["dispatch"])
    return f.order("WH/MO/00001")


def test_a_column_is_appended_to_the_target(world):
    f = world.factory(change=only("dispatch")).start()
    f.sql(f.mes, "ALTER TABLE pro_workorder ADD COLUMN x_note varchar(20) DEFAULT 'new'")
    order = restated(f)
    assert (order["quantity"], order["x_note"]) == (101, "new")


def test_columns_are_appended_to_what_is_read(world):
    """PostgreSQL and MariaDB: what no view names is nobody's business."""
    f = report(world)
    f.sql(f.erp, "ALTER TABLE mrp_production ADD COLUMN x_later numeric DEFAULT 3")
    f.sql(f.mes, "ALTER TABLE pro_workorder ADD COLUMN x_later varchar(20) DEFAULT 'new'",
          "ALTER TABLE wm_transaction ADD COLUMN x_last int")
    assert restated(f)["quantity"] == 101
    f.mes_works("2_feedback")
    f.settle()
    assert len(f.materials()) == 4 and f.production("WH/MO/00001")["x_mes_qty_good"] is not None
    assert not f.held(f.erp) and not f.held(f.mes)


ERP_CHANGES = {"drop": "ALTER TABLE mrp_production DROP COLUMN origin",
               "rename": "ALTER TABLE mrp_production RENAME COLUMN origin TO source_doc",
               "type": "ALTER TABLE mrp_production ALTER COLUMN priority TYPE int USING priority::int"}


@pytest.mark.parametrize("what", ERP_CHANGES)
def test_a_column_that_is_read_changes_in_the_erp(world, what):
    f = world.factory(change=only("dispatch")).start()
    f.sql(f.erp, ERP_CHANGES[what], "UPDATE mrp_production SET product_qty = 7 WHERE id = 1")
    error = f.engine.wait_failed("dispatch")
    assert "mrp_production" in error["text"], error
    assert {"drop": "origin", "rename": "origin", "type": "priority"}[what] in error["text"], error
    assert f.order("WH/MO/00001")["quantity"] == 100


MES_CHANGES = {"drop": "ALTER TABLE pro_feedback DROP COLUMN user_name",
               "rename": "ALTER TABLE pro_feedback CHANGE user_name person varchar(64)",
               "type": "ALTER TABLE pro_feedback MODIFY user_name int",
               "first": "ALTER TABLE pro_feedback ADD COLUMN x_first int FIRST"}


@pytest.mark.parametrize("what", MES_CHANGES)
def test_a_table_that_is_read_changes_in_the_mes(world, what):
    f = world.factory(change=only("feedback")).start()
    f.settle(["feedback"])
    f.sql(f.mes, MES_CHANGES[what], "INSERT INTO pro_feedback (feedback_type, workorder_id, workorder_code, "
          "item_id, item_code, item_name, status) VALUES ('SELF', 900000, 'PROBE', 900, 'x', 'x', 'FINISHED')")
    error = f.engine.wait_failed("feedback")
    assert error["code"] == "ddl" and "pro_feedback" in error["text"], error
    assert not f.responses()


# ---- drift


def test_a_stale_save_is_restored(world):
    """A form that was opened before the planner's change brings the old quantity back: the ERP's
    columns are written again, the MES's own remark and status stay."""
    f = report(world)
    f.erp_works("3_confirm_in_two")
    f.settle()
    f.mes_works("4_stale_save")
    f.wait(lambda: f.order("WH/MO/00102")["quantity"] == 20)
    order = f.order("WH/MO/00102")
    assert (order["remark"], order["status"]) == ("夜班优先", "APPROVED")
