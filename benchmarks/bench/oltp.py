"""A mixed backlog: 40 % inserts, 50 % updates, 10 % deletes, in transactions of 1 to 20 rows; which
rows are updated follows Zipf's law, which are deleted is chance. The same SQL for every engine."""
import bisect
import itertools
import random

from .rows import writing
from harness.servers import run

SKEW = 1.0


class Mix:
    def __init__(self, first_rows, seed=7):
        self.rnd = random.Random(seed)
        self.live = list(range(1, first_rows + 1))
        self.rnd.shuffle(self.live)
        self.next = first_rows + 1
        weights = (1 / (n + 1) ** SKEW for n in range(first_rows // 2))
        self.cumulative = list(itertools.accumulate(weights))

    def transactions(self, changes):
        """Lists of statements, until there are that many changes."""
        while changes > 0:
            n = min(changes, self.rnd.randint(1, 20))
            yield [self.statement() for _ in range(n)]
            changes -= n

    def statement(self):
        chance = self.rnd.random()
        if chance < 0.4:
            return self.insert()
        return self.update() if chance < 0.9 else self.delete()

    def insert(self):
        n, r = self.next, self.rnd
        self.next += 1
        self.live.append(n)
        return (f"INSERT INTO work_order VALUES ({n}, 'WO-2026-{n:012}', {r.randrange(50000)}, "
                f"{r.randrange(10**6) / 8:.3f}, 'new', {n % 10}, {r.randrange(4096) / 64}, "
                f"'order {n} for the assembly line, lot {n % 977}, keep dry, call first', "
                f"'2026-{n % 12 + 1:02}-{n % 28 + 1:02}', '2026-03-01 {n % 24:02}:30:00.25')")

    def update(self):
        at = self.rnd.random() * self.cumulative[-1]
        key = self.live[bisect.bisect(self.cumulative, at) % len(self.live)]
        return (f"UPDATE work_order SET qty = {self.rnd.randrange(10**6) / 8:.3f}, "
                f"status = 'started', changed_at = '2026-04-01 12:00:{key % 60:02}' "
                f"WHERE id = {key}")

    def delete(self):
        at = self.rnd.randrange(len(self.live))
        key, self.live[at] = self.live[at], self.live[-1]
        self.live.pop()
        return f"DELETE FROM work_order WHERE id = {key}"


def write(side, first_rows, changes):
    """The mix over a table that holds rows 1..first_rows."""
    with writing(side) as c:
        for statements in Mix(first_rows).transactions(changes):
            if side.family == "postgres":
                run(c, "BEGIN; " + "; ".join(statements) + "; COMMIT")
            else:
                c.begin()
                for sql in statements:
                    c.query(sql)
                c.commit()
