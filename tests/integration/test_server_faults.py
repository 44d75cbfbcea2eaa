"""Servers that restart, die, vanish; connections that break; locks: nothing lost, nothing doubled."""
import os
import re
import threading
import time

import pytest

from harness.engine import Engine
from harness.proxy import Proxy
from harness.servers import run
from harness.tables import WORKLOAD
from harness.workload import Workload, create_tables

TABLES = [t.name for t in WORKLOAD]
ROUTES = ["pg-maria", "maria-pg", "pg-mysql", "mysql-pg"]
AWAY_SECONDS = float(os.environ.get("MILLRACE_AWAY_SECONDS", "8"))

pytestmark = pytest.mark.limit(240)
routes = pytest.mark.parametrize("route", ROUTES, indirect=True)
two_routes = pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)


@pytest.fixture
def loaded(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES).start()
    return bridge, Workload(bridge.a, writers=2, pause=0.004).prepare()


def restart(server):
    server.stop(30)
    time.sleep(0.5)
    server.start()


def kill(server):
    server.kill()
    time.sleep(0.5)
    server.start()


@pytest.mark.parametrize("which", ["source", "target"])
@pytest.mark.parametrize("how", [restart, kill])
@routes
def test_a_server_restarts_or_dies_under_load(loaded, how, which):
    bridge, load = loaded
    server = (bridge.a if which == "source" else bridge.b).server
    with load:
        for _ in range(2):
            load.wait_transactions(60)
            how(server)
        load.wait_transactions(60)
    bridge.prove(90)


@two_routes
@pytest.mark.parametrize("which", ["source", "target"])
def test_an_unreachable_server_is_waited_for(world, route, which):
    create_tables(*route)
    server = route[0 if which == "source" else 1].server
    with Proxy("127.0.0.1", server.port) as proxy:
        ports = {"a_port" if which == "source" else "b_port": proxy.port}
        bridge = world.bridge(*route, tables=TABLES, **ports).start()
        with Workload(bridge.a, writers=2, pause=0.01).prepare() as load:
            load.wait_transactions(30)
            proxy.down()
            time.sleep(AWAY_SECONDS)
            assert bridge.engine.running()
            proxy.up()
            bridge.engine.wait_streaming(seconds=60)
            load.wait_transactions(30)
        bridge.prove()
        lines = len(re.findall("retry", bridge.engine.log()))
        assert lines < 60, f"{lines} lines of log for one outage"
        bridge.engine.close()


@two_routes
@pytest.mark.parametrize("which", ["source", "target"])
def test_connections_cut_again_and_again(world, route, which):
    create_tables(*route)
    server = route[0 if which == "source" else 1].server
    with Proxy("127.0.0.1", server.port) as proxy:
        ports = {"a_port" if which == "source" else "b_port": proxy.port}
        bridge = world.bridge(*route, tables=TABLES, **ports).start()
        with Workload(bridge.a, writers=2, pause=0.004).prepare() as load:
            for _ in range(6):
                load.wait_transactions(15)
                proxy.cut()
                bridge.engine.wait_streaming(seconds=40)
        bridge.prove()
        bridge.engine.close()


@pytest.mark.parametrize("route,direction",
                         [(r, d) for r in ("maria-pg", "pg-maria", "pg-mysql")
                          for d in ("request", "answer")], indirect=["route"])
def test_a_connection_cut_at_commit(world, route, direction):
    """Whether the COMMIT arrived is not known: the fence tells."""
    create_tables(*route)
    with Proxy("127.0.0.1", route[1].server.port) as proxy:
        bridge = world.bridge(*route, tables=TABLES, b_port=proxy.port)
        plain(bridge.engine, "b")
        bridge.start()
        with Workload(bridge.a, writers=2, pause=0.004).prepare() as load:
            for _ in range(5):
                load.wait_transactions(15)
                proxy.cut_when(b"COMMIT", direction)
                assert proxy.triggered.wait(30), "no COMMIT went through\n" + bridge.engine.tail()
                bridge.engine.wait_streaming(seconds=40)
        bridge.prove()
        bridge.engine.close()


def plain(engine, name):
    """No TLS, so that the proxy can read along."""
    system = engine.config["systems"][name]
    if "postgresql" in system:
        system["postgresql"] += " sslmode=disable"
    else:
        next(v for k, v in system.items() if k in ("mysql", "mariadb"))["tls"] = "off"
    config = engine.config
    config.pop("millrace", None)
    engine.write(config)


@routes
def test_a_lock_on_the_target_is_waited_for(loaded):
    bridge, _ = loaded
    with bridge.a.connect() as c:
        run(c, "INSERT INTO item (id, qty) VALUES (1, 1), (2, 1), (3, 1)")
    bridge.drain()
    with bridge.b.connect(autocommit=False) as holder:
        run(holder, "SELECT * FROM item WHERE id = 2 FOR UPDATE")
        with bridge.a.connect() as c:
            for i in range(30):
                run(c, "UPDATE item SET qty = qty + 1 WHERE id = %s", (i % 3 + 1,))
        time.sleep(6)
        assert run(holder, "SELECT qty FROM item WHERE id = 2")[0][0] == 1
        assert bridge.engine.status()["a-b"]["state"] != "failed", bridge.engine.tail()
        holder.commit()
    bridge.prove()


