"""Native replication that follows live, as an anchor of lag and of what it costs others: MariaDB to
MariaDB, PostgreSQL to PostgreSQL, MySQL to MySQL. (bench/native.py: the same over a backlog.)

    b = twin(bench, a, "maria2")                    # a database of the same name; make its tables
    link = replica(a, b, ["load_1"], threads=0)     # changes from here on are replicated
    link.start(); link.drain(); link.stop(); link.remove()

`threads`: the documented parallel setting of MariaDB (slave_parallel_threads, optimistic) and MySQL
(replica_parallel_workers); 0 for the default. PostgreSQL before 16 has none.
"""
import time

from harness.compare import Side
from harness.servers import PASSWORD, USER, run

from .scenario import NotHad


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


class MariaReplica(_Native):
    def create(self):
        with self.source.connect() as c:
            at = run(c, "SELECT @@global.gtid_binlog_pos")[0][0]
        server = self.source.server
        with self.target.connect() as c:
            run(c, "STOP SLAVE")
            run(c, "RESET SLAVE ALL")
            run(c, "RESET MASTER")      # what the target wrote itself is no part of its position
            run(c, f"SET GLOBAL gtid_slave_pos = '{at}'")
            run(c, f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={server.port}, "
                   f"MASTER_USER='{USER}', MASTER_PASSWORD='{PASSWORD}', "
                   "MASTER_USE_GTID=slave_pos")

    def start(self):
        with self.target.connect() as c:
            run(c, f"SET GLOBAL slave_parallel_threads = {self.threads}")
            run(c, "SET GLOBAL slave_parallel_mode = 'optimistic'")
            run(c, "START SLAVE")
            self.wait(30, lambda: self._row(c)["Slave_IO_Running"] == "Yes", "does not start")

    def _row(self, c):
        with c.cursor() as cursor:
            cursor.execute("SHOW SLAVE STATUS")
            row = cursor.fetchone()
            row = dict(zip([d[0] for d in cursor.description], row))
        if row["Last_SQL_Error"] or row["Last_IO_Error"]:
            raise AssertionError(row["Last_SQL_Error"] or row["Last_IO_Error"])
        return row

    def stop(self):
        with self.target.connect() as c:
            run(c, "STOP SLAVE")

    def drain(self, seconds=600):
        with self.source.connect() as c:
            at = run(c, "SELECT @@global.gtid_binlog_pos")[0][0]
        with self.target.connect() as c:
            end = time.monotonic() + seconds
            while run(c, "SELECT MASTER_GTID_WAIT(%s, 1)", (at,)) != [(0,)]:
                self._row(c)
                assert time.monotonic() < end, "native replication does not drain"

    def remove(self):
        with self.target.connect() as c:
            run(c, "STOP SLAVE")
            run(c, "RESET SLAVE ALL")


class MySQLReplica(_Native):
    def create(self):
        with self.source.connect() as c:
            at = run(c, "SELECT @@global.gtid_executed")[0][0].replace("\n", "")
        server = self.source.server
        with self.target.connect() as c:
            run(c, "STOP REPLICA")
            run(c, "RESET REPLICA ALL")
            run(c, "RESET BINARY LOGS AND GTIDS")
            run(c, f"SET GLOBAL gtid_purged = '{at}'")
            run(c, f"CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', "
                   f"SOURCE_PORT={server.port}, SOURCE_USER='{USER}', "
                   f"SOURCE_PASSWORD='{PASSWORD}', SOURCE_AUTO_POSITION=1, "
                   "GET_SOURCE_PUBLIC_KEY=1")

    def start(self):
        with self.target.connect() as c:
            run(c, f"SET GLOBAL replica_parallel_workers = {self.threads or 4}")
            run(c, "START REPLICA")

    def stop(self):
        with self.target.connect() as c:
            run(c, "STOP REPLICA")

    def drain(self, seconds=600):
        with self.source.connect() as c:
            at = run(c, "SELECT @@global.gtid_executed")[0][0].replace("\n", "")
        with self.target.connect() as c:
            if run(c, "SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s)", (at, seconds)) != [(0,)]:
                raise NotHad("MySQL's replica does not drain")

    def remove(self):
        with self.target.connect() as c:
            run(c, "STOP REPLICA")
            run(c, "RESET REPLICA ALL")
