"""The native replication of the target's engine: from a second server of that engine, which gets
the same rows, into the same target server that Millrace writes to. Rewound before each run, as
Backlog does, so that every run reads the same log.

    native = native_to(bench, b, [WORK_ORDER])     # tables made on both ends
    ... writes the same rows to native.source ...
    native.ends()
    seconds = native.drain("default")              # or native.drain("parallel")
"""
import time

from harness.compare import Side
from harness.servers import PASSWORD, USER, run
from harness.tables import PROBE

from .backlog import drop_slot, empty, settle
from .rows import end_mark, wait_mark

DATABASE = "native"
PARALLEL_THREADS = 4


def native_to(bench, target, tables):
    made = Postgres if target.family == "postgres" else MariaDB
    return made(bench, target.server, tables)


class Native:
    SETTINGS = ()

    def __init__(self, bench, source_name, target_server, tables):
        self.bench = bench
        self.source = self._side(bench.server(source_name))
        self.target = self._side(target_server)
        self.tables = [t.name for t in tables] + ["probe"]
        for side in (self.source, self.target):
            for table in [*tables, PROBE]:
                table.create(side)
        self.mark = None
        self.refill = lambda side: None     # the rows that were there before
        self.create()
        self.keep()
        bench.defer(self.stop)

    def create(self):
        pass

    def keep(self):
        """The log from here on is what is drained."""
        raise NotImplementedError

    def _side(self, server):
        server.create_database(DATABASE)
        return Side(server, DATABASE)

    def ends(self):
        self.mark = end_mark(self.source)

    def drain(self, setting):
        self.stop()
        empty(self.target, self.tables)
        self.refill(self.target)
        settle(self.bench)
        self.rewind(setting)
        began = time.monotonic()
        self.start()
        seconds = wait_mark(self.target, self.mark, alive=self.check) - began
        self.stop()
        return seconds


class MariaDB(Native):
    SETTINGS = ("default", "parallel")

    def __init__(self, bench, server, tables):
        super().__init__(bench, "maria2", server, tables)

    def keep(self):
        with self.source.connect() as c:
            self.file, self.offset = run(c, "SHOW MASTER STATUS")[0][:2]

    def rewind(self, setting):
        threads = PARALLEL_THREADS if setting == "parallel" else 0
        with self.target.connect() as c:
            run(c, "RESET SLAVE ALL")
            run(c, f"SET GLOBAL slave_parallel_threads = {threads}")
            run(c, f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', "
                f"MASTER_PORT={self.source.server.port}, MASTER_USER='{USER}', "
                f"MASTER_PASSWORD='{PASSWORD}', MASTER_LOG_FILE='{self.file}', "
                f"MASTER_LOG_POS={self.offset}, MASTER_USE_GTID=no")

    def start(self):
        with self.target.connect() as c:
            run(c, "START SLAVE")

    def stop(self):
        with self.target.connect() as c:
            run(c, "STOP SLAVE")

    def check(self):
        with self.target.connect() as c, c.cursor() as cursor:
            cursor.execute("SHOW SLAVE STATUS")
            said = dict(zip([d[0] for d in cursor.description], cursor.fetchone()))
        for part in ("Last_IO_Error", "Last_SQL_Error"):
            if said[part]:
                raise AssertionError(f"native replication: {said[part]}")


class Postgres(Native):
    """15 has no parallel apply: what its manual knows beside the defaults is the binary format."""
    SETTINGS = ("default", "binary")
    KEPT, SLOT, NAME = "native_kept", "native_run", "bench_native"

    def __init__(self, bench, server, tables):
        super().__init__(bench, "pg2", server, tables)

    def create(self):
        with self.source.connect() as c:
            run(c, f"CREATE PUBLICATION {self.NAME} FOR TABLE {', '.join(self.tables)}")

    def keep(self):
        with self.source.connect() as c:
            drop_slot(c, self.KEPT)
            run(c, "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (self.KEPT,))

    def rewind(self, setting):
        with self.source.connect() as c:
            drop_slot(c, self.SLOT)
            run(c, "SELECT pg_copy_logical_replication_slot(%s, %s)", (self.KEPT, self.SLOT))
        binary = "true" if setting == "binary" else "false"
        with self.target.connect() as c:
            run(c, f"CREATE SUBSCRIPTION {self.NAME} CONNECTION 'host=127.0.0.1 "
                f"port={self.source.server.port} dbname={DATABASE} user={USER} "
                f"password={PASSWORD}' PUBLICATION {self.NAME} WITH (create_slot = false, "
                f"slot_name = '{self.SLOT}', copy_data = false, enabled = false, "
                f"binary = {binary})")

    def start(self):
        with self.target.connect() as c:
            run(c, f"ALTER SUBSCRIPTION {self.NAME} ENABLE")

    def stop(self):
        with self.target.connect() as c:
            if run(c, "SELECT 1 FROM pg_subscription WHERE subname = %s", (self.NAME,)):
                run(c, f"ALTER SUBSCRIPTION {self.NAME} DISABLE")
                run(c, f"ALTER SUBSCRIPTION {self.NAME} SET (slot_name = NONE)")
                run(c, f"DROP SUBSCRIPTION {self.NAME}")

    def check(self):
        pass    # it retries for ever: wait_mark's own limit ends the wait
