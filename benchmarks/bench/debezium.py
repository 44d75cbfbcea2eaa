"""Debezium Server with its JDBC sink, at the settings that its documentation gives for throughput:
large batches and queue, batched statements, rows of one key folded before they are written. (Its
inserts by unnest are left off: of 3.6.0 they send dates as numbers, which PostgreSQL refuses.)

    debezium = Debezium(bench, a, b, ["work_order"])     # NotHad where it, or a Java for it, is not
    debezium.start(); debezium.stop()                     # goes on where it stopped

It is looked for in DEBEZIUM_HOME (its Java: JAVA_HOME), else in the cache, where
benchmarks/get-debezium.sh puts both.
"""
import os
import shutil
import signal
import subprocess
import time

from harness.servers import PASSWORD, REPO, USER, die_with_parent, run

from .meter import resident_bytes
from .scenario import Failed, NotHad

START_SECONDS = 120
BATCH = 20_000


def home():
    """(the server's directory, the java program)"""
    cache = os.path.join(os.environ.get("MILLRACE_CACHE") or f"{REPO}/.cache", "debezium")
    server = os.environ.get("DEBEZIUM_HOME") or f"{cache}/server"
    if not os.path.exists(f"{server}/run.sh") and "DEBEZIUM_HOME" not in os.environ:
        done = subprocess.run([f"{REPO}/benchmarks/get-debezium.sh"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise NotHad(done.stdout.strip().splitlines()[-1])
    java = os.environ.get("JAVA_HOME") or f"{cache}/java"
    if not os.path.exists(f"{java}/bin/java"):
        raise NotHad(f"no Java in {java}; set JAVA_HOME")
    return server, f"{java}/bin/java"


class Debezium:
    def __init__(self, bench, a, b, tables):
        self.server, self.java = home()
        self.bench, self.a, self.b, self.tables = bench, a, b, tables
        self.dir = bench.directory(f"debezium-{a.database}")
        self.log = os.path.join(self.dir, "log")
        self.process = None
        self.slot = f"bench_debezium_{a.database}"
        os.makedirs(f"{self.dir}/config")
        os.makedirs(f"{self.dir}/data")
        self._write_config()
        bench.defer(self.kill)

    def _write_config(self):
        settings = {**_sink(self.b), **_source(self.a, self.tables, self.dir, self.slot), **COMMON,
                    "debezium.source.offset.storage.file.filename": f"{self.dir}/data/offsets"}
        with open(f"{self.dir}/config/application.properties", "w") as f:
            f.writelines(f"{k}={v}\n" for k, v in settings.items())

    def start(self):
        """Until it streams."""
        path = ":".join([f"{self.server}/{f}" for f in os.listdir(self.server)
                         if f.endswith("-runner.jar")] + [f"{self.server}/lib/*"])
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.java, "-Xmx2g", "--add-opens", "java.base/java.lang=ALL-UNNAMED", "-cp", path,
                 "io.debezium.server.Main"], cwd=self.dir,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL))
        return self

    def check(self):
        if self.process.poll() is not None:
            raise Failed(f"Debezium ended with {self.process.returncode}\n{self.tail()}")

    def wait_streaming(self):
        """By a row that arrives."""
        end = time.monotonic() + START_SECONDS
        key = 0
        while True:
            self.check()
            key = time.time_ns()
            with self.a.connect() as c:
                run(c, "INSERT INTO probe VALUES (%s)", (key,))
            time.sleep(0.5)
            with self.b.connect() as c:
                if run(c, "SELECT count(*) FROM probe")[0][0]:
                    return self
            if time.monotonic() > end:
                raise Failed(f"Debezium brings nothing within {START_SECONDS} s\n{self.tail()}")

    def stop(self):
        """Orderly: its offsets are written."""
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def rss(self):
        return resident_bytes(self.process.pid)

    def keep(self):
        shutil.copytree(f"{self.dir}/data", f"{self.dir}/kept", dirs_exist_ok=True)

    def rewind(self):
        shutil.rmtree(f"{self.dir}/data")
        shutil.copytree(f"{self.dir}/kept", f"{self.dir}/data")

    def tail(self):
        with open(self.log, errors="replace") as f:
            return "".join(f.readlines()[-40:])


COMMON = {
    "debezium.format.key": "connect", "debezium.format.value": "connect",
    "debezium.source.topic.prefix": "bench", "debezium.source.snapshot.mode": "no_data",
    "debezium.source.max.batch.size": BATCH, "debezium.source.max.queue.size": 4 * BATCH,
    "debezium.source.poll.interval.ms": 10, "debezium.source.offset.flush.interval.ms": 1000,
    "debezium.source.decimal.handling.mode": "precise", "debezium.source.tombstones.on.delete":
    "false", "quarkus.log.level": "WARN", "quarkus.log.console.json": "false",
    "quarkus.http.port": 0,
}


def _sink(b):
    port = b.server.port
    if b.family == "postgres":
        url = f"jdbc:postgresql://127.0.0.1:{port}/{b.database}?reWriteBatchedInserts=true"
    else:
        url = (f"jdbc:{b.server.engine}://127.0.0.1:{port}/{b.database}"
               "?rewriteBatchedStatements=true&useBulkStmts=true")
    prefix = "debezium.sink.jdbc."
    return {"debezium.sink.type": "jdbc", prefix + "connection.url": url,
            prefix + "connection.username": USER, prefix + "connection.password": PASSWORD,
            prefix + "insert.mode": "upsert", prefix + "delete.enabled": "true",
            prefix + "primary.key.mode": "record_key", prefix + "schema.evolution": "none",
            prefix + "collection.name.format": "\\\\${source.table}",
            prefix + "batch.size": BATCH,
            prefix + "use.reduction.buffer": "true"}


def _source(a, tables, directory, slot):
    schema = "public" if a.family == "postgres" else a.database
    listed = ",".join(f"{schema}.{t}" for t in [*tables, "probe"])
    prefix = "debezium.source."
    common = {prefix + "database.hostname": "127.0.0.1",
              prefix + "database.port": a.server.port, prefix + "database.user": USER,
              prefix + "database.password": PASSWORD, prefix + "table.include.list": listed}
    if a.family == "postgres":
        return {**common, prefix + "connector.class":
                "io.debezium.connector.postgresql.PostgresConnector",
                prefix + "database.dbname": a.database, prefix + "plugin.name": "pgoutput",
                prefix + "slot.name": slot,
                prefix + "publication.autocreate.mode": "filtered"}
    name = "MariaDb" if a.server.engine == "mariadb" else "MySql"
    return {**common, prefix + "connector.class":
            f"io.debezium.connector.{name.lower()}.{name}Connector",
            prefix + "database.server.id": 7777,
            prefix + "database.include.list": a.database,
            prefix + "schema.history.internal":
            "io.debezium.storage.file.history.FileSchemaHistory",
            prefix + "schema.history.internal.file.filename": f"{directory}/data/history"}
