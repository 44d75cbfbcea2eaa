"""A factory at work: the ERP plans and releases orders, the MES books progress, material, quality.

Each class is one application with one connection on a thread; ERP rows have odd ids, MES rows even
ones. `transactions` counts what was committed.
"""
import datetime
import json
import random
import threading
import time

from harness.servers import run

MATERIALS = ["螺丝 M8×20", "轴承 6204", "电机外壳", "铜线 0.5mm", "Welle 30×400", "Dichtring", "润滑油",
             "铝板 2mm", "Steel bar 12", "包装箱"]
MACHINES = ["车床-01", "车床-02", "铣床-01", "Presse 3"]
REMARKS = [None, "", "加急", "Kunde wartet", "客户要求：表面无划痕，尺寸公差 ±0.02", "rush order"]


def session(side, **options):
    """A connection as the application has it: the MES lives by Shanghai's clock."""
    c = side.connect(**options)
    if side.family == "mysql":
        run(c, "SET time_zone = '+08:00'")
    return c


def fill(erp, mes, rnd):
    """What is there before Millrace comes: masters and orders here, bookings there."""
    with session(erp, autocommit=False) as c:
        for i in range(200):
            run(c, "INSERT INTO material VALUES (%s, %s, %s, %s, %s, true, %s)",
                (2 * i + 1, f"M-{i:05}", rnd.choice(MATERIALS), rnd.choice(["Stk", "kg", "m", "个"]),
                 f"{rnd.uniform(0.1, 900):.2f}", rnd.choice(REMARKS)))
        for i in range(1500):
            order(c, rnd, 2 * i + 1, rnd.choice(["draft", "released", "released", "done"]))
        c.commit()
    with session(mes, autocommit=False) as c:
        for i in range(2000):
            run(c, "INSERT INTO progress VALUES (%s, %s, %s, %s, %s, now(6))",
                (2 * i, 2 * rnd.randrange(1500) + 1, rnd.choice(MACHINES), rnd.randint(1, 50),
                 rnd.randint(0, 3)))
            run(c, "INSERT INTO material_use VALUES (%s, %s, %s, %s)",
                (2 * rnd.randrange(1500) + 1, 2 * rnd.randrange(200) + 1, f"批次-{i % 90}", "1.5"))
        c.commit()


def order(c, rnd, key, state):
    run(c, "INSERT INTO work_order VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (key, f"WO-{key:07}", 2 * rnd.randrange(200) + 1, f"{rnd.randint(1, 500)}.000", state,
         datetime.date(2026, 11, 22) + datetime.timedelta(days=rnd.randrange(60)),
         datetime.datetime.now(datetime.timezone.utc) if state != "draft" else None,
         rnd.choice(REMARKS)))
    lines = rnd.randint(1, 5)
    for pos in range(1, lines + 1):
        run(c, "INSERT INTO work_order_line VALUES (%s, %s, %s, %s)",
            (key, pos, 2 * rnd.randrange(200) + 1, f"{rnd.uniform(0.01, 50):.4f}"))
    return 1 + lines


class Application(threading.Thread):
    def __init__(self, side, seed, pause):
        super().__init__(daemon=True)
        self.side, self.pause, self.rnd = side, pause, random.Random(seed)
        self.transactions = self.rows = 0
        self.ending = threading.Event()
        self.failure = None

    def run(self):
        try:
            with session(self.side, autocommit=False) as c:
                while not self.ending.is_set():
                    rows = self.rnd.choices(self.work, self.weights)[0](c)
                    c.commit()
                    if rows:
                        self.transactions += 1
                        self.rows += rows
                    time.sleep(self.pause * 2 * self.rnd.random())
        except Exception as e:
            self.failure = e

    def end(self):
        self.ending.set()
        self.join(30)
        if self.failure:
            raise self.failure


class Erp(Application):
    """Orders are drafted, changed, released or thrown away; prices and names change."""

    def __init__(self, side, seed=1, pause=0.008):
        super().__init__(side, seed, pause)
        self.next, self.drafts, self.downtimes = 1_000_001, [], []
        self.work = [self.draft, self.change, self.release, self.throw_away, self.reprice, self.plan]
        self.weights = [30, 20, 25, 8, 10, 7]

    def key(self):
        self.next += 2
        return self.next

    def draft(self, c):
        key = self.key()
        self.drafts.append(key)
        return order(c, self.rnd, key, "draft")

    def pick(self):
        return self.rnd.choice(self.drafts) if self.drafts else None

    def change(self, c):
        key = self.pick()
        return key and run(c, "UPDATE work_order SET quantity = quantity + 1, remark = %s "
                           "WHERE id = %s", (self.rnd.choice(REMARKS), key))

    def release(self, c):
        key = self.pick()
        if key is None:
            return 0
        self.drafts.remove(key)
        return run(c, "UPDATE work_order SET state = 'released', released_at = now() "
                   "WHERE id = %s", (key,))

    def throw_away(self, c):
        key = self.pick()
        if key is None:
            return 0
        self.drafts.remove(key)
        return run(c, "DELETE FROM work_order_line WHERE work_order_id = %s", (key,)) \
            + run(c, "DELETE FROM work_order WHERE id = %s", (key,))

    def reprice(self, c):
        return run(c, "UPDATE material SET price = price * 1.01, name = %s WHERE id = %s",
                   (self.rnd.choice(MATERIALS), 2 * self.rnd.randrange(200) + 1))

    def plan(self, c):
        key = self.key()
        return run(c, "INSERT INTO downtime VALUES (%s, %s, now(), 60, '计划保养')",
                   (key, self.rnd.choice(MACHINES)))


