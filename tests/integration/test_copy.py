"""The first copy: every row, while the source is written to, and then the stream, with no seam."""
import random
import re
import signal
import time

import psycopg2
import pymysql
import pytest

from harness.engine import Engine, _slow
from harness.servers import run
from harness.tables import WORKLOAD, TableDef
from harness.workload import _Writer, Workload, create_tables

TABLES = [t.name for t in WORKLOAD]
ROUTES = ["pg-maria", "maria-pg", "mysql-pg", "pg-pg2"]
routes = pytest.mark.parametrize("route", ROUTES, indirect=True)
two_routes = pytest.mark.parametrize("route", ["pg-maria", "maria-pg"], indirect=True)
SMALL = {"copy_chunk_rows": 500, "copy_readers": 2}

pytestmark = pytest.mark.limit(240)


SPAN = _Writer.SPAN


def fill(side, rows=20_000, seed=5):
    """Items with gaps, lines with text keys, keyless rows, some of them equal. Half of the keys are
    in the range of each writer of a Workload: it works on them as on its own."""
    rnd = random.Random(seed)
    with side.connect(autocommit=False) as c:
        ids = sorted(rnd.sample(range(100, 10 * rows), rows // 2))
        ids += [SPAN + 1 + i for i in ids]
        for at in range(0, rows, 1000):
            values = ", ".join(f"({2 * i}, {i % 97}, 'n{i % 7}')" for i in ids[at:at + 1000])
            run(c, f"INSERT INTO item (id, qty, name) VALUES {values}")
        for at in range(0, rows // 4, 500):
            values = ", ".join(f"({2 * ((i % 2) * (SPAN + 1) + i // 6)}, 'K-{i // 2 % 3}ü', {i})"
                               for i in range(at, at + 500))
            run(c, f"INSERT INTO line VALUES {values}")
        for at in range(0, rows // 4, 500):
            values = ", ".join(f"(7, {i // 2}, 'same')" for i in range(at, at + 500))
            run(c, f"INSERT INTO journal VALUES {values}")
        c.commit()


@routes
def test_everything_is_copied_and_the_stream_follows(world, route):
    create_tables(*route)
    fill(route[0])
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", **SMALL).start(60)
    report = bridge.prove()
    assert report.rows > 29_000
    with bridge.a.connect() as c:
        run(c, "UPDATE item SET qty = -1 WHERE qty = 5")
        run(c, "DELETE FROM line WHERE code = 'K-1ü'")
    bridge.prove()


@routes
def test_copied_under_load(world, route):
    """Writers change, delete and move rows before, behind and in the chunk that is being read."""
    create_tables(*route)
    fill(route[0])
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", **SMALL)
    load = Workload(bridge.a, writers=2, pause=0.002).prepare()
    with load:
        load.wait_transactions(20)
        bridge.start(120)
        load.wait_transactions(100)
    bridge.prove(90)


@pytest.mark.parametrize("route", ["pg-maria", "maria-pg", "mysql-pg"], indirect=True)
def test_killed_again_and_again_during_the_copy_under_load(world, route):
    """Each time in the middle, and each time the source has moved on before the next start."""
    create_tables(*route)
    fill(route[0], 30_000)
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty",
                          copy_chunk_rows=100, copy_readers=2)
    load = Workload(bridge.a, writers=2, pause=0.004).prepare()
    with load:
        for n in range(1, 5):
            bridge.engine.start()
            wait_chunks(bridge, 40 * n)
            bridge.engine.kill()
            load.wait_transactions(30)
        assert unfinished(bridge), "the copy was over before the last kill"
        bridge.start(120)
        load.wait_transactions(30)
    bridge.prove(90)


DONE = "SELECT count(*) FROM millrace.chunk WHERE position IS NOT NULL AND position <> ''"


def unfinished(bridge):
    with bridge.b.connect() as c:
        return run(c, "SELECT count(*) FROM millrace.chunk")[0][0] - run(c, DONE)[0][0]


@two_routes
def test_a_resumed_copy_does_not_start_over(world, route):
    create_tables(*route)
    fill(route[0], 40_000)
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", copy_chunk_rows=400,
                          copy_readers=1)
    bridge.engine.start()
    done = wait_chunks(bridge, 20)
    bridge.engine.kill()
    bridge.start(90)
    status = bridge.engine.status()["a-b"]
    assert status["copy"]["rows"] <= 60_000 - (done - 5) * 400, \
        f"{done} chunks were finished before: {status['copy']}"
    bridge.prove()


def wait_chunks(bridge, n, seconds=40):
    """Until n chunks of the copy are finished."""
    end = time.monotonic() + seconds * _slow()
    done = 0
    with bridge.b.connect() as c:
        while time.monotonic() < end and bridge.engine.running():
            try:
                done = run(c, DONE)[0][0]
            except (psycopg2.Error, pymysql.Error):   # the table is not there yet
                done = 0
            if done >= n:
                return done
            time.sleep(0.002)
    raise AssertionError(f"only {done} chunks\n{bridge.engine.tail()}")


@pytest.mark.parametrize("route", ["pg-maria", "pg-pg2", "maria-pg"], indirect=True)
def test_a_row_that_moves_into_a_finished_range_meanwhile_is_not_lost(world, route):
    """Its old key lies in a range that is not copied yet: at the target there is no row to move."""
    create_tables(*route)
    fill(route[0])
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", copy_chunk_rows=200,
                          copy_readers=1)
    bridge.engine.start()
    wait_chunks(bridge, 5)
    bridge.engine.kill()
    with bridge.a.connect() as c:
        last = run(c, "SELECT max(id) FROM item")[0][0]
        run(c, "UPDATE item SET id = 1 WHERE id = %s", (last,))
    bridge.start(60)
    bridge.prove()


@pytest.mark.parametrize("route", ["pg-maria", "pg-pg2"], indirect=True)
def test_a_row_that_moves_meanwhile_without_its_long_text_is_not_lost(world, route):
    """The log has no unchanged TOAST value: only the source can tell what the row holds."""
    create_tables(*route)
    fill(route[0])
    with route[0].connect() as c:
        last = run(c, "SELECT max(id) FROM item")[0][0]
        run(c, "ALTER TABLE item ALTER note SET STORAGE EXTERNAL")
        run(c, "UPDATE item SET note = repeat('long ', 1000) WHERE id > %s - 8000", (last,))
        moved = run(c, "SELECT count(*) FROM item WHERE id > %s - 6000", (last,))[0][0]
    assert moved > 10
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", copy_chunk_rows=200,
                          copy_readers=1)
    bridge.engine.start()
    wait_chunks(bridge, 5)
    bridge.engine.kill()
    with bridge.a.connect() as c:
        run(c, "UPDATE item SET id = %s - id + 1, qty = 8 WHERE id > %s - 6000",
            (last, last))
        run(c, "UPDATE item SET qty = 9 WHERE id < 20")
    bridge.start(60)
    bridge.prove()


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
def test_ranges_looked_at_again_still_follow_the_log_after_a_kill(world, route):
    """Killed when all ranges of the table count as unfinished again, but hold rows."""
    create_tables(*route)
    fill(route[0])
    with route[0].connect() as c:
        first, last = run(c, "SELECT min(id), max(id) FROM item")[0]
        run(c, "ALTER TABLE item ALTER note SET STORAGE EXTERNAL")
        run(c, "UPDATE item SET note = repeat('long ', 1000) WHERE id = %s", (last,))
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", copy_chunk_rows=200,
                          copy_readers=1)
    bridge.engine.start()
    wait_chunks(bridge, 5)
    bridge.engine.kill()
    with bridge.a.connect() as c:
        run(c, "UPDATE item SET id = 1 WHERE id = %s", (last,))
    with bridge.b.connect(autocommit=False) as held:   # keeps the first range from being finished
        run(held, "DELETE FROM item WHERE id = %s", (first,))
        bridge.engine.start()
        wait_reopened(bridge)
        bridge.engine.kill()
        held.rollback()
    with bridge.a.connect() as c:
        run(c, "UPDATE item SET qty = 77 WHERE id < %s + 1000", (first,))
        run(c, "DELETE FROM item WHERE id BETWEEN %s + 1000 AND %s + 2000", (first, first))
    bridge.start(60)
    bridge.prove()


