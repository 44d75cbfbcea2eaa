"""The factory of examples/factory/events on two sides, with the engine between them.

    f = Factory(directory, erp, mes).start()
    f.erp_works("2_confirm_in_one"); f.settle(); f.order("WH/MO/00101")

The file is the example's own: the block `systems:` alone is another one, with these servers.
"""
import itertools
import os
import re
import time

from .engine import Engine, _slow, system
from .servers import REPO, run

_numbers = itertools.count(1)
EXAMPLE = os.path.join(REPO, "examples", "factory", "events")


def statements(path):
    """The script, transaction by transaction, each a list of statements."""
    with open(path) as f:
        lines = [l for l in f.read().splitlines() if not l.lstrip().startswith("--")]
    transaction = []
    for s in "\n".join(lines).split(";\n"):
        s = s.strip("; \n")
        if s == "COMMIT":
            yield transaction
            transaction = []
        elif s and s != "BEGIN":
            transaction.append(s)
    if transaction:
        yield transaction


def config_text(erp, mes, change=None, ports=(None, None)):
    """factory.yaml with these systems; `change` edits the text."""
    with open(os.path.join(EXAMPLE, "factory.yaml")) as f:
        text = f.read()
    import json
    sides = {"erp": system(erp, ports[0]), "mes": system(mes, ports[1])}
    block = "systems: " + json.dumps(sides) + "\n\n"
    text, n = re.subn(r"(?ms)^systems:\n.*?(?=^# Codes are data)", lambda _: block, text)
    assert n == 1
    text = text.replace("file: dict/", f"file: {EXAMPLE}/dict/")
    return change(text) if change else text


class Factory:
    def __init__(self, directory, erp, mes, change=None, crash=False, ports=(None, None), data=True):
        self.erp, self.mes = erp, mes
        for side, name in ((erp, "erp"), (mes, "mes")):
            self.script(side, os.path.join(EXAMPLE, "schema", f"{name}.sql"))
            if data:
                self.script(side, os.path.join(EXAMPLE, "schema", f"{name}_data.sql"))
        self.engine = Engine(directory, config_text(erp, mes, change, ports), crash=crash)
        self.links = re.findall(r"(?m)^  - name: (\w+)", self.engine.config)

    def script(self, side, path):
        with side.connect(autocommit=False) as c:
            for transaction in statements(path):
                for s in transaction:
                    run(c, s)
                c.commit()

    def start(self, seconds=60, env=None):
        self.engine.start(env=env)
        for link in self.links:
            self.engine.wait_streaming(link, seconds=seconds)
        return self

    def erp_works(self, name):
        self.script(self.erp, os.path.join(EXAMPLE, "scenarios", f"erp_{name}.sql"))

    def mes_works(self, name):
        self.script(self.mes, os.path.join(EXAMPLE, "scenarios", f"mes_{name}.sql"))

    def sql(self, side, *transactions):
        """Each a statement, or several in one transaction."""
        with side.connect(autocommit=False) as c:
            for t in transactions:
                for s in [t] if isinstance(t, str) else t:
                    run(c, s)
                c.commit()

    # -- until it is done

    def settle(self, links=("dispatch", "feedback"), seconds=60):
        """Until all that was committed before this call is written, or held: one more event is
        sent along each link, of an object of its own, and links keep the order."""
        n = time.time_ns() // 1000 * 1000 + next(_numbers)
        if "dispatch" in links:
            self._probe_dispatch(n, seconds)
        if "feedback" in links:
            self._probe_feedback(n, seconds)

    def _probe_dispatch(self, n, seconds):
        name = "{\"en_US\": \"%d\"}" % n
        if not self.rows(self.erp, "SELECT id FROM product_product WHERE id = 900000"):
            self.sql(self.erp, [
                "INSERT INTO product_template (id, categ_id, uom_id, uom_po_id, detailed_type, type, name, "
                f"tracking, active) VALUES (900000, 7, 1, 1, 'consu', 'consu', '{name}', 'none', true)",
                "INSERT INTO product_product (id, product_tmpl_id, default_code, active) "
                "VALUES (900000, 900000, 'PROBE', true)"])
        else:
            self.sql(self.erp, f"UPDATE product_template SET name = '{name}' WHERE id = 900000")
        self.wait(lambda: self.rows(self.mes, "SELECT item_id FROM md_item WHERE item_code = 'PROBE' "
                                    "AND item_name = %s", str(n)), seconds)

    def _probe_feedback(self, n, seconds):
        self.sql(self.mes, [
            "INSERT IGNORE INTO pro_workorder (workorder_id, workorder_code, workorder_name, order_source, "
            "product_id, product_code, product_name, unit_of_measure, request_date, ancestors) VALUES "
            "(900000, 'PROBE', '', 'STORE', 900, 'MES-SELF-1', '', 'PCS', '2026-01-01', '0')",
            "INSERT INTO pro_feedback (record_id, feedback_type, feedback_code, workorder_id, workorder_code, "
            "item_id, item_code, item_name, unit_of_measure, quantity_qualified, status) VALUES "
            f"({n}, 'SELF', 'PROBE:{n}', 900000, 'PROBE', 900, 'MES-SELF-1', '', 'PCS', 1, 'FINISHED')"])
        self.wait(lambda: self.rows(self.erp, "SELECT id FROM x_mes_job_response WHERE x_name = %s",
                                    f"PROBE:{n}"), seconds)

    # -- what is there

    def rows(self, side, sql, *args):
        with side.connect() as c:
            with c.cursor() as cursor:
                cursor.execute(sql, args or None)
                names = [d[0] for d in cursor.description]
                return [dict(zip(names, r)) for r in cursor.fetchall()]

    def one(self, side, sql, *args):
        rows = self.rows(side, sql, *args)
        assert len(rows) == 1, (sql, args, rows)
        return rows[0]

    def order(self, code):
        return self.one(self.mes, "SELECT * FROM pro_workorder WHERE workorder_code = %s", code)

    def orders(self):
        return {r["workorder_code"] for r in self.rows(self.mes, "SELECT * FROM pro_workorder")}

    def bom(self, code):
        return {r["item_code"]: r["quantity"] for r in self.rows(
            self.mes, "SELECT b.item_code, b.quantity FROM pro_workorder_bom b JOIN pro_workorder w "
            "USING (workorder_id) WHERE w.workorder_code = %s", code)}

    def held(self, side):
        return self.rows(side, "SELECT * FROM millrace.held ORDER BY n")

    def responses(self):
        return self.rows(self.erp, "SELECT *, xmin::text AS xmin FROM x_mes_job_response "
                         "WHERE x_name NOT LIKE 'PROBE:%' ORDER BY x_name")

    def materials(self):
        return self.rows(self.erp, "SELECT *, xmin::text AS xmin FROM x_mes_material_actual "
                         "ORDER BY x_source, x_source_line_id")

    def production(self, name):
        return self.one(self.erp, "SELECT *, xmin::text AS xmin FROM mrp_production WHERE name = %s", name)

    def wait(self, what, seconds=30):
        """Until what() is true; its value."""
        end = time.monotonic() + seconds * _slow()
        while True:
            value = what()
            if value:
                return value
            assert self.engine.running(), "the engine has ended\n" + self.engine.tail()
            assert not self.engine.failed_links(), self.engine.tail()
            assert time.monotonic() < end, "it does not come\n" + self.engine.tail()
            time.sleep(0.05)
