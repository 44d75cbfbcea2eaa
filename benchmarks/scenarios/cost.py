"""What replication costs the applications: pgbench on PostgreSQL, sysbench on MariaDB, at half of what
they could do; alone, beside Millrace, and beside native replication in the same place.

On the source   their own tables are captured while they work.
On the target   they work on the very table that a catch-up fills. Millrace and native get rows at
                the same rate, 80 % of what the slower of the two can write beside the application.

All share the machine's cores: what is lost here is also what the other servers take."""
import statistics
import threading
import time

from bench import replica
from bench.app import application
from bench.rows import writing
from bench.scenario import best_of, scenario
from harness.compare import Side
from harness.servers import run
from harness.tables import PROBE, TableDef

SECONDS = 20
OTHER = {"pg": "pg2", "maria": "maria2"}
ACROSS = {"pg": "maria", "maria": "pg"}
PER_TRANSACTION = 1000
FIRST_ID = 100_000_000      # above all that the applications use

ACCOUNTS = TableDef("pgbench_accounts", """
    aid      integer
    bid      integer
    abalance integer
    filler   char(84)
    """, ["aid"])
BRANCHES = TableDef("pgbench_branches", """
    bid      integer
    bbalance integer
    filler   char(88)
    """, ["bid"])
TELLERS = TableDef("pgbench_tellers", """
    tid      integer
    bid      integer
    tbalance integer
    filler   char(84)
    """, ["tid"])
SBTEST = TableDef("sbtest1", """
    id  integer
    k   integer
    c   char(120)
    pad char(60)
    """, ["id"])
TABLES = {"pg": [ACCOUNTS, BRANCHES, TELLERS], "maria": [SBTEST]}
ROW = {"pgbench_accounts": "n, 1, 0, ''", "sbtest1": "n, n % 100000, concat('c', n), 'pad'"}


@scenario("cost-source-{0}", "what capture costs the applications of {0}",
          each=[("pg",), ("maria",)])
def source(bench, name):
    a = bench.side(name)
    app = application(bench, a)
    ways = {"alone": Alone(), "millrace": captured_by_millrace(bench, a, name)}
    for setting, threads in replica.parallel_settings(a).items():
        ways[setting] = ways.get("native") or captured_natively(bench, a, name, threads)
    compare(bench, app, ways)


@scenario("cost-target-{0}", "what a catch-up into the same table costs the applications of {0}",
          each=[("pg",), ("maria",)])
def target(bench, name):
    b = bench.side(name)
    app = application(bench, b)
    ways = {"alone": Alone(), "millrace": written_by_millrace(bench, b, name),
            "native": written_natively(bench, b, name)}
    half = app.saturation(3 if bench.quick else 15) / 2
    rate = 0.8 * min(capacity(bench, app, half, ways[n]) for n in ("millrace", "native"))
    bench.note(f"both get {rate:,.0f} rows/s")
    for way in ways.values():
        way.rate = rate
    compare(bench, app, ways, half)


def compare(bench, app, ways, half=None):
    seconds = 4 if bench.quick else SECONDS
    half = half or app.saturation(3 if bench.quick else 15) / 2
    bench.note(f"half of saturation: {half:.1f} transactions/s")

    def measured(way):
        with way:
            return app.run(half, seconds)
    runs = bench.interleave(**{n: lambda way=way: measured(way) for n, way in ways.items()})
    full = statistics.median(r["rate"] for r in runs["alone"])
    loss = {n: [max(0, 100 * (1 - r["rate"] / full)) for r in got] for n, got in runs.items()}
    p99 = {n: [r["p99"] for r in got] for n, got in runs.items()}
    natives = [n for n in ways if n.startswith("native")]
    name, best = best_of(loss, *natives, better="lower")
    bench.metric("applications' loss of rate", "%", loss["millrace"], f"{name} + 2 points",
                 [v + 2 for v in best], 1, better="lower")
    name, best = best_of(p99, *natives, better="lower")
    bench.metric("applications' p99", "ms", p99["millrace"], name, best, 0.5, better="lower")
    bench.note(f"alone: p99 {statistics.median(p99['alone']):.1f} ms")


