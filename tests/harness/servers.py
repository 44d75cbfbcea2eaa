"""Private servers for tests and the demo: PostgreSQL, MariaDB, MySQL.

Each lives in a directory of its own, listens on a free port of 127.0.0.1, and is stopped by the
process id that we started, never by name. Nothing of the system's own servers is touched.

    with Postgres(root) as pg:          # root: a directory; made, filled, removed
        pg.create_database("erp")
        with pg.connect("erp") as c: ...
        pg.kill(); pg.start()           # kill -9 and back

Durability is as in production (fsync, sync_binlog=1, flush at commit): the directory lies in memory
(/dev/shm) where there is room, so that costs little.
"""
import ctypes
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg2
import psycopg2.extensions
import pymysql
import pymysql.constants.CLIENT

USER = "mr"            # all privileges; the engine's and the tests' account unless a test says else
PASSWORD = "s3cret-mr"
START_SECONDS = 60
REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class ServerMissing(Exception):
    """The server's program is not on this machine: tests that need it are skipped, saying so."""


class ServerFailed(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run_dir(need_bytes=3 << 30):
    """A new directory for servers, in memory where there is room for it."""
    base = os.environ.get("MILLRACE_TEST_DIR")
    if not base:
        base = tempfile.gettempdir()
        if os.path.isdir("/dev/shm"):
            free = shutil.disk_usage("/dev/shm").free
            if free > need_bytes and _available_memory() > 2 * need_bytes:
                base = "/dev/shm"
    _clear_left_behind(base)
    path = tempfile.mkdtemp(prefix=f"millrace-{os.getpid()}-", dir=base)
    os.chmod(path, 0o755)  # the servers' users pass through
    return path


def _clear_left_behind(base):
    """Directories of ours whose process was killed before it could clean up."""
    for path in glob.glob(f"{base}/millrace-*-*"):
        pid = os.path.basename(path).split("-")[1]
        if pid.isdigit() and not os.path.exists(f"/proc/{pid}") \
                and os.stat(path).st_uid == os.geteuid():
            shutil.rmtree(path, ignore_errors=True)


def _available_memory():
    with open("/proc/meminfo") as f:
        for line in f:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0


def die_with_parent(sig):
    """The server goes when the test process goes, however that ends."""
    def set_signal():
        ctypes.CDLL(None).prctl(1, sig)
    return set_signal


class Server:
    """What the three have in common. Subclasses: init, command, ready, connect."""

    name = "server"
    user = None            # the account that it runs as when we are root
    death_signal = signal.SIGKILL

    def __init__(self, root, name=None, options=None):
        self.name = name or self.name
        self.root = root
        self.dir = os.path.join(root, self.name)
        self.port = free_port()
        self.options = dict(options or {})
        self.process = None
        self.log = os.path.join(self.dir, "server.log")

    # -- life

    def __enter__(self):
        self.create()
        return self

    def __exit__(self, *_):
        self.destroy()

    def create(self):
        os.makedirs(self.dir)
        self._own(self.dir)
        self.init()
        self.start()
        return self

    def start(self, wait=True):
        assert self.process is None or self.process.poll() is not None, "already running"
        log = open(self.log, "ab")
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
            start_new_session=True,  # Ctrl-C is for us, we stop the servers
            preexec_fn=die_with_parent(self.death_signal), **self._as_user())
        log.close()
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds=START_SECONDS):
        end = time.monotonic() + seconds
        error = None
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise ServerFailed(f"{self.name} ended with {self.process.returncode}\n"
                                   + self.tail())
            try:
                self.ready()
                return
            except (psycopg2.Error, pymysql.Error, OSError) as e:
                error = e
                time.sleep(0.05)
        raise ServerFailed(f"{self.name} does not answer: {error}\n" + self.tail())

    def signal(self, sig):
        if self.running():
            self.process.send_signal(sig)

    def wait(self, seconds=60):
        """Waits until the process has ended; TimeoutExpired if it does not."""
        if self.process is not None:
            self.process.wait(seconds)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds=60):
        """An orderly stop; raises when the server does not stop in time."""
        self.signal(self.stop_signal)
        self.wait(seconds)

    def kill(self):
        """kill -9 of the server, children too."""
        if not self.running():
            return
        children = _children(self.process.pid)
        self.process.kill()
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(30)
        end = time.monotonic() + 30
        while any(os.path.exists(f"/proc/{pid}") for pid in children):
            if time.monotonic() > end:
                raise ServerFailed(f"{self.name}: children do not end")
            time.sleep(0.01)

    def restart(self):
        self.stop()
        self.start()

    def destroy(self):
        if self.running():
            self.signal(self.quick_signal)
            try:
                self.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def tail(self, lines=40):
        try:
            with open(self.log, errors="replace") as f:
                return "".join(f.readlines()[-lines:])
        except OSError:
            return ""

    # -- accounts

    def _account(self):
        """The account to run as, or None for our own."""
        if os.geteuid() != 0:
            return None
        for name in (self.user, "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise ServerFailed(f"no account {self.user} to run {self.name} as")

    def _as_user(self):
        account = self._account()
        if account is None:
            return {}
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def _own(self, path):
        account = self._account()
        if account is not None:
            os.chown(path, account.pw_uid, account.pw_gid)

    def _run(self, args):
        done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=self.dir, **self._as_user())
        if done.returncode:
            raise ServerFailed(f"{args[0]} failed:\n" + done.stdout.decode(errors="replace")
                               + self.tail())


