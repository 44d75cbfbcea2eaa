"""What is held in millrace.held, and the commands that show it."""
import os
import subprocess

import pytest

from harness.engine import binary
from harness.servers import PASSWORD, USER, run

targets = pytest.mark.parametrize("target", ["pg", "maria", "mysql"])


@targets
def test_what_is_held_comes_back_as_it_was(world, target):
    """100,000 held events: in, through, changed, out, within seconds each."""
    side = world.side(target)
    if side.family == "postgres":
        where = ["postgres", f"host=127.0.0.1 port={side.server.port} dbname={side.database}"]
    else:
        where = [side.server.engine, f"127.0.0.1:{side.server.port}"]
    program = os.path.join(os.path.dirname(binary()), "tests", "servers", "held_on_server")
    done = subprocess.run([program, *where, side.database], capture_output=True, text=True,
                          timeout=150, env={**os.environ, "MR_USER": USER,
                                            "MR_PASSWORD": PASSWORD})
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


# -- the commands


FEEDBACK = [
    # flow, key, former key, reason, table, column, text, tries
    ("OperationsEvent", "WH/MO/00012", None, "wait", "odoo.mrp_production", None,
     "there is no row with name=WH/MO/00012", 3),
    ("OperationsEvent", "WH/MO/00012", None, "behind", None, None,
     "an earlier event of WH/MO/00012 is held: it goes first", 0),
    ("Material", "größe \x1b[31m工件", "alt", "quarantine", "odoo.product", "uom_id",
     "the unit 'Stk' is not in the dictionary", 1),
]


def hold(side, link="a-b", rows=FEEDBACK):
    """Held events, as an event link would leave them."""
    with side.connect() as c:
        ident = run(c, "SELECT id FROM millrace.link WHERE name = %s", (link,))[0][0]
        for row in rows:
            run(c, "INSERT INTO millrace.held (link, position, flow, event_key, old_key, op, "
                "reason, tab, col, text, tries, tried_at, txn, committed_us, envelope, before_row, "
                "after_row) VALUES (%s, '0/16B3748', %s, %s, %s, 'changed', %s, %s, %s, %s, %s, "
                "CURRENT_TIMESTAMP, 77, 1764000000123456, NULL, NULL, %s)",
                (ident, *row, '{"id": 18446744073709551615, "lines": [{"n": "1"}]}'))
        return [r[0] for r in run(c, "SELECT n FROM millrace.held WHERE link = %s "
                                  "AND flow IS NOT NULL ORDER BY n", (ident,))]


@pytest.fixture
def held(world, target):
    a, b = world.side("maria2" if target == "pg" else "pg"), world.side(target)
    for side in (a, b):
        with side.connect() as c:
            run(c, "CREATE TABLE fit (id integer PRIMARY KEY, v varchar(%s))",
                (50 if side is a else 5,))
    bridge = world.bridge(a, b, tables=["fit"])
    assert bridge.engine.command("quarantine", "list").stdout == "nothing is held\n"
    bridge.start()
    bridge.drain()
    bridge.numbers = hold(b)
    return bridge


def lines(bridge, *args):
    done = bridge.engine.command("quarantine", "list", *args)
    assert done.returncode == 0 and not done.stderr, done
    return done.stdout.splitlines()


@targets
def test_list_shows_a_line_of_each_while_the_link_runs(held):
    head, *rows, sums = lines(held)
    assert head.split("  ")[0] == "n" and head.endswith("what")
    assert [r.split()[0] for r in rows] == [str(n) for n in held.numbers]
    assert "WH/MO/00012" in rows[0] and "wait" in rows[0] and rows[0].endswith(FEEDBACK[0][6])
    assert "größe  [31m工件" in rows[2] and "\x1b" not in rows[2]
    assert rows[0].index("a-b") == rows[2].index("a-b") == head.index("link")
    assert sums == "3 held: 1 wait, 1 quarantine, 1 behind"


