"""An application that writes: random transactions by several connections to one side.

    with Workload(side, parity=1, writers=2) as w:     # runs until the block ends
        ...
    print(w.stats)

Both sides of a pair may run one at the same time: `parity` 0 and 1 never touch the same row. Each
writer knows the rows it has; a transaction inserts, updates, deletes, changes keys, writes the same
row twice, writes keyless rows, hot rows, long texts; one in ten is rolled back. Connections that
break (a server was killed) are made again, and the writer reads what is really there.
"""
import collections
import datetime
import random
import threading
import time

import psycopg2
import pymysql

from .servers import run
from .tables import HOT, WORKLOAD

ERRORS = (psycopg2.Error, pymysql.Error, OSError)
TEXTS = ["", "steel", "Schraube M8×20", "螺丝", "工单【12】", "quote ' and \" and \\", "tab\tnew\nline",
         "🏭", " spaces ", "NULL", "%s %d", "a" * 180]
HOT_ROWS = 6


class Workload:
    def __init__(self, side, parity=0, writers=2, seed=1, pause=0.002, ops=8, large=0.01,
                 big_text=0.03, rollback=0.1, table_prefix=""):
        self.side, self.parity, self.pause, self.ops = side, parity, pause, ops
        self.large, self.big_text, self.rollback = large, big_text, rollback
        self.stats = collections.Counter()
        self.failure = None
        self._stop = threading.Event()
        self._hold = threading.Event()
        self._hold.set()
        self._lock = threading.Lock()
        self.writers = [_Writer(self, n, seed) for n in range(writers)]
        self.threads = []

    def prepare(self):
        """The hot rows of this side."""
        with self.side.connect() as c:
            for i in range(HOT_ROWS):
                run(c, "INSERT INTO hot VALUES (%s, 0)", (2 * i + self.parity,))
        return self

    def start(self):
        self.threads = [threading.Thread(target=w.run, daemon=True) for w in self.writers]
        for t in self.threads:
            t.start()
        return self

    def pause_writes(self):
        self._hold.clear()

    def go_on(self):
        self._hold.set()

    def stop(self, seconds=60):
        self._stop.set()
        self._hold.set()
        for t in self.threads:
            t.join(seconds)
            assert not t.is_alive(), "a writer of the workload does not end"
        if self.failure:
            raise AssertionError(f"workload on {self.side.server.name}: {self.failure!r}") \
                from self.failure
        return self.stats

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self._stop.set()
            self._hold.set()

    def wait_transactions(self, n, seconds=60):
        """Until n more transactions are committed."""
        goal, end = self.stats["transactions"] + n, time.monotonic() + seconds
        while self.stats["transactions"] < goal:
            assert time.monotonic() < end, f"workload too slow: {dict(self.stats)}"
            assert not self.failure, self.failure
            time.sleep(0.01)

    def stopping(self):
        self._hold.wait()
        return self._stop.is_set()

    def count(self, committed):
        with self._lock:
            self.stats.update(committed)


class _Keys:
    """The keys that a writer has in a table: what is committed, and what this transaction does."""

    def __init__(self):
        self.live, self.added, self.removed = [], [], set()

    def pick(self, rnd):
        for _ in range(4):
            pool = self.added if self.added and rnd.random() < 0.3 else self.live
            if pool:
                key = rnd.choice(pool)
                if key not in self.removed:
                    return key
        return None

    def add(self, key):
        self.removed.discard(key)
        self.added.append(key)

    def remove(self, key):
        if key in self.added:
            self.added.remove(key)
        if key in self.live:
            self.removed.add(key)

    def commit(self):
        if self.removed:
            self.live = [k for k in self.live if k not in self.removed]
        known = set(self.live) if self.added else ()
        self.live += [k for k in self.added if k not in known]
        self.abandon()

    def abandon(self):
        self.added, self.removed = [], set()