def wait_reopened(bridge, seconds=40):
    """Until no range of item counts as finished."""
    end = time.monotonic() + seconds * _slow()
    with bridge.b.connect() as c:
        while run(c, DONE + " AND tab LIKE '%.item'")[0][0] > 0:
            assert time.monotonic() < end, bridge.engine.tail()
            time.sleep(0.002)


@pytest.mark.parametrize("route", ["maria-pg"], indirect=True)
def test_a_value_without_a_form_at_the_target_stops_a_resumed_copy(world, route):
    """Also in the batch with which the stream comes to the new view."""
    create_tables(*route)
    fill(route[0])
    with route[1].connect() as c:
        run(c, "ALTER TABLE item ALTER qty TYPE smallint")
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", copy_chunk_rows=200,
                          copy_readers=1)
    bridge.engine.start()
    wait_chunks(bridge, 5)
    bridge.engine.kill()
    with bridge.a.connect() as c:
        first = run(c, "SELECT min(id) FROM item")[0][0]
        run(c, "UPDATE item SET qty = 40000 WHERE id = %s", (first,))
    bridge.engine.start()
    error = bridge.engine.wait_failed()
    assert error["code"] == "value" and f"id={first}" in error["text"], error


@pytest.mark.parametrize("route", ["pg-maria"], indirect=True)
@pytest.mark.parametrize("emptied", [True, False], ids=["emptied", "left-alone"])
def test_a_table_that_was_made_again_is_not_taken_for_copied(world, route, emptied):
    """PostgreSQL takes a dropped table out of the publication, and its successor's rows are in no
    log of ours, until the link starts again."""
    create_tables(*route)
    fill(route[0], 2000)
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", **SMALL).start(60)
    bridge.prove()
    with bridge.a.connect() as c:
        run(c, "CREATE TABLE next (LIKE item INCLUDING ALL)")
        run(c, "INSERT INTO next SELECT * FROM item WHERE id % 3 = 0")
        run(c, "DROP TABLE item")
        run(c, "ALTER TABLE next RENAME TO item")
        run(c, "UPDATE item SET qty = 1234 WHERE id < 2000")
    bridge.engine.stop()
    if emptied:
        with bridge.b.connect() as c:
            run(c, "DELETE FROM item")
        bridge.start(60)
        bridge.prove()
    else:
        bridge.engine.start()
        assert bridge.engine.wait_failed()["code"] == "target_not_empty"