@two_routes
def test_deadlocks_with_the_target_application_are_survived(loaded):
    """An application locks two rows in turns, in the order that the engine does not take."""
    bridge, _ = loaded
    with bridge.a.connect() as c:
        for i in range(1, 41):
            run(c, "INSERT INTO item (id, qty) VALUES (%s, 1)", (i,))
    bridge.drain()
    stop = threading.Event()
    turns = [0, 0]

    def application():
        while not stop.is_set():
            try:
                with bridge.b.connect(autocommit=False) as c:
                    for i in range(40, 0, -4):
                        run(c, "SELECT qty FROM item WHERE id = %s FOR UPDATE", (i,))
                        time.sleep(0.002)
                    c.commit()
                    turns[0] += 1
            except Exception:
                turns[1] += 1

    thread = threading.Thread(target=application, daemon=True)
    thread.start()
    with bridge.a.connect(autocommit=False) as c:
        for _ in range(60):
            for i in range(1, 41):
                run(c, "UPDATE item SET qty = qty + 1 WHERE id = %s", (i,))
            c.commit()
    bridge.drain(90)
    stop.set()
    thread.join(30)
    assert turns[0] > 0
    bridge.prove()


@two_routes
def test_a_second_engine_on_the_same_link_is_refused(loaded, world):
    bridge, load = loaded
    second = Engine(os.path.join(world.directory, "second"), dict(bridge.engine.config, millrace=1))
    world.defer(second.kill)
    with load:
        load.wait_transactions(30)
        second.start()
        deadline = time.monotonic() + 25
        while time.monotonic() < deadline:
            time.sleep(0.2)
            ended = [e for e in (bridge.engine, second) if not e.running()]
            if ended:
                break
        load.wait_transactions(30)
    assert not (bridge.engine.running() is False and second.running() is False), \
        "both engines gave up\n" + bridge.engine.tail() + second.tail()
    second.kill()
    if not bridge.engine.running():
        bridge.start()
    bridge.prove()
    text = bridge.engine.log() + second.log()
    assert re.search("second|another|active", text), text[-3000:]


@pytest.mark.parametrize("state", ["idle", "held back", "under load"])
def test_a_postgresql_source_can_be_shut_down(world, state):
    """A fast shutdown waits for its walsenders: the link must let go."""
    a, b = world.side("pg"), world.side("maria")
    create_tables(a, b)
    bridge = world.bridge(a, b, tables=TABLES, budget="8 MiB").start()
    bridge.drain()
    load = Workload(a, writers=2, pause=0).prepare()
    holder = None
    if state == "held back":
        holder = b.connect(autocommit=False)
        run(holder, "LOCK TABLES item WRITE, journal WRITE")
        with a.connect() as c:
            run(c, "INSERT INTO item (id, note) SELECT g, repeat('x', 1000) "
                "FROM generate_series(1, 60000) g")
        time.sleep(3)
    if state == "under load":
        load.start()
        load.wait_transactions(50)
    started = time.monotonic()
    a.server.stop(30)
    took = time.monotonic() - started
    a.server.start()
    if holder:
        run(holder, "UNLOCK TABLES")
        holder.close()
    if state == "under load":
        load.wait_transactions(20)
        load.stop()
    assert took < 15, f"the shutdown took {took:.1f} s\n{bridge.engine.tail()}"
    bridge.engine.wait_streaming(seconds=60)
    bridge.prove(90)


def test_an_application_name_in_synchronous_standby_names_is_refused_by_check(world):
    a, b = world.side("pg"), world.side("maria")
    create_tables(a, b)
    bridge = world.bridge(a, b, tables=TABLES)
    with a.connect() as c:
        run(c, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        run(c, "SET synchronous_commit = local")
        run(c, "SELECT pg_reload_conf()")
    try:
        done = bridge.engine.command("check")
        assert done.returncode != 0, done.stdout
        assert "synchronous_standby_names" in done.stdout + done.stderr
    finally:
        with a.connect() as c:
            run(c, "SET synchronous_commit = local")
            run(c, "ALTER SYSTEM RESET synchronous_standby_names")
            run(c, "SELECT pg_reload_conf()")


@two_routes
def test_sigterm_drains_and_the_next_start_goes_on(loaded):
    bridge, load = loaded
    with load:
        for _ in range(4):
            load.wait_transactions(30)
            assert bridge.engine.stop() == 0
            load.wait_transactions(10)
            bridge.start()
    bridge.prove()


@two_routes
def test_a_slow_network_only_slows(world, route):
    create_tables(*route)
    with Proxy("127.0.0.1", route[1].server.port) as proxy:
        proxy.delay_ms = 20
        bridge = world.bridge(*route, tables=TABLES, b_port=proxy.port).start()
        with Workload(bridge.a, writers=1, pause=0.01).prepare() as load:
            load.wait_transactions(100)
        bridge.prove(120)
        bridge.engine.close()
