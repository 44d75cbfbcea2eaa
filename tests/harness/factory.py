"""The factory of examples/factory/events on two sides, with the engine between them.

    f = Factory(directory, erp, mes).start()
    f.erp_works("2_confirm_in_one"); f.settle(); f.order("WH/MO/00101")

The file is the example's own: the block `systems:` alone is another one, with these servers.
"""
import os
import re
import time

from . import servers
from .engine import Engine, _slow, system
from .servers import REPO, run

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

    # -- what is there

    def rows(self, side, sql, *args):
        with side.connect() as c:
            with c.cursor() as cursor:
                cursor.execute(sql, args)
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

    def wait(self, what, seconds=30):
        """Until what() is true; its value."""
        end = time.monotonic() + seconds * _slow()
        while True:
            value = what()
            if value:
                return value
            assert self.engine.running(), "the engine has ended\n" + self.engine.tail()
            assert time.monotonic() < end, "it does not come\n" + self.engine.tail()
            time.sleep(0.05)