class _Writer:
    SPAN = 10_000_000     # ids of one writer
    KEEP = 1500           # rows: above it deletes win

    def __init__(self, load, n, seed):
        self.load, self.n = load, n
        self.rnd = random.Random(f"{seed}/{load.parity}/{n}")
        self.next = 0
        self.writer_id = n * 2 + load.parity
        self.items, self.lines = _Keys(), _Keys()
        self.connection = None
        self.counted = collections.Counter()

    def run(self):
        try:
            while not self.load.stopping():
                self.transaction()
                if self.load.pause:
                    time.sleep(self.load.pause * self.rnd.random() * 2)
        except Exception as e:  # shown by stop()
            self.load.failure = e
        finally:
            self.disconnect()

    def transaction(self):
        self.counted = collections.Counter(transactions=1)
        try:
            if self.connection is None:
                self.reconnect()
            self.write()
            if self.rnd.random() < self.load.rollback:
                self.connection.rollback()
                self.give_up("rolled_back")
            else:
                self.connection.commit()
                self.items.commit()
                self.lines.commit()
                self.load.count(self.counted)
        except ERRORS as e:
            if not _expected(e):
                raise
            self.recover(e)

    def give_up(self, why):
        self.items.abandon()
        self.lines.abandon()
        self.load.count({why: 1})

    def recover(self, error):
        """Lock waits and lost connections: after both, only the database knows what is there."""
        self.give_up("retried")
        self.disconnect()
        time.sleep(0.05)

    def disconnect(self):
        if self.connection is not None:
            try:
                self.connection.close()
            except ERRORS:
                pass
        self.connection = None

    def reconnect(self):
        self.connection = self.load.side.connect(autocommit=False)
        low, high = self.key(0), self.key(self.SPAN)
        parity = (low, high, self.load.parity)
        rows = run(self.connection, "SELECT id FROM item WHERE id >= %s AND id < %s "
                   "AND mod(id, 2) = %s", parity)
        self.items.live = [r[0] for r in rows]
        rows = run(self.connection, "SELECT order_id, code FROM line WHERE order_id >= %s "
                   "AND order_id < %s AND mod(order_id, 2) = %s", parity)
        self.lines.live = [tuple(r) for r in rows]
        rows = run(self.connection, "SELECT coalesce(max(n), 0) FROM journal WHERE writer = %s",
                   (self.writer_id,))
        used = [self.next, int(rows[0][0])]
        used += [(k - low) // 2 % self.SPAN for k in self.items.live]
        used += [(k[0] - low) // 2 % self.SPAN for k in self.lines.live]
        self.next = max(used) + 1000   # past keys that a lost COMMIT may have made
        self.connection.commit()

    def key(self, n):
        return 2 * (self.n * self.SPAN + n) + self.load.parity

    def fresh(self):
        self.next += 1
        return self.key(self.next)

    # -- what a transaction does

    def write(self):
        if self.rnd.random() < self.load.large:
            self.insert_many()
            return
        crowded = len(self.items.live) > self.KEEP
        kinds = [(self.insert_item, 10 if crowded else 30), (self.update_item, 28),
                 (self.delete_item, 30 if crowded else 12), (self.change_item_key, 4),
                 (self.insert_line, 10), (self.update_line, 6), (self.delete_line, 5),
                 (self.change_line_key, 3), (self.replace_item, 3), (self.write_journal, 10)]
        work, weights = zip(*kinds)
        if self.rnd.random() < 0.1:
            self.write_hot()   # first and once: two writers never wait for each other in a ring
        for step in self.rnd.choices(work, weights, k=self.rnd.randint(1, self.load.ops)):
            step()

    def execute(self, sql, args, rows=1):
        n = run(self.connection, sql, args)
        assert n == rows, f"{n} rows instead of {rows}: {sql} {args}"
        self.counted["rows"] += rows

    def text(self):
        if self.rnd.random() < self.load.big_text:
            size = self.rnd.randint(3000, 30000)  # incompressible, so TOAST stays out of line
            return "".join(self.rnd.choices("abcdefghijklmnopqrstuvwxyz0123456789äß中", k=size))
        return self.rnd.choice(TEXTS)

    def values(self):
        r = self.rnd
        at = datetime.datetime(2026, 1, 1) + datetime.timedelta(microseconds=r.randrange(10**13))
        none = r.random() < 0.1
        return (None if none else r.randint(-2**31, 2**31 - 1),
                f"{r.randint(-10**8, 10**8)}.{r.randint(0, 999):03}", r.choice(TEXTS), self.text(),
                r.random() < 0.5, None if none else at)

    def insert_item(self):
        key = self.fresh()
        self.execute("INSERT INTO item VALUES (%s, %s, %s, %s, %s, %s, %s)",
                     (key, *self.values()))
        self.items.add(key)

    def insert_many(self):
        keys = [self.fresh() for _ in range(self.rnd.randint(100, 400))]
        args = [v for k in keys for v in (k, *self.values())]
        row = "(%s, %s, %s, %s, %s, %s, %s)"
        self.execute("INSERT INTO item VALUES " + ", ".join([row] * len(keys)), args, len(keys))
        for key in keys:
            self.items.add(key)

    def update_item(self):
        key = self.items.pick(self.rnd)
        if key is None:
            return
        qty, price, name, note, flag, at = self.values()
        if self.rnd.random() < 0.7:   # the long text stays as it is
            self.execute("UPDATE item SET qty = %s, price = %s, at = %s WHERE id = %s",
                         (qty, price, at, key))
        else:
            self.execute("UPDATE item SET name = %s, note = %s, flag = %s WHERE id = %s",
                         (name, note, flag, key))

    def delete_item(self):
        key = self.items.pick(self.rnd)
        if key is None:
            return
        self.execute("DELETE FROM item WHERE id = %s", (key,))
        self.items.remove(key)

    def replace_item(self):
        """Deleted and inserted again under its key in one transaction."""
        key = self.items.pick(self.rnd)
        if key is None:
            return
        self.execute("DELETE FROM item WHERE id = %s", (key,))
        self.execute("INSERT INTO item VALUES (%s, %s, %s, %s, %s, %s, %s)",
                     (key, *self.values()))

    def change_item_key(self):
        key = self.items.pick(self.rnd)
        if key is None:
            return
        new = self.fresh()
        self.execute("UPDATE item SET id = %s, qty = %s WHERE id = %s",
                     (new, self.rnd.randint(0, 99), key))
        self.items.remove(key)
        self.items.add(new)

    def insert_line(self):
        key = (self.fresh(), self.rnd.choice(["A-1", "b", "Ü", "零件", "x y", ""]))
        self.execute("INSERT INTO line VALUES (%s, %s, %s)", (*key, self.rnd.randint(0, 10**6)))
        self.lines.add(key)

    def update_line(self):
        key = self.lines.pick(self.rnd)
        if key is not None:
            self.execute("UPDATE line SET qty = %s WHERE order_id = %s AND code = %s",
                         (f"{self.rnd.randint(0, 10**6)}.5", *key))

    def delete_line(self):
        key = self.lines.pick(self.rnd)
        if key is not None:
            self.execute("DELETE FROM line WHERE order_id = %s AND code = %s", key)
            self.lines.remove(key)

    def change_line_key(self):
        key = self.lines.pick(self.rnd)
        if key is None:
            return
        new = (key[0], f"{key[1][:20]}/{self.fresh()}")
        self.execute("UPDATE line SET code = %s WHERE order_id = %s AND code = %s",
                     (new[1], *key))
        self.lines.remove(key)
        self.lines.add(new)

    def write_journal(self):
        for _ in range(self.rnd.randint(1, 3)):
            self.next += 1
            self.execute("INSERT INTO journal VALUES (%s, %s, %s)",
                         (self.writer_id, self.next, self.rnd.choice(TEXTS)))

    def write_hot(self):
        key = 2 * self.rnd.randrange(HOT_ROWS) + self.load.parity
        self.execute("UPDATE hot SET n = n + 1 WHERE id = %s", (key,))


def _expected(error):
    """Lock waits, deadlocks and broken connections are a server's life; all else is a fault."""
    if isinstance(error, OSError):
        return True
    if isinstance(error, psycopg2.Error):
        return error.pgcode is None or error.pgcode[:2] in ("40", "55", "57", "08")
    code = error.args[0] if error.args else 0
    return code in (0, 1205, 1213, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1927, 2003, 2006,
                    2013, 2014, 3024)


def create_tables(*sides, tables=WORKLOAD):
    for side in sides:
        for table in tables:
            table.create(side)


__all__ = ["Workload", "create_tables", "HOT"]
