"""The event factory at work: planners confirm, change and cancel orders in the ERP, the hall reports on
those that have arrived in the MES. Both count which events their transactions must become."""
import collections
import contextlib
import datetime
import random
import threading
import time

import pymysql
from demo_text import say, title
from harness.servers import run

PRODUCT = 1
# product, code, its units: (id, what one is in the unit that the item is counted in)
MATERIALS = [(2, "STL-100x5-BLU", [(5, 1), (6, 1000)]), (3, "PNT-BLU", [(3, 1), (4, 1000)]),
             (4, "BOX-S", [(1, 1), (2, 1)]), (101, "BRG-6204", [(1, 1)])]


class Worker(threading.Thread):
    """One application with one connection. `events`: what its transactions must become."""

    def __init__(self, side, seed, pause):
        super().__init__(daemon=True)
        self.side, self.rnd, self.pause = side, random.Random(seed), pause
        self.transactions, self.rows, self.events = 0, 0, collections.Counter()
        self.committed, self.ending, self.failure = {}, threading.Event(), None

    def run(self):
        try:
            with self.side.connect(autocommit=False) as self.c:
                self.begin()
                while not self.ending.wait(self.pause * 2 * self.rnd.random()):
                    self.work()
        except Exception as e:
            self.failure = e

    def begin(self):
        pass

    def sql(self, statement, *args):
        self.rows += run(self.c, statement, args)

    def commit(self):
        self.c.commit()
        self.transactions += 1

    def end(self):
        self.ending.set()
        self.join(60)
        if self.failure:
            raise self.failure


class Planner(Worker):
    """Each transaction with one event of the order. Every fifth order may be cancelled."""

    def __init__(self, side, first):
        super().__init__(side, first, 0.006)
        self.order, self.move, self.live = first, first, []

    def work(self):
        self.rnd.choices([self.confirm, self.change, self.change_line, self.cancel],
                         [55, 20, 20, 5])[0]()

    def confirm(self):
        self.order += 1
        name, unit = f"L/{self.order}", self.rnd.choice([1, 1, 2])
        self.sql("INSERT INTO mrp_production (id, product_id, product_uom_id, company_id, name, "
                 "priority, origin, state, consumption, product_qty, date_start, date_deadline) "
                 "VALUES (%s, %s, %s, 1, %s, %s, %s, 'draft', 'flexible', %s, now(), %s)",
                 self.order, PRODUCT, unit, name, self.rnd.choice("01"),
                 self.rnd.choice([None, "", f"S{self.order}"]), self.rnd.randint(1, 500),
                 datetime.datetime(2026, 12, 1) + datetime.timedelta(minutes=self.rnd.randrange(90000)))
        for product, _, units in self.rnd.sample(MATERIALS, self.rnd.randint(1, 4)):
            for unit, _ in self.rnd.sample(units, self.rnd.randint(1, len(units))):
                self.move += 1
                self.sql("INSERT INTO stock_move (id, company_id, product_id, product_uom, name, state, "
                         "procure_method, product_uom_qty, scrapped, date, raw_material_production_id) "
                         "VALUES (%s, 1, %s, %s, %s, 'draft', 'make_to_stock', %s, false, now(), %s)",
                         self.move, product, unit, name, self.rnd.randint(1, 90_000), self.order)
        steps = ["UPDATE mrp_production SET state = 'confirmed' WHERE id = %s",
                 "UPDATE stock_move SET state = 'confirmed' WHERE raw_material_production_id = %s"]
        for s in self.rnd.sample(steps, 2):
            self.sql(s, self.order)
        self.done()
        self.committed[name] = time.monotonic()
        self.live.append(self.order)

    def done(self):
        self.commit()
        self.events["OperationsRequest"] += 1

    def pick(self, cancellable=False):
        found = [o for o in self.live[-200:] if not cancellable or o % 5 == 0]
        return self.rnd.choice(found) if found else None

    def change(self):
        if order := self.pick():
            self.sql("UPDATE mrp_production SET product_qty = product_qty + 1 WHERE id = %s", order)
            self.done()

    def change_line(self):
        if order := self.pick():
            self.sql("UPDATE stock_move SET product_uom_qty = product_uom_qty + 1 WHERE id = (SELECT "
                     "min(id) FROM stock_move WHERE raw_material_production_id = %s)", order)
            self.done()

    def cancel(self):
        if order := self.pick(cancellable=True):
            self.live.remove(order)
            self.sql("UPDATE stock_move SET state = 'cancel' WHERE raw_material_production_id = %s", order)
            self.sql("UPDATE mrp_production SET state = 'cancel' WHERE id = %s", order)
            self.done()