MEANWHILE = {"a child of a parent that is not there yet": "INSERT INTO child VALUES (5, 29998)",
             "a parent that takes its children along": "DELETE FROM parent WHERE id = 29999",
             "rows of one table": "INSERT INTO tree VALUES (5, 29998)",
             "rows of one table, along": "DELETE FROM tree WHERE id = 29999"}


@pytest.mark.parametrize("route", ["maria-pg", "maria-maria2"], indirect=True)
@pytest.mark.parametrize("meanwhile", MEANWHILE.values(),
                         ids=[k.replace(" ", "-") for k in MEANWHILE])
def test_foreign_keys_hold_in_a_resumed_copy(world, route, meanwhile):
    """They are the target's affair, as MariaDB logs no cascades."""
    prove_foreign_keys(world, route, meanwhile)


@pytest.fixture
def as_before_9_6(world):
    """A MySQL that logs no cascades, as all did before 9.6."""
    server = world.server("mysql")
    server.options["innodb_native_foreign_keys"] = "ON"
    server.write_cnf()
    server.restart()
    yield
    del server.options["innodb_native_foreign_keys"]
    server.write_cnf()
    server.restart()


@pytest.mark.parametrize("route", ["mysql-pg"], indirect=True)
@pytest.mark.parametrize("meanwhile", MEANWHILE.values(),
                         ids=[k.replace(" ", "-") for k in MEANWHILE])