class Mes(Application):
    """Books on the released orders that have arrived; corrects and deletes bookings."""

    def __init__(self, side, seed=2, pause=0.008):
        super().__init__(side, seed, pause)
        self.next, self.booked, self.stops, self.orders = 1_000_000, [], [], []
        self.work = [self.book, self.correct, self.delete, self.use, self.inspect, self.stop, self.go_on]
        self.weights = [35, 15, 5, 25, 12, 4, 4]

    def key(self):
        self.next += 2
        return self.next

    def pick_order(self, c):
        if not self.orders or self.rnd.random() < 0.02:
            self.orders = [r[0] for r in run(c, "SELECT id FROM work_order WHERE state = 'released' "
                                             "ORDER BY id DESC LIMIT 200")]
        return self.rnd.choice(self.orders) if self.orders else 1

    def book(self, c):
        key = self.key()
        self.booked.append(key)
        return run(c, "INSERT INTO progress VALUES (%s, %s, %s, %s, %s, now(6))",
                   (key, self.pick_order(c), self.rnd.choice(MACHINES),
                    self.rnd.randint(1, 50), self.rnd.randint(0, 2)))

    def correct(self, c):
        if not self.booked:
            return 0
        return run(c, "UPDATE progress SET good = good + 1, scrap = scrap + 0.5 WHERE id = %s",
                   (self.rnd.choice(self.booked),))

    def delete(self, c):
        if not self.booked:
            return 0
        return run(c, "DELETE FROM progress WHERE id = %s",
                   (self.booked.pop(self.rnd.randrange(len(self.booked))),))

    def use(self, c):
        n = self.rnd.randint(1, 4)
        for _ in range(n):
            run(c, "INSERT INTO material_use VALUES (%s, %s, %s, %s)",
                (self.pick_order(c), 2 * self.rnd.randrange(200) + 1,
                 f"批次-{self.rnd.randrange(90)}", f"{self.rnd.uniform(0.1, 9):.4f}"))
        return n

    def inspect(self, c):
        measured = {"直径": round(self.rnd.gauss(20, 0.02), 3), "ok": self.rnd.random() > 0.05}
        return run(c, "INSERT INTO quality VALUES (%s, %s, %s, %s, %s)",
                   (self.key(), self.pick_order(c), "合格" if measured["ok"] else "不合格",
                    json.dumps(measured, ensure_ascii=False), self.rnd.choice(["王芳", "李强", "Kim"])))

    def stop(self, c):
        key = self.key()
        self.stops.append(key)
        return run(c, "INSERT INTO downtime VALUES (%s, %s, now(6), NULL, '刀具损坏')",
                   (key, self.rnd.choice(MACHINES)))

    def go_on(self, c):
        if not self.stops:
            return 0
        return run(c, "UPDATE downtime SET minutes = %s WHERE id = %s",
                   (self.rnd.randint(1, 90), self.stops.pop()))


class Lag(threading.Thread):
    """Commit on one side to visible on the other: a row every 50 ms, looked for every millisecond."""

    def __init__(self, source, target, parity):
        super().__init__(daemon=True)
        self.source, self.target, self.parity = source, target, parity
        self.ms, self.sent = [], 0
        self.ending = threading.Event()

    def run(self):
        with session(self.source) as a, session(self.target) as b:
            while not self.ending.wait(0.05):
                self.sent += 1
                key = 2 * self.sent + self.parity
                run(a, "INSERT INTO heartbeat (id) VALUES (%s)", (key,))
                committed = time.monotonic()
                while not run(b, "SELECT 1 FROM heartbeat WHERE id = %s", (key,)):
                    if time.monotonic() - committed > 60:
                        return
                    time.sleep(0.001)
                self.ms.append((time.monotonic() - committed) * 1000)

    def end(self):
        self.ending.set()
        self.join(70)

    def percentiles(self):
        values = sorted(self.ms) or [float("nan")]
        return [values[min(len(values) - 1, int(len(values) * p))] for p in (0.5, 0.95, 0.99)] \
            + [values[-1]]