def _children(pid):
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path) as f:
                found += [int(p) for p in f.read().split()]
        except OSError:
            pass
    return found


class Postgres(Server):
    name = "postgres"
    family = "postgres"
    engine = "postgresql"
    user = "postgres"
    stop_signal = signal.SIGINT     # fast shutdown
    quick_signal = signal.SIGQUIT   # immediate
    death_signal = signal.SIGQUIT

    def __init__(self, root, name=None, options=None, bindir=None):
        super().__init__(root, name, options)
        self.bindir = bindir or self.find()
        self.data = os.path.join(self.dir, "data")

    @staticmethod
    def find():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"),
                       key=lambda p: int(p.split("/")[4]))
        if not found:
            raise ServerMissing("PostgreSQL is not installed (package postgresql)")
        return os.path.dirname(found[-1])

    def init(self):
        self._run([f"{self.bindir}/initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8",
                   "--locale=C.UTF-8", "-A", "trust", "--no-sync"])
        with open(f"{self.data}/pg_hba.conf", "w") as f:
            f.write("host all postgres 127.0.0.1/32 trust\n"
                    "host all all 127.0.0.1/32 scram-sha-256\n"
                    "host replication all 127.0.0.1/32 scram-sha-256\n")
        settings = {
            "listen_addresses": "'127.0.0.1'", "port": self.port,
            "unix_socket_directories": "''", "wal_level": "logical", "max_wal_senders": 20,
            "max_replication_slots": 40, "max_connections": 100, "shared_buffers": "'128MB'",
            "max_wal_size": "'1GB'", "wal_keep_size": 0, "log_line_prefix": "'%m [%p] '",
            "max_prepared_transactions": 5, "dynamic_shared_memory_type": "mmap",
            "timezone": "'UTC'", "log_timezone": "'UTC'",
            "lc_messages": "'C'", **self.options,
        }
        with open(f"{self.data}/postgresql.auto.conf", "w") as f:
            f.writelines(f"{k} = {v}\n" for k, v in settings.items())
        self.start()
        with self.connect("postgres", user="postgres") as c:
            run(c, f"CREATE ROLE {USER} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        self.stop()

    def command(self):
        return [f"{self.bindir}/postgres", "-D", self.data]

    def ready(self):
        self.connect("postgres", user="postgres").close()

    def connect(self, database="postgres", user=USER, autocommit=True, password=PASSWORD):
        c = _PgConnection(f"host=127.0.0.1 port={self.port} dbname={database} user={user} "
                          f"password='{password}' connect_timeout=5")
        c.autocommit = autocommit
        return c

    def create_database(self, name):
        with self.connect() as c:
            run(c, f'CREATE DATABASE "{name}" TEMPLATE template0')

    def drop_database(self, name, seconds=15):
        """With its slots: they would keep the log, and the database from going."""
        end = time.monotonic() + seconds
        with self.connect() as c:
            while True:
                try:
                    for slot, pid in run(c, "SELECT slot_name, active_pid FROM "
                                         "pg_replication_slots WHERE database = %s", (name,)):
                        if pid:
                            run(c, "SELECT pg_terminate_backend(%s)", (pid,))
                        run(c, "SELECT pg_drop_replication_slot(%s)", (slot,))
                    run(c, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                    return
                except psycopg2.Error:
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.1)


class _PgConnection(psycopg2.extensions.connection):
    """`with` closes, and nothing else: psycopg2's own opens and ends a transaction."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _MySqlFamily(Server):
    family = "mysql"
    stop_signal = signal.SIGTERM
    quick_signal = signal.SIGKILL
    user = "mysql"
    common = {
        "bind-address": "127.0.0.1", "server-id": 1, "log-bin": "binlog", "binlog-format": "ROW",
        "binlog-row-image": "FULL", "binlog-row-metadata": "FULL", "sync-binlog": 1,
        "innodb-flush-log-at-trx-commit": 1, "innodb-buffer-pool-size": "128M",
        "local-infile": "ON", "max-connections": 200, "max-allowed-packet": "256M",
        "character-set-server": "utf8mb4", "skip-name-resolve": None,
    }
    special = {}

    def __init__(self, root, name=None, options=None):
        super().__init__(root, name, options)
        self.data = os.path.join(self.dir, "data")
        self.cnf = os.path.join(self.dir, "my.cnf")

    def write_cnf(self):
        settings = {**self.common, **self.special, "port": self.port, "datadir": self.data,
                    "socket": f"{self.dir}/s", "pid-file": f"{self.dir}/pid", "tmpdir": f"{self.dir}/tmp", **self.options}
        with open(self.cnf, "w") as f:
            f.write(self.cnf_head() + "[mysqld]\n")
            for k, v in settings.items():
                f.write(f"{k}\n" if v is None else f"{k}={v}\n")

    def cnf_head(self):
        return ""

    def init(self):
        os.mkdir(f"{self.dir}/tmp")    # a server that starts clears away all temporary tables there
        self._own(f"{self.dir}/tmp")
        self.write_cnf()
        self.install()
        self.start(wait=False)
        self.wait_ready_as_root()
        with self._root_socket() as c:
            for host in ("%", "localhost"):
                run(c, f"CREATE USER '{USER}'@'{host}' IDENTIFIED BY '{PASSWORD}'")
                run(c, f"GRANT ALL ON *.* TO '{USER}'@'{host}' WITH GRANT OPTION")
        self.stop()

    def wait_ready_as_root(self):
        ready, self.ready = self.ready, lambda: self._root_socket().close()
        try:
            self.wait_ready()
        finally:
            self.ready = ready

    def _root_socket(self):
        return pymysql.connect(unix_socket=f"{self.dir}/s", user="root", autocommit=True)

    def ready(self):
        self.connect().close()

    def connect(self, database=None, user=USER, autocommit=True, password=PASSWORD):
        return pymysql.connect(host="127.0.0.1", port=self.port, user=user, password=password,
                               database=database, autocommit=autocommit, charset="utf8mb4",
                               connect_timeout=5, init_command="SET time_zone='+00:00'",
                               max_allowed_packet=256 << 20,
                               client_flag=pymysql.constants.CLIENT.FOUND_ROWS)

    def create_database(self, name):
        with self.connect() as c:
            run(c, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")

    def drop_database(self, name):
        with self.connect() as c:
            run(c, f"DROP DATABASE IF EXISTS `{name}`")


class MariaDB(_MySqlFamily):
    name = "mariadb"
    engine = "mariadb"
    special = {"innodb-log-file-size": "96M", "gtid-strict-mode": "ON"}

    @staticmethod
    def find():
        path = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/libexec")
        if not path or not shutil.which("mariadb-install-db"):
            raise ServerMissing("MariaDB is not installed (package mariadb-server-core)")
        return path

    def __init__(self, root, name=None, options=None):
        self.program = self.find()
        super().__init__(root, name, options)

    def install(self):
        args = ["mariadb-install-db", "--no-defaults", f"--datadir={self.data}",
                "--auth-root-authentication-method=normal", "--skip-test-db",
                "--innodb-log-file-size=96M"]
        if self._account() is not None:
            args.append(f"--user={self._account().pw_name}")
        self._run(args)

    def command(self):
        return [self.program, f"--defaults-file={self.cnf}"]


class MySQL(_MySqlFamily):
    name = "mysql"
    engine = "mysql"
    special = {"mysqlx": "OFF", "secure-file-priv": "NULL", "gtid-mode": "ON",
               "enforce-gtid-consistency": "ON", "innodb-redo-log-capacity": "128M",
               "performance-schema": "OFF", "innodb-doublewrite": "OFF"}

    @staticmethod
    def find():
        cache = os.environ.get("MILLRACE_CACHE") or os.path.join(REPO, ".cache")
        path = os.path.join(cache, "mysql")
        if not os.path.exists(f"{path}/ok"):
            raise ServerMissing("MySQL 9.7 is not here: tests/tools/get-mysql.sh could not fetch it")
        return path

    def __init__(self, root, name=None, options=None):
        self.base = self.find()
        super().__init__(root, name, options)

    def cnf_head(self):
        with open(f"{self.base}/server.cnf") as f:
            return f.read()

    def _account(self):
        """None where the account could not reach the programs (a checkout under /root, say)."""
        account = super()._account()
        if account is None:
            return None
        path = os.path.realpath(self.base)
        while path != "/":
            if not os.stat(path).st_mode & 0o001:
                return None
            path = os.path.dirname(path)
        return account

    def install(self):
        self._run(self.command() + ["--initialize-insecure"])

    def command(self):
        command = [f"{self.base}/bin/mysqld", f"--defaults-file={self.cnf}"]
        if os.geteuid() == 0 and self._account() is None:
            command.append("--user=root")
        return command


def run(connection, sql, args=None):
    """Runs one statement; the rows it gives, or its count."""
    with connection.cursor() as c:
        c.execute(sql, args)
        if c.description is not None:
            return list(c.fetchall())
        return c.rowcount