# -- ways: with one of them, replication runs


class Alone:
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


class Way:
    """A link that is started, has nothing left to do, and then goes along."""
    rate = 0

    def __init__(self, start, drain, stop, feed=None):
        self.start, self.drain, self.stop, self.feed = start, drain, stop, feed

    def __enter__(self):
        self.start()
        self.drain()
        if self.feed:
            self.feed.begin(self.rate)

    def __exit__(self, kind, *_):
        if self.feed:
            self.feed.end()
        if kind is None:
            self.drain()
        self.stop()


def captured_by_millrace(bench, a, name):
    b = bench.side(ACROSS[name])
    for table in TABLES[name]:
        table.create(b)
    bridge = bench.bridge(a, b, [t.name for t in TABLES[name]], first_copy="to_empty")
    bridge.start(seconds=300)
    bridge.drain()
    bridge.engine.stop()
    return Way(bridge.start, lambda: bridge.drain(600), bridge.engine.stop)


def captured_natively(bench, a, name, threads):
    b = replica.twin(bench, a, OTHER[name])
    application(bench, b)           # the same keys
    PROBE.create(b)                 # its rows are in the log too
    link = replica.replica(a, b, [t.name for t in TABLES[name]], threads)
    return Way(link.start, link.drain, link.stop)


def written_by_millrace(bench, b, name):
    table = TABLES[name][0]
    a = bench.side(ACROSS[name])
    table.create(a)
    bridge = bench.bridge(a, b, [table.name])
    bridge.start()
    bridge.engine.stop()
    return Way(bridge.start, lambda: bridge.drain(600), bridge.engine.stop,
               Feed(a, b, table.name, FIRST_ID))


def written_natively(bench, b, name):
    table = TABLES[name][0]
    server = bench.server(OTHER[name])
    server.create_database(b.database)
    a = Side(server, b.database)
    table.create(a)
    link = replica.replica(a, b, [table.name])
    return Way(link.start, link.drain, link.stop, Feed(a, b, table.name, 2 * FIRST_ID))


class Feed:
    """Inserts at the source, in transactions of 1,000 rows, at a rate that the clock sets."""

    def __init__(self, a, b, table, first):
        self.a, self.b, self.table, self.next = a, b, table, first
        self.key = TABLES_KEY[table]
        self.thread = self.stop = None

    def insert(self, c, rows):
        series = (f"generate_series({self.next}, {self.next + rows - 1}) n"
                  if self.a.family == "postgres"
                  else f"(SELECT seq AS n FROM seq_{self.next}_to_{self.next + rows - 1}) s")
        run(c, f"INSERT INTO {self.table} SELECT {ROW[self.table]} FROM {series}")
        self.next += rows

    def backlog(self, rows):
        with writing(self.a) as c:
            for _ in range(0, rows, PER_TRANSACTION):
                self.insert(c, PER_TRANSACTION)

    def wait(self):
        """Until the last row is at the target."""
        with self.b.connect() as c:
            while not run(c, f"SELECT 1 FROM {self.table} WHERE {self.key} = {self.next - 1}"):
                time.sleep(0.01)

    def begin(self, rate):
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._feed, args=(rate,), daemon=True)
        self.thread.start()

    def _feed(self, rate):
        began, sent = time.monotonic(), 0
        with self.a.connect() as c:
            while not self.stop.wait(max(0, began + sent / rate - time.monotonic())):
                self.insert(c, PER_TRANSACTION)
                sent += PER_TRANSACTION

    def end(self):
        self.stop.set()
        self.thread.join()


TABLES_KEY = {"pgbench_accounts": "aid", "sbtest1": "id"}


def capacity(bench, app, half, way):
    """Rows/s of a catch-up beside the application."""
    rows = bench.scaled(400_000)
    way.feed.backlog(rows)
    beside = threading.Thread(target=app.run, args=(half, 4 if bench.quick else 10),
                              daemon=True)
    beside.start()
    time.sleep(1)
    began = time.monotonic()
    way.start()
    way.feed.wait()
    rate = rows / (time.monotonic() - began)
    beside.join()
    way.stop()
    return rate
