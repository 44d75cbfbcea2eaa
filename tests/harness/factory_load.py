"""Both systems of the factory at work, and a model of what each has to say about the other.

    with FactoryLoad(f) as load:
        load.wait(50)
        ...
    f.settle(); load.prove()
"""
import decimal
import random
import threading
import time

import psycopg2
import pymysql

from .engine import _slow
from .servers import run

CODES = {2: "STL-100x5-BLU", 3: "PNT-BLU", 4: "BOX-S"}


class Worker(threading.Thread):
    """One connection that does one transaction after another; a lost race is tried again."""

    def __init__(self, side, seed, pause):
        super().__init__(daemon=True)
        self.side, self.rnd, self.pause = side, random.Random(seed), pause
        self.done, self.stopping, self.error = 0, False, None

    def run(self):
        try:
            with self.side.connect(autocommit=False) as self.c:
                while not self.stopping:
                    self._step()
                    time.sleep(self.pause)
        except Exception as e:
            self.error = e

    def _step(self):
        try:
            done = self.work()
            self.c.commit()
        except (psycopg2.errors.DeadlockDetected, psycopg2.errors.LockNotAvailable):
            self.c.rollback()
        except pymysql.err.OperationalError as e:
            self.c.rollback()
            if e.args[0] not in (1205, 1213):
                raise
        else:
            self.done += 1
            done()


class Erp(Worker):
    """Orders: drafts, confirmed in one or in two, changed with their lines; even ones are cancelled."""

    def __init__(self, side, seed, pause):
        super().__init__(side, seed, pause)
        self.n, self.move = 1000, 10_000
        self.draft, self.confirmed, self.cancelled = set(), {}, set()

    def work(self):
        kind = self.rnd.random()
        if kind < 0.4 or not self.confirmed:
            return self._new()
        if kind < 0.5 and self.draft:
            n = self.rnd.choice(sorted(self.draft))
            self._state(n, "confirmed")
            return lambda: (self.draft.discard(n), self.confirmed.setdefault(n))
        n = self.rnd.choice(list(self.confirmed))
        if kind > 0.93 and n % 2 == 0:
            self._state(n, "cancel")
            return lambda: (self.confirmed.pop(n), self.cancelled.add(n))
        return self._change(n)

    def _state(self, n, state):
        tables = [("mrp_production", "id"), ("stock_move", "raw_material_production_id")]
        self.rnd.shuffle(tables)
        for table, column in tables:
            run(self.c, f"UPDATE {table} SET state = %s WHERE {column} = %s", (state, n))

    def _new(self):
        self.n += 1
        n, draft = self.n, self.rnd.random() < 0.3
        state = "draft" if draft else "confirmed"
        run(self.c, "INSERT INTO mrp_production (id, product_id, product_uom_id, company_id, name, state, "
            "consumption, product_qty, date_start) VALUES (%s, 1, %s, 1, %s, %s, 'flexible', %s, '2026-12-01')",
            (n, self.rnd.choice((1, 2)), f"L-{n}", state, self.rnd.randint(1, 99)))
        for _ in range(self.rnd.randint(1, 4)):
            self._line(n, state)
        return lambda: self.draft.add(n) if draft else self.confirmed.setdefault(n)

    def _line(self, n, state):
        self.move += 1
        product = self.rnd.choice(list(CODES))
        run(self.c, "INSERT INTO stock_move (id, company_id, product_id, product_uom, name, state, procure_method, "
            "product_uom_qty, date, raw_material_production_id) VALUES (%s, 1, %s, %s, 'x', %s, 'make_to_stock', "
            "%s, '2026-12-01', %s)", (self.move, product, {2: 5, 3: 3, 4: 1}[product], state,
                                      self.rnd.randint(1, 500), n))

    def _change(self, n):
        kind = self.rnd.random()
        if kind < 0.4:
            run(self.c, "UPDATE mrp_production SET product_qty = %s WHERE id = %s", (self.rnd.randint(1, 99), n))
        elif kind < 0.6:
            self._line(n, "confirmed")
        elif kind < 0.8:
            run(self.c, "DELETE FROM stock_move WHERE id = (SELECT max(id) FROM stock_move WHERE "
                "raw_material_production_id = %s)", (n,))
        else:
            run(self.c, "UPDATE stock_move SET product_uom_qty = product_uom_qty + 1 "
                "WHERE raw_material_production_id = %s", (n,))
        return lambda: None