@targets
def test_list_shows_what_is_asked_for(held):
    def shown(*args):
        return [r.split()[0] for r in lines(held, *args)[1:-1]]

    first, second, third = [str(n) for n in held.numbers]
    assert shown("--reason", "wait") == [first]
    assert shown("--key", "WH/MO/00012") == [first, second]
    assert shown("--key", "alt") == [third]
    assert shown("--flow", "Material", "--link", "a-b") == [third]
    assert shown("--table", "odoo.product", "--column", "uom_id") == [third]
    assert shown(first, third) == [first, third]
    assert lines(held, "--flow", "Nothing") == ["nothing is held"]
    assert held.engine.command("quarantine", "list", "--reason", "late").returncode == 1
    assert held.engine.command("quarantine", "list", "--link", "b-c").returncode == 1


@targets
def test_show_tells_all_of_one(held):
    done = held.engine.command("quarantine", "show", str(held.numbers[2]), "--link", "a-b")
    assert done.returncode == 0, done
    for text in ("Material", "former key    alt", "quarantine retry --link a-b", "'Stk'",
                 "odoo.product, column uom_id", "0/16B3748", "2025-11-24T16:00:00.123456Z",
                 "transaction   77", "1, the last 20", "after:\n{\n",
                 '"id": 18446744073709551615,'):
        assert text in done.stdout, (text, done.stdout)
    done = held.engine.command("quarantine", "show", "999999")
    assert done.returncode == 1 and "holds nothing of the number 999999" in done.stderr, done


@targets
def test_rows_that_skip_passed_are_listed_with_their_table(held):
    with held.a.connect() as c:
        run(c, "INSERT INTO fit VALUES (1, 'too long for it')")
    position = held.engine.wait_failed("a-b")["position"]
    held.engine.wait_end()
    done = held.engine.command("skip", "a-b", "--position", position)
    assert done.returncode == 0, done
    rows = lines(held, "--reason", "skipped")[1:-1]
    assert len(rows) == 1 and ".fit " in rows[0] and "insert, passed by millrace skip" in rows[0]
    assert lines(held)[-1] == "4 held: 1 skipped, 1 wait, 1 quarantine, 1 behind"
    done = held.engine.command("quarantine", "show", rows[0].split()[0])
    assert done.returncode == 0 and '"v": "too long for it"' in done.stdout, done


@pytest.mark.parametrize("target", ["pg"])
def test_retry_and_skip_are_the_running_process_s(held):
    def asked(*args, **more):
        return held.engine.command("quarantine", *args, **more)

    done = asked("retry", "--all", "--link", "a-b")
    assert done.returncode == 0 and "0 are out of millrace.held" in done.stdout, done
    done = asked("skip", "--all", "--link", "a-b", input="no\n")
    assert done.returncode == 0 and "nothing was skipped" in done.stdout, done
    held.engine.stop()
    done = asked("skip", str(held.numbers[0]), "--link", "a-b")
    assert done.returncode == 4 and "start millrace run" in done.stderr, done
    for wrong in (["retry"], ["retry", "x1"], ["skip", "--reason", "skipped"], [], ["drop"]):
        assert asked(*wrong).returncode == 1, wrong
    assert lines(held)[-1].startswith("3 held")


@pytest.mark.parametrize("target", ["pg", "maria"])
def test_a_table_of_an_earlier_build_is_named_with_what_to_run(held):
    held.engine.stop()
    with held.b.connect() as c:
        run(c, "ALTER TABLE millrace.held DROP COLUMN envelope")
    done = held.engine.command("quarantine", "list")
    assert done.returncode == 2 and "DROP TABLE millrace.held" in done.stderr, done
    done = held.engine.command("check")
    assert done.returncode == 2 and "run: DROP TABLE millrace.held;" in done.stdout, done
    held.engine.start()
    assert "DROP TABLE millrace.held" in held.engine.wait_failed("a-b")["text"]
    held.engine.wait_end()
    with held.b.connect() as c:
        run(c, "DROP TABLE millrace.held")
    held.start()
    assert lines(held) == ["nothing is held"]


@pytest.mark.parametrize("target", ["pg"])
def test_remove_forgets_what_is_held(held):
    held.engine.stop()
    assert held.engine.command("remove", "a-b", "--yes").returncode == 0
    with held.b.connect() as c:
        assert run(c, "SELECT count(*) FROM millrace.held")[0][0] == 0