def test_foreign_keys_hold_in_a_copy_resumed_from_an_older_mysql(world, as_before_9_6, route,
                                                                 meanwhile):
    """Its views stand between two positions, unless that may not be."""
    prove_foreign_keys(world, route, meanwhile)


def prove_foreign_keys(world, route, meanwhile):
    acts = "FOREIGN KEY ({}) REFERENCES {} (id) ON DELETE CASCADE"
    tables = [TableDef("parent", "id integer", ["id"]),
              TableDef("child", "id integer\nparent_id integer", ["id"],
                       more=[acts.format("parent_id", "parent")]),
              TableDef("tree", "id integer\nup integer", ["id"], more=[acts.format("up", "tree")])]
    for side in route:
        for t in tables:
            t.create(side)
    with route[0].connect(autocommit=False) as c:
        for at in range(10, 30_000, 1000):
            ids = range(at, min(at + 1000, 30_000))
            run(c, "INSERT INTO parent VALUES " + ", ".join(f"({i})" for i in ids))
            run(c, "INSERT INTO tree VALUES " + ", ".join(f"({i}, NULL)" for i in ids))
        run(c, "INSERT INTO child VALUES (1, 29999), (2, 10)")
        run(c, "INSERT INTO tree VALUES (1, 29999), (2, 10)")
        c.commit()
    bridge = world.bridge(*route, tables=[t.name for t in tables], first_copy="to_empty",
                          copy_chunk_rows=300, copy_readers=1)
    bridge.engine.start()
    wait_chunks(bridge, 6)
    bridge.engine.kill()
    assert unfinished(bridge) > 2
    with route[0].connect() as c:
        run(c, meanwhile)
    bridge.start(60)
    bridge.prove()


@pytest.mark.parametrize("route", ["mysql-pg"], indirect=True)
def test_views_between_two_positions_need_a_key_at_the_target(world, route):
    """MySQL's: what it wrote between the two would be there twice, or not at all."""
    create_tables(*route)
    with route[1].connect() as c:
        run(c, "ALTER TABLE item DROP CONSTRAINT item_pkey")
    bridge = world.bridge(*route, tables=["item", "line"], first_copy="to_empty", copy_readers=16)
    with Workload(bridge.a, writers=2).prepare() as load:
        load.wait_transactions(20)
        error = start_until_views_differ(bridge)
    assert error["code"] == "server_setting" and "item" in error["text"], error


def start_until_views_differ(bridge, tries=20):
    """With luck nothing is committed while the views open: then the copy is exact, and begins anew."""
    for _ in range(tries):
        bridge.engine.start()
        bridge.engine.wait_log("views opened")
        low, high = re.findall(r"views opened.* low=(\S+) high=(\S+)", bridge.engine.log())[-1]
        if low != high:
            return bridge.engine.wait_failed()
        bridge.engine.kill()
        with bridge.b.connect() as c:
            run(c, "TRUNCATE item, line")
            run(c, "DROP SCHEMA IF EXISTS millrace CASCADE")
    raise AssertionError(f"in {tries} starts nothing was committed between two views")


@two_routes
def test_a_target_with_rows_is_refused(world, route):
    create_tables(*route)
    for side in route:
        with side.connect() as c:
            run(c, "INSERT INTO item (id) VALUES (1)")
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty")
    bridge.engine.start()
    error = bridge.engine.wait_failed()
    assert error["code"] == "target_not_empty" and "item" in error["text"], error
    with route[1].connect() as c:
        assert run(c, "SELECT count(*) FROM item")[0][0] == 1