class Mes(Worker):
    """Reports of odd orders, each with what it consumed."""

    def __init__(self, side, seed, pause):
        super().__init__(side, seed, pause)
        self.n = 10_000

    def work(self):
        orders = run(self.c, "SELECT workorder_id, workorder_code FROM pro_workorder WHERE workorder_code LIKE 'L-%' "
                     "AND workorder_code REGEXP '[13579]$'")
        if not orders:
            return lambda: None
        self.n += 1
        order, code = self.rnd.choice(orders)
        n, good = self.n, self.rnd.randint(1, 9)
        steps = [
            ("UPDATE pro_workorder SET quantity_produced = quantity_produced + %s WHERE workorder_id = %s", (good, order)),
            ("INSERT INTO pro_feedback (record_id, feedback_type, workorder_id, workorder_code, item_id, item_code, "
             "item_name, quantity_qualified, status, feedback_time) SELECT %s, 'SELF', workorder_id, workorder_code, "
             "product_id, product_code, product_name, %s, 'FINISHED', '2026-11-24 17:00:00' FROM pro_workorder "
             "WHERE workorder_id = %s", (n, good, order)),
            ("INSERT INTO wm_item_consume (record_id, workorder_code, consume_date, status) "
             "VALUES (%s, %s, '2026-11-24 17:00:00', 'FINISHED')", (n, code)),
            ("INSERT INTO wm_item_consume_line (line_id, record_id, item_id, item_code, unit_of_measure, "
             "quantity_consume) SELECT %s, %s, item_id, item_code, 'mm', %s FROM md_item WHERE item_code = "
             "'STL-100x5-BLU'", (n, n, 1000 * good)),
            ("INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, warehouse_id, "
             "source_doc_id, source_doc_line_id, material_stock_id, workorder_code) SELECT %s, 'ITEM_CONSUME', "
             "item_id, item_code, 1, %s, %s, 1, %s FROM md_item WHERE item_code = 'STL-100x5-BLU'", (n, n, n, code))]
        self.rnd.shuffle(steps)
        for sql, args in steps:
            run(self.c, sql, args)
        return lambda: None


class FactoryLoad:
    def __init__(self, factory, seed=17, pause=0.004):
        self.f = factory
        self.workers = [Erp(factory.erp, f"{seed}e", pause), Mes(factory.mes, f"{seed}m", pause)]

    def __enter__(self):
        for w in self.workers:
            w.start()
        return self

    def __exit__(self, *_):
        for w in self.workers:
            w.stopping = True
        for w in self.workers:
            w.join(60)
        self._check()

    def _check(self):
        for w in self.workers:
            if w.error:
                raise w.error

    def wait(self, n, seconds=60):
        """Until each side has done n transactions more."""
        wanted = [w.done + n for w in self.workers]
        end = time.monotonic() + seconds * _slow()
        while any(w.done < n for w, n in zip(self.workers, wanted)):
            self._check()
            assert time.monotonic() < end, "the load does not come on"
            time.sleep(0.01)

    # -- what must be there

    def prove(self):
        """After f.settle(): the model of each source against its target. How much was compared."""
        assert not self.f.held(self.f.mes) and not self.f.held(self.f.erp), \
            [self.f.held(self.f.mes)[:3], self.f.held(self.f.erp)[:3]]
        return self._prove_orders(), self._prove_reports()

    def _prove_orders(self):
        wanted = {}
        for r in self.f.rows(self.f.erp, "SELECT * FROM mrp_production WHERE name LIKE 'L-%' AND state <> 'draft'"):
            factor = 12 if r["product_uom_id"] == 2 else 1
            wanted[r["name"]] = [r["state"], int(r["product_qty"] * factor), {}]
        for r in self.f.rows(self.f.erp, "SELECT p.name, m.product_id, sum(m.product_uom_qty) AS q FROM stock_move m "
                             "JOIN mrp_production p ON p.id = m.raw_material_production_id WHERE p.name LIKE 'L-%' "
                             "AND p.state = 'confirmed' GROUP BY 1, 2"):
            wanted[r["name"]][2][CODES[r["product_id"]]] = float(r["q"])
        got = {}
        for r in self.f.rows(self.f.mes, "SELECT * FROM pro_workorder WHERE workorder_code LIKE 'L-%'"):
            got[r["workorder_code"]] = [r["status"], int(r["quantity"]), {}]
        for r in self.f.rows(self.f.mes, "SELECT workorder_code, item_code, b.quantity AS q FROM pro_workorder_bom b "
                             "JOIN pro_workorder w USING (workorder_id) WHERE workorder_code LIKE 'L-%'"):
            got[r["workorder_code"]][2][r["item_code"]] = r["q"]
        assert sorted(got) == sorted(wanted)
        for name, (state, quantity, lines) in wanted.items():
            if state == "cancel":
                assert got[name][0] == "FINISHED", name
            else:
                assert got[name] == ["CONFIRMED", quantity, lines], (name, quantity, lines, got[name])
        return len(wanted)

    def _prove_reports(self):
        f = self.f
        told = {f"ktg:{r['record_id']}": r["quantity_qualified"] for r in f.rows(
            f.mes, "SELECT * FROM pro_feedback WHERE workorder_code LIKE 'L-%'")}
        assert {r["x_name"]: float(r["x_qty_good"]) for r in f.responses()} == told
        used = {r["line_id"]: decimal.Decimal(r["quantity_consume"]) / 1000 for r in f.rows(
            f.mes, "SELECT * FROM wm_item_consume_line")}
        rows = f.materials()
        assert len(rows) == len(used)
        assert {r["x_source_line_id"]: r["x_qty"] for r in rows} == used
        made = {r["workorder_code"]: r["quantity_produced"] for r in f.rows(
            f.mes, "SELECT * FROM pro_workorder WHERE quantity_produced > 0 AND workorder_code LIKE 'L-%'")}
        assert {r["name"]: float(r["x_mes_qty_good"]) for r in f.rows(
            f.erp, "SELECT * FROM mrp_production WHERE x_mes_qty_good > 0")} == made
        return len(told)