class Hall(Worker):
    """A report in one transaction: the report, the order's total, what was produced and consumed."""

    def __init__(self, side, first, stale=0):
        super().__init__(side, first + 1, 0.006)
        self.next, self.orders, self.stale, self.stale_saves = first, [], stale, 0

    def begin(self):
        self.items = {code: (item, unit) for item, code, unit in
                      run(self.c, "SELECT item_id, item_code, unit_of_measure FROM md_item")}
        self.c.commit()

    def work(self):
        if len(self.orders) < 5 or self.rnd.random() < 0.05:
            self.orders = run(self.c, "SELECT workorder_id, workorder_code FROM pro_workorder WHERE "
                              "workorder_code LIKE 'L/%' AND right(workorder_code, 1) NOT IN ('0', '5') "
                              "ORDER BY workorder_id DESC LIMIT 100")
            self.c.commit()
        if self.orders:
            save = self.save_old_form if self.rnd.random() < self.stale else self.report
            self.try_to(save, *self.rnd.choice(self.orders))

    def try_to(self, save, order, code):
        before = self.rows, self.events.copy()
        try:
            save(order, code)
        except pymysql.OperationalError as e:
            if e.args[0] not in (1205, 1213):     # a lock wait, a deadlock: another one, then
                raise
            self.c.rollback()
            self.rows, self.events = before

    def number(self):
        self.next += 1
        return self.next

    def save_old_form(self, order, _):
        """Quantity and date are the ERP's."""
        self.sql("UPDATE pro_workorder SET quantity = quantity + 7, request_date = '2026-01-01', "
                 "update_by = 'hall' WHERE workorder_id = %s", order)
        self.commit()
        self.stale_saves += 1

    def report(self, order, code):
        good, feedback = self.rnd.randint(1, 9), self.number()
        item, unit = self.items["KNB-01"]
        self.sql("UPDATE pro_workorder SET quantity_produced = quantity_produced + %s, update_by = 'hall', "
                 "update_time = now() WHERE workorder_id = %s", good, order)
        self.sql("INSERT INTO pro_feedback (record_id, feedback_type, feedback_code, workorder_id, "
                 "workorder_code, item_id, item_code, item_name, quantity_qualified, "
                 "quantity_unquanlified, user_name, feedback_time, status) VALUES (%s, 'SELF', %s, %s, %s, "
                 "%s, 'KNB-01', '控制旋钮', %s, %s, %s, now(), 'PREPARE')", feedback,
                 f"F{feedback}", order, code, item, good, self.rnd.choice([0, 0, 0.5]),
                 self.rnd.choice(["张三", "李四", "王芳"]))
        self.move("product_produce", "produce", order, code, [("KNB-01", unit, good)])
        used = [(material, self.items[material][1], self.rnd.randint(1, 9999) / 100)
                for _, material, _ in self.rnd.sample(MATERIALS, self.rnd.randint(1, 3))]
        self.move("item_consume", "consume", order, code, used)
        self.sql("UPDATE pro_feedback SET status = 'FINISHED' WHERE record_id = %s", feedback)
        self.events.update(("JobResponse", "OperationsResponse"))
        self.commit()
        self.committed[f"F{feedback}"] = time.monotonic()

    def move(self, kind, verb, order, code, lines):
        """Header, lines, the stock ledger; at last the header counts."""
        header = self.number()
        self.sql(f"INSERT INTO wm_{kind} (record_id, workorder_id, workorder_code, {verb}_date, status) "
                 "VALUES (%s, %s, %s, now(), 'PREPARE')", header, order, code)
        for material, unit, quantity in lines:
            number, item = self.number(), self.items[material][0]
            self.sql(f"INSERT INTO wm_{kind}_line (line_id, record_id, item_id, item_code, "
                     f"unit_of_measure, quantity_{verb}) VALUES (%s, %s, %s, %s, %s, %s)",
                     number, header, item, material, self.rnd.choice([None, unit]), quantity)
            self.sql("INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, "
                     "warehouse_id, warehouse_code, source_doc_id, source_doc_line_id, "
                     "material_stock_id, workorder_code) VALUES (%s, %s, %s, %s, 1, %s, %s, %s, 1, %s)",
                     number, kind.upper(), item, material, self.rnd.choice([None, "WH001"]), header,
                     number, code)
            self.events["MaterialActual"] += 1
        self.sql(f"UPDATE wm_{kind} SET status = 'FINISHED' WHERE record_id = %s", header)


