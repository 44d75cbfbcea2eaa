"""The event factory, step by step: what an application did, what events it became, what arrived.

Each step plays a script of events/scenarios, waits for the events that it must become, and looks
in the databases for what it claims.
"""
import os
import re
from collections import Counter

from demo_text import amount, cut, line, say, title
from harness.factory import EXAMPLE, statements
from harness.log import Log
from harness.servers import run

GONE = "ERP 已取消"


def play(side, script):
    """Row changes by table, of each transaction."""
    done = []
    with side.connect(autocommit=False) as c:
        for transaction in statements(os.path.join(EXAMPLE, "scenarios", f"{script}.sql")):
            rows = Counter()
            for s in transaction:
                table = re.match(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", s)[1]
                rows[table] += run(c, s)
            c.commit()
            done.append(rows)
    return done


def several(n, word):
    return f"{n} {word}{'' if n == 1 else 's'}"


def counted(rows):
    tables = ", ".join(f"{table}\xa0{n}" for table, n in sorted(rows.items()))
    return (f"one transaction, {several(sum(rows.values()), 'row change')} in "
            f"{several(len(rows), 'table')}: {tables}")


def tell(event):
    held = "" if event.outcome == "written" else f"  -> held, {event.outcome}: {event.why}"
    line("event", f"{event.flow} {event.key} {event.op}{held}")


def local(moment):
    return moment.strftime("%Y-%m-%d %H:%M:%S")


class Story:
    def __init__(self, factory, stream, claim):
        self.f, self.stream, self.claim, self.steps = factory, stream, claim, 0

    def act(self, who, script, *wanted):
        """Plays the script; its events are exactly the wanted ones: (flow, key, op, outcome)."""
        for i, rows in enumerate(play(getattr(self.f, who), f"{who}_{script}")):
            line(f"in the {who.upper()}" if i == 0 else "", counted(rows))
        events = self.stream.take(wanted)
        for e in events:
            tell(e)
        if Counter(e.told for e in events) != Counter(wanted):
            self.claim(f"these events and no others: {wanted}", False)

    def step(self, text):
        self.steps += 1
        title(f"{self.steps}. {text}")

    def show_order(self, code):
        o = self.f.order(code)
        line("in the MES", f"order {code} {o['workorder_name']} until {local(o['request_date'])} "
             f"{o['status']} {o['remark'] or ''}".rstrip())
        for r in self.f.rows(self.f.mes, "SELECT b.* FROM pro_workorder_bom b JOIN pro_workorder w "
                             "USING (workorder_id) WHERE workorder_code = %s ORDER BY line_id", code):
            line("", f"  {r['item_code']} {r['item_name']} {amount(r['quantity'])} "
                 f"{r['unit_of_measure']}")
        return o

    def held(self):
        return {(h["flow"], h["event_key"]): h for h in self.f.held(self.f.mes)}

    # -- the steps, in their order

    def tell_all(self):
        for step in (self.products, self.confirmed, self.draft, self.lines, self.planned,
                     self.report, self.receipt, self.drift, self.late, self.unknown, self.finish,
                     self.cancel, self.people):
            step()

    def products(self):
        self.step("Odoo gets two products; one has no code yet")
        self.act("erp", "1_products", ("MaterialDefinition", "BRG-6204", "created", "written"),
                 ("MaterialDefinition", "odoo:102", "created", "quarantine"))
        r = self.f.one(self.f.mes, "SELECT * FROM md_item WHERE item_code = 'BRG-6204'")
        line("in the MES", f"item {r['item_code']} {r['item_name']} {r['unit_of_measure']} "
             f"{r['item_type_name']}")
        self.claim("the MES names the item in Chinese, with its own unit and type",
                   (r["item_name"], r["unit_of_measure"], r["item_type_name"])
                   == ("轴承 6204", "PCS", "轴承"))

    def confirmed(self):
        self.step("an order is drafted, filled and confirmed in Odoo")
        log = Log(self.f.mes)
        self.act("erp", "2_confirm_in_one",
                 ("OperationsRequest", "WH/MO/00101", "created", "written"))
        o = self.show_order("WH/MO/00101")
        self.claim("3 dozen are 36 pieces; 16:30 UTC is 00:30 of the next day in Shanghai",
                   (amount(o["quantity"]), local(o["request_date"])) == ("36", "2026-12-02 00:30:00")
                   and self.f.bom("WH/MO/00101") == {"STL-100x5-BLU": 54, "BOX-S": 36})
        [tables] = [[t for t, _ in rows] for rows in log.transactions()]
        self.claim("work order and material list are one transaction in the MES's log",
                   set(tables) == {"pro_workorder", "pro_workorder_bom"})

    def draft(self):
        self.step("a draft is nobody's business; confirmed a day later, it is one event")
        self.act("erp", "3_confirm_in_two",
                 ("OperationsRequest", "WH/MO/00102", "created", "written"))
        self.show_order("WH/MO/00102")
        self.claim("grams and millimetres of the ERP are kilograms and metres here, rounded by rule",
                   self.f.bom("WH/MO/00102") == {"STL-100x5-BLU": 30, "PNT-BLU": 0.25})

    def lines(self):
        self.step("one line changes, one is taken off, one comes; then a column that nobody reads")
        self.act("erp", "4_change_line", ("OperationsRequest", "WH/MO/00102", "changed", "written"))
        self.show_order("WH/MO/00102")
        self.claim("the material list follows, the line that was taken off is gone",
                   self.f.bom("WH/MO/00102") == {"STL-100x5-BLU": 32.5, "BOX-S": 20})

    def planned(self):
        self.step("the MES plans WH/MO/00001, and a worker types in his report: no event yet")
        self.act("mes", "1_plan")

    def report(self):
        self.step("the report is executed")
        # sent in this order: the report and the total, what was produced, what was consumed
        self.act("mes", "2_feedback", ("JobResponse", "ktg:1", "created", "written"),
                 ("OperationsResponse", "WH/MO/00001", "created", "written"),
                 ("MaterialActual", "wm_product_produce_line:1", "created", "written"),
                 *(("MaterialActual", f"wm_item_consume_line:{n}", "created", "written")
                   for n in (1, 2, 3)))
        [r], materials = self.f.responses(), self.f.materials()
        order = self.f.production("WH/MO/00001")
        line("in the ERP", f"x_mes_job_response {r['x_name']}: good {r['x_qty_good']} scrap "
             f"{r['x_qty_scrap']} by {r['x_person']} until {local(r['x_end_time'])}")
        for m in materials:
            line("", f"x_mes_material_actual: {m['x_material_use']} {m['x_qty']} of "
                 f"{m['x_default_code']} {m['x_lot_name'] or ''} at {m['x_location_code']}")
        line("", f"mrp_production WH/MO/00001: {order['x_mes_state']}, good "
             f"{order['x_mes_qty_good']}, scrap {order['x_mes_qty_scrap']}; Odoo's own state: "
             f"{order['state']}")
        self.claim("one response, one produced, three consumed, one progress update: one "
                   f"transaction in the ERP (xmin {r['xmin']})",
                   {x["xmin"] for x in [r, order, *materials]} == {r["xmin"]}
                   and Counter(m["x_material_use"] for m in materials)
                   == {"Produced": 1, "Consumed": 3})
        self.claim("17:30 in Shanghai is 09:30 UTC; 740.7 g are 0.7407 kg, 90750 mm are 90.75 m",
                   local(r["x_end_time"]) == "2026-11-24 09:30:00"
                   and {"0.7407", "90.75", "60", "58.5"} == {amount(m["x_qty"]) for m in materials})

    def receipt(self):
        self.step("the goods go from the line into the warehouse")
        self.act("mes", "3_receipt",
                 ("MaterialActual", "wm_product_recpt_line:1", "created", "written"))
        got = [m for m in self.f.materials() if m["x_source"] == "wm_product_recpt_line"]
        for m in got:
            line("in the ERP", f"{m['x_material_use']} {m['x_qty']} of {m['x_default_code']} at "
                 f"{m['x_location_code']}")
        self.claim("two lines of the MES's ledger are one movement: taken in, not produced again",
                   [(m["x_material_use"], m["x_location_code"]) for m in got]
                   == [("Inventoried", "WH/成品库")])

    def drift(self):
        self.step("drift: a form opened before the change saves its old quantity and date back")
        self.act("mes", "4_stale_save", ("OperationsRequest", "WH/MO/00102", "created", "written"))
        o = self.show_order("WH/MO/00102")
        self.claim("the ERP's quantity and date are restored; the MES's remark and status stay",
                   (amount(o["quantity"]), local(o["request_date"]), o["remark"], o["status"])
                   == ("20", "2026-12-24 23:59:59", "夜班优先", "APPROVED"))

    def late(self):
        self.step("an order for an item that the MES does not have; the item follows")
        self.act("erp", "6_order_before_item",
                 ("OperationsRequest", "WH/MO/00103", "created", "wait"),
                 ("OperationsRequest", "WH/MO/00103", "changed", "behind"))
        waiting = [h for h in self.f.held(self.f.mes) if h["event_key"] == "WH/MO/00103"]
        self.claim("it is not in the MES; it waits in millrace.held, and its change after it",
                   "WH/MO/00103" not in self.f.orders() and waiting[0]["reason"] == "wait"
                   and [h["op"] for h in waiting] == ["created", "changed"])
        self.act("erp", "7_item_follows", ("MaterialDefinition", "CAP-01", "created", "written"))
        self.f.wait(lambda: ("OperationsRequest", "WH/MO/00103") not in self.held(), seconds=60)
        o = self.show_order("WH/MO/00103")
        self.claim("it went out by itself, with its change: 60 pieces, 0.15 kg of paint",
                   amount(o["quantity"]) == "60"
                   and self.f.bom("WH/MO/00103") == {"PNT-BLU": 0.15})

    def unknown(self):
        self.step("a product in a category that the dictionary does not know")
        self.act("erp", "8_unknown_code", ("MaterialDefinition", "SEAL-20", "created", "quarantine"))
        h = self.held().get(("MaterialDefinition", "SEAL-20"))
        self.claim("it is in quarantine with dictionary and code named, not in the MES",
                   h and "ktg_item_type" in h["text"] and "密封件" in h["text"]
                   and not self.f.rows(self.f.mes, "SELECT 1 FROM md_item WHERE item_code = 'SEAL-20'"))

    def finish(self):
        self.step("the next day's report, and the MES closes the order")
        self.act("mes", "5_second_report", ("JobResponse", "FB20261125001", "created", "written"),
                 ("OperationsResponse", "WH/MO/00001", "changed", "written"),
                 ("MaterialActual", "wm_item_consume_line:4", "created", "written"))
        self.act("mes", "6_finish", ("OperationsResponse", "WH/MO/00001", "changed", "written"))
        order = self.f.production("WH/MO/00001")
        line("in the ERP", f"WH/MO/00001 {order['x_mes_state']}, good {order['x_mes_qty_good']}, "
             f"scrap {order['x_mes_qty_scrap']}, finished {local(order['x_mes_date_finished'])}")
        self.claim("done, 98.5 good, finished at 02:00 UTC (10:00 in Shanghai)",
                   (order["x_mes_state"], amount(order["x_mes_qty_good"]),
                    local(order["x_mes_date_finished"])) == ("done", "98.5", "2026-11-25 02:00:00"))

    def cancel(self):
        self.step("two orders are cancelled in Odoo; on one of them the MES has reported already")
        self.act("erp", "5_cancel", ("OperationsRequest", "WH/MO/00102", "gone", "written"),
                 ("OperationsRequest", "WH/MO/00001", "gone", "quarantine"))
        o = self.show_order("WH/MO/00102")
        self.claim("the first is closed in the MES and says why; the second is left to a person",
                   (o["status"], o["remark"]) == ("FINISHED", GONE)
                   and self.f.order("WH/MO/00001")["remark"] != GONE)

    def people(self):
        title("what waits for a person: millrace quarantine list")
        done = self.f.engine.command("quarantine", "list")
        for row in done.stdout.splitlines():
            say("  " + cut(row))
        self.claim("three events, each with its reason; nothing waits behind them",
                   {k: h["reason"] for k, h in self.held().items()} == {
                       ("MaterialDefinition", "odoo:102"): "quarantine",
                       ("MaterialDefinition", "SEAL-20"): "quarantine",
                       ("OperationsRequest", "WH/MO/00001"): "quarantine"}
                   and "3 held: 3 quarantine" in done.stdout)