@pytest.mark.parametrize("names", ["pg-maria", "pg-mysql", "maria-maria2"])
def test_a_pair_copies_one_way_and_then_streams_both(world, names):
    a, b = (world.side(n) for n in names.split("-"))
    create_tables(a, b)
    for side in (a, b):
        if side.family == "postgres":
            with side.connect() as c:
                for t in TABLES:
                    run(c, f"ALTER TABLE {t} REPLICA IDENTITY FULL")
    fill(a)
    bridge = world.bridge(a, b, tables=TABLES, ways="both", first_copy="to_empty", **SMALL)
    left = Workload(a, parity=0, writers=2, pause=0.003).prepare()
    with left:
        bridge.start(120)
        right = Workload(b, parity=1, writers=2, pause=0.003).prepare()
        with right:
            right.wait_transactions(60)
            left.wait_transactions(30)
    bridge.prove(90)


@pytest.mark.parametrize("names", ["pg-maria", "maria-pg"])
def test_what_empties_a_pairs_target_is_not_carried_back(world, names):
    """`to_empty` refuses rows that are there already, and says: empty it. The other direction must
    not take that for deletions of its own."""
    a, b = (world.side(n) for n in names.split("-"))
    table = TableDef("item", "id integer", ["id"])
    for side in (a, b):
        table.create(side)
        with side.connect() as c:
            run(c, "INSERT INTO item (id) VALUES (1), (2), (3)")
    bridge = world.bridge(a, b, tables=["item"], ways="both", first_copy="to_empty")
    bridge.engine.start()
    error = bridge.engine.wait_failed("a-b")
    assert error["code"] == "target_not_empty", error
    for word in ("millrace remove", "a-b", "b-a"):
        assert word in error["text"], error
    with b.connect() as c:
        run(c, "DELETE FROM item")
    time.sleep(2)
    bridge.engine.stop()
    bridge.start()
    bridge.prove()
    with a.connect() as c:
        assert run(c, "SELECT count(*) FROM item")[0][0] == 3


def waits_or_is_refused(engine):
    return engine.wait_log("waiting until the other direction|holds this link's lock", 60)


def test_a_second_engine_that_waited_does_not_copy_again(world, tmp_path):
    """It came before the first one had a checkpoint: what it saw then is not true any more."""
    a, b = world.side("pg"), world.side("maria")
    create_tables(a, b)
    with a.connect() as c:
        for t in TABLES:
            run(c, f"ALTER TABLE {t} REPLICA IDENTITY FULL")
    fill(a, 4_000)
    first = world.bridge(a, b, tables=TABLES, ways="both", first_copy="to_empty", **SMALL)
    second = Engine(tmp_path / "second", first.engine.config)
    world.defer(second.kill)
    with a.connect() as c:
        run(c, "CREATE SCHEMA IF NOT EXISTS millrace")
        run(c, CHECKPOINTS)
    with a.connect(autocommit=False) as c:   # b-a cannot fix its position: a-b waits for it
        run(c, "LOCK TABLE millrace.checkpoint IN EXCLUSIVE MODE")
        first.engine.start()
        first.engine.wait_log("slot created", 30)
        second.start()
        waits_or_is_refused(second)
        c.rollback()
    first.engine.wait_streaming(seconds=60)
    first.prove()
    first.engine.kill()
    second.wait_streaming(seconds=90)
    first.engine = second
    first.prove()


