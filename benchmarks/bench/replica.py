"""Native replication that follows live, as an anchor of lag and of what it costs others: MariaDB to
MariaDB, PostgreSQL to PostgreSQL, MySQL to MySQL. (bench/native.py: the same over a backlog.)

    a = bench.side("maria2")                        # another server of the target's engine
    b = twin(bench, a, "maria")                     # a database of the same name; make its tables
    link = replica(a, b, ["load_1"], threads=0)     # changes from here on are replicated
    link.start(); link.drain(); link.stop(); link.remove()

`threads`: the documented parallel setting of MariaDB (slave_parallel_threads, optimistic) and MySQL
(replica_parallel_workers); 0 for the default. PostgreSQL before 16 has none.
"""
import time

from harness.compare import Side
from harness.servers import PASSWORD, USER, run


def twin(bench, side, name):
    """The same database on another server of the engine."""
    server = bench.server(name)
    server.create_database(side.database)
    return Side(server, side.database, side.zone)


def replica(source, target, tables, threads=0):
    kinds = {"postgresql": Subscription, "mariadb": MariaReplica, "mysql": MySQLReplica}
    return kinds[source.server.engine](source, target, tables, threads)


def parallel_settings(side):
    """{name for the result: threads}: the default, and the best documented parallel one."""
    return {"mariadb": {"native": 0, "native, 4 threads": 4},
            "mysql": {"native": 4, "native, 1 thread": 1},
            "postgresql": {"native": 0}}[side.server.engine]


class _Native:
    def __init__(self, source, target, tables, threads):
        self.source, self.target, self.tables, self.threads = source, target, tables, threads
        self.create()

    def wait(self, seconds, reached, what):
        end = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > end:
                raise AssertionError(f"native replication: {what} not within {seconds} s")
            time.sleep(0.005)


class Subscription(_Native):
    """PostgreSQL. With its own defaults: synchronous_commit is off in the applying process."""
    name = "bench_native"

    def create(self):
        names = ", ".join(self.tables)
        with self.source.connect() as c:
            run(c, f"CREATE PUBLICATION {self.name} FOR TABLE {names}")
            run(c, f"SELECT pg_create_logical_replication_slot('{self.name}', 'pgoutput')")
        with self.target.connect() as c:
            run(c, f"CREATE SUBSCRIPTION {self.name} CONNECTION 'host=127.0.0.1 "
                   f"port={self.source.server.port} dbname={self.source.database} user={USER} "
                   f"password={PASSWORD}' PUBLICATION {self.name} WITH (copy_data = false, "
                   f"create_slot = false, slot_name = '{self.name}', binary = true, "
                   "enabled = false)")

    def _alter(self, what):
        with self.target.connect() as c:
            run(c, f"ALTER SUBSCRIPTION {self.name} {what}")

    def start(self):
        self._alter("ENABLE")
        with self.source.connect() as c:
            self.wait(30, lambda: run(c, "SELECT active FROM pg_replication_slots WHERE slot_name "
                                         "= %s", (self.name,)) == [(True,)], "does not start")

    def stop(self):
        self._alter("DISABLE")
        with self.source.connect() as c:
            self.wait(30, lambda: run(c, "SELECT active FROM pg_replication_slots WHERE slot_name "
                                         "= %s", (self.name,)) == [(False,)], "does not stop")

    def drain(self, seconds=600):
        with self.source.connect() as c:
            here = run(c, "SELECT pg_current_wal_lsn()")[0][0]
            self.wait(seconds, lambda: run(
                c, "SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE "
                   "slot_name = %s", (here, self.name))[0][0], "does not drain")

    def remove(self):
        with self.target.connect() as c:
            run(c, f"DROP SUBSCRIPTION {self.name}")
        with self.source.connect() as c:
            run(c, f"DROP PUBLICATION {self.name}")


class _Binlog(_Native):
    """By file and offset: the target's own log, which Millrace fills in between, is of no matter."""

    def create(self):
        with self.source.connect() as c:
            file, offset = run(c, self.STATUS)[0][:2]
        with self.target.connect() as c:
            run(c, self.STOP)
            run(c, self.RESET)
            run(c, self.CHANGE.format(host="127.0.0.1", port=self.source.server.port, user=USER,
                                      password=PASSWORD, file=file, offset=offset))

    def start(self):
        with self.target.connect() as c:
            for sql in self.settings():
                run(c, sql)
            run(c, self.START)
            self.wait(30, lambda: self._row(c)[self.IO_RUNNING] == "Yes", "does not start")

    def _row(self, c):
        with c.cursor() as cursor:
            cursor.execute(self.SHOW)
            row = dict(zip([d[0] for d in cursor.description], cursor.fetchone()))
        if row["Last_SQL_Error"] or row["Last_IO_Error"]:
            raise AssertionError(row["Last_SQL_Error"] or row["Last_IO_Error"])
        return row

    def stop(self):
        with self.target.connect() as c:
            self._row(c)
            run(c, self.STOP)

    def drain(self, seconds=600):
        with self.source.connect() as c:
            file, offset = run(c, self.STATUS)[0][:2]
        with self.target.connect() as c:
            end = time.monotonic() + seconds
            while run(c, f"SELECT {self.WAIT}(%s, %s, 1)", (file, offset))[0][0] in (-1, None):
                self._row(c)
                assert time.monotonic() < end, "native replication does not drain"

    def remove(self):
        with self.target.connect() as c:
            run(c, self.STOP)
            run(c, self.RESET)


class MariaReplica(_Binlog):
    STATUS, SHOW = "SHOW MASTER STATUS", "SHOW SLAVE STATUS"
    START, STOP, RESET = "START SLAVE", "STOP SLAVE", "RESET SLAVE ALL"
    CHANGE = ("CHANGE MASTER TO MASTER_HOST='{host}', MASTER_PORT={port}, MASTER_USER='{user}', "
              "MASTER_PASSWORD='{password}', MASTER_LOG_FILE='{file}', MASTER_LOG_POS={offset}, "
              "MASTER_USE_GTID=no")
    WAIT, IO_RUNNING = "MASTER_POS_WAIT", "Slave_IO_Running"

    def settings(self):
        yield f"SET GLOBAL slave_parallel_threads = {self.threads}"
        yield "SET GLOBAL slave_parallel_mode = 'optimistic'"


class MySQLReplica(_Binlog):
    STATUS, SHOW = "SHOW BINARY LOG STATUS", "SHOW REPLICA STATUS"
    START, STOP, RESET = "START REPLICA", "STOP REPLICA", "RESET REPLICA ALL"
    CHANGE = ("CHANGE REPLICATION SOURCE TO SOURCE_HOST='{host}', SOURCE_PORT={port}, "
              "SOURCE_USER='{user}', SOURCE_PASSWORD='{password}', SOURCE_LOG_FILE='{file}', "
              "SOURCE_LOG_POS={offset}, SOURCE_AUTO_POSITION=0, SOURCE_SSL=0, "
              "GET_SOURCE_PUBLIC_KEY=1")
    WAIT, IO_RUNNING = "SOURCE_POS_WAIT", "Replica_IO_Running"

    def settings(self):
        yield f"SET GLOBAL replica_parallel_workers = {self.threads or 4}"