class Arrivals(threading.Thread):
    """When what was committed on one side is first seen on the other, looked for every two ms."""

    def __init__(self, side, sql, last):
        super().__init__(daemon=True)
        self.side, self.sql, self.last = side, sql, last
        self.seen, self.ending = {}, threading.Event()

    def run(self):
        with self.side.connect() as c:
            while not self.ending.wait(0.002):
                for number, name in run(c, self.sql, (self.last,)):
                    self.seen[name], self.last = time.monotonic(), number

    def lags(self, committed):
        return sorted(max(0, self.seen[n] - at) * 1000 for n, at in committed.items() if n in self.seen)


def arrivals(f):
    last = [f.one(f.mes, "SELECT max(workorder_id) AS n FROM pro_workorder")["n"],
            f.one(f.erp, "SELECT max(id) AS n FROM x_mes_job_response")["n"]]
    return [Arrivals(f.mes, "SELECT workorder_id, workorder_code FROM pro_workorder "
                     "WHERE workorder_id > %s ORDER BY workorder_id", last[0]),
            Arrivals(f.erp, "SELECT id, x_name FROM x_mes_job_response WHERE id > %s ORDER BY id", last[1])]


def percentile(values, p):
    return values[min(len(values) - 1, int(len(values) * p))] if values else float("nan")


def say_lag(text, watcher, worker):
    ms = watcher.lags(worker.committed)
    say(f"  {text}, commit to visible: p50 {percentile(ms, 0.5):.1f} ms, p99 {percentile(ms, 0.99):.1f} ms, "
        f"max {percentile(ms, 1):.1f} ms ({len(ms)} of {len(worker.committed)})")


def claim_events(stream, since, workers, claim):
    """Each transaction became its events, all of them once, and none came back from the other side."""
    must = sum((w.events for w in workers), collections.Counter())
    told = collections.Counter(e.flow for e in stream.all[since:] if e.outcome == "written")
    claim("events written: " + ", ".join(f"{flow} {n}" for flow, n in must.items())
          + f"; lost {(must - told).total()}, doubled or echoed {(told - must).total()}", must == told)


def end(planner, hall):
    for worker in (planner, hall):
        worker.end()
    say(f"  {len(planner.committed)} orders confirmed, {planner.transactions} transactions in the ERP "
        f"({planner.rows} rows); {len(hall.committed)} reports in the MES ({hall.rows} rows)")


def work(f, stream, seconds, claim):
    title(f"two applications at once, for {seconds:g} s")
    planner, hall, watchers = Planner(f.erp, 100_000), Hall(f.mes, 100_000), arrivals(f)
    since = len(stream.all)
    for t in [*watchers, planner, hall]:
        t.start()
    time.sleep(seconds)
    end(planner, hall)
    stopped = time.monotonic()
    with contextlib.suppress(AssertionError):   # then events are missing, and it is said so
        stream.settle(f)
    say(f"  the last of it arrived {time.monotonic() - stopped:.1f} s after they stopped")
    for w in watchers:
        w.ending.set()
        w.join(10)
    say_lag("orders, ERP -> MES", watchers[0], planner)
    say_lag("reports, MES -> ERP", watchers[1], hall)
    claim_events(stream, since, (planner, hall), claim)


def survive(f, seconds):
    """What came of it, the comparison tells."""
    title("Millrace is killed while both work")
    planner, hall = Planner(f.erp, 200_000), Hall(f.mes, 200_000, stale=0.1)
    for worker in (planner, hall):
        worker.start()
    time.sleep(seconds / 2)
    f.engine.kill()
    say("  kill -9; the applications go on")
    time.sleep(0.5)
    f.start()
    say("  it is back: each link goes on from the checkpoint in its target")
    time.sleep(seconds / 2)
    end(planner, hall)
    say(f"  and {hall.stale_saves} old forms saved in the MES over what is the ERP's")
    with contextlib.suppress(AssertionError):
        f.settle()
        f.settle(["dispatch"])      # what the other link has asked for again
