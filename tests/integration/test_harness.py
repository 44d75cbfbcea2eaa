"""The proof needs proof: comparison, proxy and workload do notice what they are there for."""
import socket
import threading
import time

import pytest

from harness.compare import canonical, canonical_kind, compare
from harness.proxy import Proxy
from harness.servers import run
from harness.tables import TableDef
from harness.workload import Workload, create_tables

ROWS = TableDef("rows_", "id bigint\nv varchar(40)", ["id"])
BAG = TableDef("bag", "n bigint\nv varchar(40)")


@pytest.fixture
def two(world):
    a, b = world.side("pg"), world.side("maria")
    for side in (a, b):
        ROWS.create(side)
        BAG.create(side)
        with side.connect() as c:
            run(c, "INSERT INTO rows_ VALUES (1, 'x'), (2, 'y'), (3, NULL)")
            run(c, "INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (2, NULL)")
    return a, b


def judge(two, sql=None):
    if sql:
        with two[1].connect() as c:
            run(c, sql)
    r = compare(*two, [("rows_", "rows_"), ("bag", "bag")])
    return r.lost, r.doubled, r.different


def test_equal_databases_compare_equal(two):
    assert judge(two) == (0, 0, 0)


@pytest.mark.parametrize("sql,found", [
    ("DELETE FROM rows_ WHERE id = 2", (1, 0, 0)),
    ("INSERT INTO rows_ VALUES (4, 'z')", (0, 1, 0)),
    ("UPDATE rows_ SET v = 'Y' WHERE id = 2", (0, 0, 1)),
    ("UPDATE rows_ SET v = '' WHERE id = 3", (0, 0, 1)),
    ("INSERT INTO bag VALUES (2, NULL)", (0, 1, 0)),
    ("DELETE FROM bag WHERE n = 1 LIMIT 1", (1, 0, 0)),
    ("UPDATE bag SET v = 'q' WHERE n = 2", (1, 1, 0)),
])
def test_comparison_finds_lost_doubled_and_changed_rows(two, sql, found):
    assert judge(two, sql) == found


@pytest.mark.parametrize("pg_type,my_type,pg_value,my_value,equal", [
    ("numeric(10,2)", "decimal(10,3)", "1.50", "1.500", True),
    ("numeric(10,2)", "decimal(10,3)", "1.50", "1.501", False),
    ("jsonb", "longtext", '{"a": 1.0, "b": [null]}', '{"b":[null],"a":1}', True),
    ("jsonb", "longtext", '{"a": 12345678901234567890.1}', '{"a": 12345678901234567890.2}', False),
    ("uuid", "binary(16)", "00112233-4455-6677-8899-aabbccddeeff",
     bytes.fromhex("00112233445566778899aabbccddeeff"), True),
    ("boolean", "tinyint(1)", True, 1, True),
    ("boolean", "tinyint(1)", True, 0, False),
    ("text", "varchar(9)", "a ", "a", False),
    ("double precision", "double", 0.1, 0.10000000000000002, False),
    ("timestamp with time zone", "datetime(6)", "2026-11-22 16:00:00+08", "2026-11-22 08:00:00",
     True),
])
def test_values_compare_by_meaning(pg_type, my_type, pg_value, my_value, equal):
    kind = canonical_kind(pg_type, my_type)
    assert (canonical(pg_value, kind) == canonical(my_value, kind)) == equal


@pytest.mark.parametrize("server", ["pg", "maria", "mysql"])
def test_workload_writes_both_parities_and_survives_a_server_kill(world, server):
    side = world.side(server)
    create_tables(side)
    loads = [Workload(side, parity=p, writers=2, seed=3, pause=0, large=0.05).prepare()
             for p in (0, 1)]
    with loads[0], loads[1]:
        for load in loads:
            load.wait_transactions(100)
        side.server.kill()
        time.sleep(0.2)
        side.server.start()
        for load in loads:
            load.wait_transactions(100)
    for load in loads:
        assert load.stats["rolled_back"] and load.stats["rows"]
    with side.connect() as c:
        assert run(c, "SELECT count(*) FROM item")[0][0] > 10
        assert run(c, "SELECT count(*) FROM journal")[0][0] > 10
        doubled = run(c, "SELECT writer, n, count(*) FROM journal GROUP BY writer, n "
                      "HAVING count(*) > 1")
        assert not doubled, "journal rows tell writers and numbers apart"


@pytest.fixture
def echo():
    """A server that answers each line with itself."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                s, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(s,), daemon=True).start()

    def answer(s):
        try:
            while data := s.recv(1000):
                s.sendall(data)
        except OSError:
            pass

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def ask(s, text):
    s.sendall(text)
    return s.recv(1000)


def test_proxy_passes_cuts_stalls_and_refuses(echo):
    with Proxy("127.0.0.1", echo) as p:
        s = socket.create_connection(("127.0.0.1", p.port), timeout=5)
        assert ask(s, b"hello") == b"hello"
        p.stall()
        s.settimeout(0.2)
        with pytest.raises(TimeoutError):
            ask(s, b"wait")
        p.resume()
        s.settimeout(5)
        assert s.recv(1000) == b"wait"
        assert p.cut() == 1
        with pytest.raises(ConnectionError):
            if ask(s, b"gone?") == b"":
                raise ConnectionError
        p.down()
        with pytest.raises(ConnectionError):
            t = socket.create_connection(("127.0.0.1", p.port), timeout=5)
            if ask(t, b"anybody?") == b"":
                raise ConnectionError
        p.up()
        t = socket.create_connection(("127.0.0.1", p.port), timeout=5)
        assert ask(t, b"again") == b"again"


@pytest.mark.parametrize("direction", ["request", "answer"])
def test_proxy_swallows_what_it_is_told_to(echo, direction):
    with Proxy("127.0.0.1", echo) as p:
        s = socket.create_connection(("127.0.0.1", p.port), timeout=5)
        p.cut_when(b"COMMIT", direction)
        assert ask(s, b"BEGIN") == b"BEGIN"
        with pytest.raises(ConnectionError):
            if ask(s, b"COMMIT") == b"":
                raise ConnectionError
        assert p.triggered.wait(5)
