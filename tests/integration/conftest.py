"""Servers for the session, fresh databases for each test, and a limit on each test's time."""
import faulthandler
import itertools
import os
import shutil
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import servers  # noqa: E402
from harness.bridge import Bridge  # noqa: E402
from harness.compare import Side  # noqa: E402
from harness.engine import binary  # noqa: E402
from harness.event_bridge import EventBridge  # noqa: E402
from harness.factory import Factory  # noqa: E402

DEFAULT_SECONDS = 180
_numbers = itertools.count(1)


def pytest_configure(config):
    def ended(*_):   # so that the servers' directories go
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, ended)
    for line in ("crash: kills the engine at named points (needs the crash build)",
                 "mysql: needs a MySQL 9.7 server",
                 "large: moves millions of rows",
                 "stress: the long form of a test, run by flag only",
                 "limit(seconds): a limit of its own"):
        config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(items):
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        if any("mysql" in str(v) for v in params.values()):
            item.add_marker(pytest.mark.mysql)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A test that hangs ends with its stack instead of holding up all others."""
    marker = item.get_closest_marker("limit")
    seconds = marker.args[0] if marker else DEFAULT_SECONDS
    seconds = int(seconds * float(os.environ.get("MILLRACE_PATIENCE", "1")))

    def expired(*_):
        faulthandler.dump_traceback()
        raise TimeoutError(f"test exceeds its limit of {seconds} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# -- servers, one of each a session


@pytest.fixture(scope="session")
def root():
    path = servers.run_dir()
    yield path
    shutil.rmtree(path, ignore_errors=True)


class Park:
    """The session's servers, started when first asked for."""

    CLASSES = {"pg": servers.Postgres, "maria": servers.MariaDB, "maria2": servers.MariaDB,
               "mysql": servers.MySQL, "mysql2": servers.MySQL}

    def __init__(self, root):
        self.root, self.running = root, {}

    def get(self, name):
        if name == "pg2":    # a second PostgreSQL system is a second database
            name = "pg"
        if name not in self.running:
            options = {"server-id": 100 + len(self.running)} \
                if name.startswith(("maria", "mysql")) else None
            try:
                server = self.CLASSES[name](self.root, name, options)
            except servers.ServerMissing as e:
                pytest.skip(str(e))
            self.running[name] = server.create()
        server = self.running[name]
        if not server.running():   # a test left it down
            server.start()
        return server

    def stop(self):
        for server in self.running.values():
            server.destroy()


@pytest.fixture(scope="session")
def park(root):
    p = Park(root)
    yield p
    p.stop()


# -- databases of a test


class World:
    """Makes sides (fresh databases on the session's servers) and bridges between them."""

    def __init__(self, park, directory):
        self.park, self.directory = park, directory
        self.made, self.bridges, self.closers = [], [], []
        self.number = next(_numbers)

    def server(self, name):
        return self.park.get(name)

    def side(self, name, zone="UTC", tag=""):
        server = self.park.get(name)
        database = f"t{self.number}{'' if not name.endswith('2') else 'b'}{tag}"
        if server.family == "mysql" and not any(s.server is server for s in self.made):
            server.drop_database("millrace")
        server.create_database(database)
        side = Side(server, database, zone)
        self.made.append(side)
        return side

    def bridge(self, a, b, tables, **options):
        directory = os.path.join(self.directory, f"engine{len(self.bridges)}")
        self.bridges.append(Bridge(directory, a, b, tables, **options))
        return self.bridges[-1]

    def event_bridge(self, a, b, events, flows, **options):
        directory = os.path.join(self.directory, f"engine{len(self.bridges)}")
        self.bridges.append(EventBridge(directory, a, b, events, flows, **options))
        return self.bridges[-1]

    def factory(self, erp="pg", mes="maria", **options):
        """The factory of examples/factory/events on two fresh databases."""
        directory = os.path.join(self.directory, f"engine{len(self.bridges)}")
        sides = self.side(erp), self.side(mes, "Asia/Shanghai")
        self.bridges.append(Factory(directory, *sides, **options))
        return self.bridges[-1]

    def defer(self, close):
        self.closers.append(close)

    def end(self, failed):
        errors = []
        for step in self.closers[::-1] + [b.engine.kill if failed else b.engine.close
                                          for b in self.bridges]:
            try:
                step()
            except Exception as e:
                errors.append(e)
        for side in self.made:
            try:
                server = side.server
                if not server.running():
                    server.start()
                server.drop_database(side.database)
            except Exception as e:
                errors.append(e)
        if errors and not failed:
            raise errors[0]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed_call = outcome.get_result().failed


@pytest.fixture
def world(park, tmp_path, request):
    w = World(park, str(tmp_path))
    yield w
    failed = getattr(request.node, "failed_call", True)
    if failed:
        for b in w.bridges:
            print(b.engine.tail(120))
    w.end(failed)


@pytest.fixture
def route(request, world):
    """Two fresh databases, named by the parameter: "pg-maria" and the like."""
    a, b = request.param.split("-")
    return world.side(a), world.side(b)


def pytest_report_header():
    return f"millrace: {binary()}"
