"""The traps of two real systems, Odoo and ktg-mes, with the engine between them (docs/MAPPING.md)."""
import random
import re

from harness.log import Log


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


def test_a_report_is_one_target_transaction(world):
    """19 row changes in 9 tables: one report, what was produced, three materials, one total."""
    f = report(world)
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
    assert [(h["event_key"], h["op"], h["reason"]) for h in f.held(f.mes)] == [
        ("LATE-1", "created", "wait"), ("LATE-2", "created", "wait"), ("LATE-1", "changed", "behind"),
        ("LATE-1", "changed", "behind"), ("LATE-2", "gone", "behind")]
    h = f.held(f.mes)[0]
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