@pytest.mark.parametrize("route", ["pg-pg2"], indirect=True)
def test_readers_of_an_engine_that_was_cut_off_finish_nothing(world, route, tmp_path):
    """It hangs in the copy, its session with the lock is ended, another engine goes on from a later
    position; then it wakes up, and its readers still have their connections and an older view."""
    create_tables(*route)
    fill(route[0], 40_000)
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty", copy_chunk_rows=200,
                          copy_readers=1)
    first, second = bridge.engine, Engine(tmp_path / "second", bridge.engine.config)
    world.defer(second.kill)
    first.start()
    wait_chunks(bridge, 5)
    first.process.send_signal(signal.SIGSTOP)
    with route[1].connect() as c:
        run(c, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    with route[0].connect() as c:
        run(c, "UPDATE item SET qty = -5")
    second.start()
    end = time.monotonic() + 40 * _slow()
    while not any(s in second.log() for s in ("state=copying", "error=lock_wait")):
        assert time.monotonic() < end, second.tail()
    second.process.send_signal(signal.SIGSTOP)   # no chunk of its own is written yet
    first.process.send_signal(signal.SIGCONT)
    time.sleep(3 * _slow())
    second.process.send_signal(signal.SIGCONT)
    first.kill()
    second.wait_streaming(seconds=90)
    bridge.engine = second
    bridge.prove()


CHECKPOINTS = """CREATE TABLE IF NOT EXISTS millrace.checkpoint (link bigint NOT NULL,
    lane integer NOT NULL, seq bigint NOT NULL, writer bigint NOT NULL, position text NOT NULL,
    root text NOT NULL, path text NOT NULL, plan bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (link, lane, seq))"""


@two_routes
def test_empty_tables_are_copied_at_once(world, route):
    create_tables(*route)
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty").start()
    with Workload(bridge.a, writers=1).prepare() as load:
        load.wait_transactions(30)
    bridge.prove()


@two_routes
def test_text_and_composite_keys_in_the_source_collation(world, route):
    """Chunks cut where the source's collation cuts, whatever C thinks of it."""
    words = TableDef("words", "w varchar(30)\nn integer\nv text", ["w", "n"])
    for side in route:
        words.create(side)
    letters = ["a", "B", "b2", "Z", "é", "Straße", "中文", "_", "-", "0", "ä", "zz", "A A", "'", "\\"]
    rnd = random.Random(1)
    seen = {(rnd.choice(letters) + rnd.choice(letters) + str(rnd.randint(0, 50)).lower(), n)
            for n in range(3000)}
    with route[0].connect(autocommit=False) as c:
        for w, n in sorted(seen):
            run(c, "INSERT INTO words VALUES (%s, %s, 'x')", (w, n))
        c.commit()
    bridge = world.bridge(*route, tables=["words"], first_copy="to_empty", copy_chunk_rows=100)
    stop_at = time.monotonic() + 6 * _slow()
    bridge.engine.start()
    with bridge.a.connect() as c:
        while time.monotonic() < stop_at:
            w, n = rnd.choice(sorted(seen))
            run(c, "UPDATE words SET v = concat(v, '+') WHERE w = %s AND n = %s", (w, n))
            run(c, "UPDATE words SET n = n + 100000 WHERE w = %s AND n = %s AND v = 'x++'", (w, n))
            time.sleep(0.002)
    bridge.engine.wait_streaming(seconds=60)
    bridge.prove()


@two_routes
def test_writers_are_not_held_up_by_the_copy(world, route):
    create_tables(*route)
    fill(route[0], 40_000)
    bridge = world.bridge(*route, tables=TABLES, first_copy="to_empty")
    slowest = 0
    with bridge.a.connect() as c:
        bridge.engine.start()
        n = 0
        while (bridge.engine.status() or {}).get("a-b", {}).get("state") != "streaming":
            assert bridge.engine.running(), bridge.engine.tail()
            before = time.monotonic()
            run(c, "INSERT INTO item (id, qty) VALUES (%s, 1)", (10**9 + 2 * n,))
            slowest = max(slowest, time.monotonic() - before)
            n += 1
            assert n < 100_000
    assert slowest < 2 * _slow(), f"a writer waited {slowest:.1f} s"
    bridge.prove()
