"""The servers of a scenario, as durable as in production: nothing that was committed is lost."""
import os
import tempfile

from harness import servers
from harness.servers import run

CLASSES = {"pg": servers.Postgres, "pg2": servers.Postgres, "maria": servers.MariaDB,
           "maria2": servers.MariaDB, "mysql": servers.MySQL, "mysql2": servers.MySQL}
CALLED = {"pg": "PostgreSQL", "maria": "MariaDB", "mysql": "MySQL"}

# What the tests relax, and what a backlog of minutes needs; all else is the engine's default or
# the tests' (128 MiB of buffers each).
OPTIONS = {
    "pg": {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
           "max_wal_size": "'4GB'",
           "wal_retrieve_retry_interval": "'100ms'"},  # else native waits 5 s between two runs
    "maria": {"expire-logs-days": 0, "max-binlog-size": "1G"},
    "mysql": {"innodb-doublewrite": "ON", "auto-generate-certs": "OFF",  # no TLS, as the others
              "binlog-expire-logs-seconds": 0,
              "max-binlog-size": "1G"},
}

SHOWN = {
    "pg": ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers"),
    "maria": ("sync_binlog", "innodb_flush_log_at_trx_commit", "innodb_doublewrite",
              "innodb_buffer_pool_size", "binlog_format", "binlog_row_image"),
}
SHOWN["mysql"] = SHOWN["maria"]


def kind(name):
    return name.rstrip("2")


def base_directory():
    """On disk, unless said otherwise: what is in memory costs no fsync."""
    return os.environ.get("MILLRACE_TEST_DIR", "/var/tmp")


def new_directory():
    os.environ["MILLRACE_TEST_DIR"] = base_directory()
    os.makedirs(base_directory(), exist_ok=True)
    path = servers.run_dir()
    own = os.path.join(path, "tmp")     # the servers' temporary files too are ours alone
    os.mkdir(own)
    os.chmod(own, 0o1777)
    os.environ["TMPDIR"] = tempfile.tempdir = own
    return path


class Park:
    def __init__(self, root):
        self.root, self.running, self.more = root, {}, {}

    def demand(self, kind_name, **options):
        """What servers of this kind get besides OPTIONS, from now on."""
        self.more[kind_name] = options

    def get(self, name):
        if name not in self.running:
            options = {**OPTIONS[kind(name)], **self.more.get(kind(name), {})}
            if kind(name) != "pg":
                options["server-id"] = 100 + len(self.running)
            self.running[name] = CLASSES[name](self.root, name, options).create()
        return self.running[name]

    def settings(self):
        """{server: what it says of its durability}, of those that run."""
        return {name: _settings(server, SHOWN[kind(name)])
                for name, server in self.running.items() if server.running()}

    def versions(self):
        return {CALLED[kind(name)]: _version(server)
                for name, server in self.running.items() if server.running()}

    def stop(self):
        for server in self.running.values():
            server.destroy()


def _settings(server, names):
    with server.connect() as c:
        if server.family == "postgres":
            return {n: run(c, f"SHOW {n}")[0][0] for n in names}
        return {n: str(run(c, f"SELECT @@global.{n}")[0][0]) for n in names}


def _version(server):
    with server.connect() as c:
        sql = "SHOW server_version" if server.family == "postgres" else "SELECT version()"
        return run(c, sql)[0][0]
