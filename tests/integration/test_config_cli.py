"""The config and the commands, as a person meets them."""
import json
import os
import re
import stat
import subprocess
import time

import pytest

from harness.engine import Engine, binary, system
from harness.servers import PASSWORD, USER, run
from harness.tables import PROBE, TableDef, WORKLOAD
from harness.workload import create_tables

TABLES = [t.name for t in WORKLOAD]

GOOD = """
millrace: 1
systems:
  erp:
    postgresql: host=127.0.0.1 port=1 dbname=erp
    capture: { user: u, password_env: SECRET }
    apply:   { user: u, password_env: SECRET }
  mes:
    mariadb: { host: 127.0.0.1, port: 1, database: mes }
    capture: { user: u, password_env: SECRET }
    apply:   { user: u, password_env: SECRET }
links:
  - between: [erp, mes]
    tables:
      public.material: mes.material
    first_copy: { from: erp, mode: to_empty }
"""


def millrace(*args, **kw):
    return subprocess.run([binary(), *args], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          env={**os.environ, "SECRET": "top-secret-word", **kw})


def check(tmp_path, text, **env):
    path = tmp_path / "m.yaml"
    path.write_text(text)
    return millrace("check", "-c", str(path), **env)


def test_version_and_help():
    assert re.match(r"millrace \d+\.\d+\.\d+", millrace("--version").stdout)
    done = millrace("--help")
    assert done.returncode == 0
    for command in ("run", "check", "status", "skip", "remove"):
        assert command in done.stdout
        more = millrace(command, "--help")
        assert more.returncode == 0 and more.stdout.startswith(f"usage: millrace {command} "), more
        assert millrace("--help", command).stdout == more.stdout
        assert millrace(command, "-h").stdout == more.stdout
    assert "first_copy" in millrace("--help", "config").stdout
    assert millrace("--help", "fly").returncode == 1
    assert "exit" in done.stdout.lower() + millrace("run", "--help").stdout.lower()


@pytest.mark.parametrize("args", [[], ["fly"], ["run"], ["run", "--fast", "-c", "x"],
                                  ["skip", "-c", "x"], ["run", "link", "-c", "x"],
                                  ["remove", "a-b", "b-a", "--yes", "-c", "x"], ["run", "-c", "/nowhere.yaml"]])
def test_wrong_arguments_are_refused_with_exit_code_1(args):
    done = millrace(*args)
    assert done.returncode == 1 and done.stderr and not done.stdout, done


@pytest.mark.parametrize("change,line,words", [
    (("millrace: 1", "millrace: 7"), 2, ["7"]),
    (("    tables:", "    tabels:"), 14, ["tabels", "tables"]),
    (("between: [erp, mes]", "between: [erp, mess]"), 13, ["mess"]),
    (("mode: to_empty", "mode: quickly"), 16, ["quickly", "to_empty"]),
    (("mode: to_empty", "mode: merge"), 16, ["merge"]),
    (("    first_copy", "    budget: lots\n    first_copy"), 16, ["lots"]),
    (("    first_copy", "    conflict: { winner: erp }\n    first_copy"), 16, ["conflict"]),
    (("    first_copy", "    new_keys: { erp: odd, mes: even }\n    first_copy"), 16, ["new_keys"]),
    (("    first_copy", "    create_tables: true\n    first_copy"), 16, ["create_tables"]),
    (("    first_copy", "    ddl: follow\n    first_copy"), 16, ["ddl"]),
    (("    first_copy", "    deletes: ignore\n    first_copy"), 16, ["deletes"]),
    (("public.material: mes.material", "material: mes.material"), 15, ["material"]),
    (("postgresql: host=127.0.0.1 port=1 dbname=erp",
      "postgresql: host=127.0.0.1 password=oops-secret"), 5, ["password"]),
    (("links:", "links: ["), None, []),
])
def test_a_wrong_config_says_file_line_column_and_what_is_allowed(tmp_path, change, line, words):
    assert change[0] in GOOD
    done = check(tmp_path, GOOD.replace(*change, 1))
    assert done.returncode == 1, done
    place = re.search(r"m\.yaml:(\d+):(\d+): ", done.stderr)
    assert place, done.stderr
    if line:
        assert int(place.group(1)) == line, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    assert "oops-secret" not in done.stderr + done.stdout


def test_a_missing_secret_names_its_source(tmp_path):
    done = check(tmp_path, GOOD.replace("SECRET", "NOT_SET_ANYWHERE"))
    assert done.returncode == 1 and "NOT_SET_ANYWHERE" in done.stderr
    done = check(tmp_path, GOOD.replace("password_env: SECRET", "password_file: /no/such/file"))
    assert done.returncode == 1 and "/no/such/file" in done.stderr


def test_an_unreachable_server_is_said_so_without_its_password(tmp_path):
    done = check(tmp_path, GOOD)
    assert done.returncode not in (0, 1), done
    assert "erp" in done.stdout + done.stderr
    assert "top-secret-word" not in done.stdout + done.stderr


@pytest.fixture
def bridge(world):
    a, b = world.side("pg"), world.side("maria")
    create_tables(a, b)
    with a.connect() as c:
        for t in TABLES:
            run(c, f"ALTER TABLE {t} REPLICA IDENTITY FULL")
    return world.bridge(a, b, tables=TABLES, ways="both")


def test_check_says_ok_line_by_line(bridge):
    done = bridge.engine.command("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok" in done.stdout and "wal_level" in done.stdout and "binlog" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr


def test_check_before_the_first_run_changes_no_table_of_the_application(bridge):
    bridge.engine.command("check")
    report = bridge.compare()
    assert report.equal and report.rows == 0
    bridge.start()
    with bridge.a.connect() as c:
        run(c, "INSERT INTO item (id) VALUES (1)")
    bridge.prove()


def test_check_names_a_missing_table_and_a_column_that_does_not_fit(world):
    a, b = world.side("pg"), world.side("maria")
    TableDef("t1", "id integer\nv text", ["id"]).create(a)
    TableDef("t1", "id integer\nv date", ["id"]).create(b)
    TableDef("t2", "id integer", ["id"]).create(a)
    bridge = world.bridge(a, b, tables=["t1", "t2"])
    done = bridge.engine.command("check")
    assert done.returncode == 2, done.stdout + done.stderr
    text = done.stdout + done.stderr
    assert "t2" in text and "t1" in text


def test_check_prints_the_grants_that_are_missing(world):
    a, b = world.side("pg"), world.side("maria")
    create_tables(a, b)
    bridge = world.bridge(a, b, tables=TABLES)
    with a.connect() as c:
        run(c, "DROP ROLE IF EXISTS poor")
        run(c, f"CREATE ROLE poor LOGIN PASSWORD '{PASSWORD}'")
    world.defer(lambda: forget_role(a.server))
    config = {k: v for k, v in bridge.engine.config.items() if k != "millrace"}
    config["systems"]["a"]["capture"] = {"user": "poor", "password_env": "MR_PASSWORD"}
    bridge.engine.write(config)
    done = bridge.engine.command("check")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "REPLICATION" in done.stdout and "GRANT SELECT" in done.stdout, done.stdout


def forget_role(server):
    with server.connect() as c:
        run(c, "DROP ROLE IF EXISTS poor")


def test_least_privileges_suffice(world):
    """What the guide tells a DBA to grant: nothing of it may be missing."""
    a, b = world.side("pg"), world.side("maria")
    create_tables(a, b, tables=WORKLOAD + [PROBE])
    with a.connect() as c:
        for sql in ("DROP ROLE IF EXISTS low_read", "DROP ROLE IF EXISTS low_write",
                    f"CREATE ROLE low_read LOGIN REPLICATION PASSWORD '{PASSWORD}'",
                    f"CREATE ROLE low_write LOGIN PASSWORD '{PASSWORD}'",
                    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO low_read",
                    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public "
                    "TO low_write",
                    "GRANT SET ON PARAMETER session_replication_role TO low_write",
                    "CREATE SCHEMA millrace AUTHORIZATION low_write",
                    "GRANT USAGE ON SCHEMA millrace TO low_read",
                    "ALTER DEFAULT PRIVILEGES FOR ROLE low_write IN SCHEMA millrace "
                    "GRANT SELECT ON TABLES TO low_read",
                    "CREATE PUBLICATION millrace_a FOR TABLE item, line, hot, journal, probe "
                    "WITH (publish_via_partition_root = true)"):
            run(c, sql)
        for t in TABLES:
            run(c, f"ALTER TABLE {t} REPLICA IDENTITY FULL")
    with b.connect() as c:
        for sql in ("DROP USER IF EXISTS low_read, low_write",
                    f"CREATE USER low_read IDENTIFIED BY '{PASSWORD}'",
                    f"CREATE USER low_write IDENTIFIED BY '{PASSWORD}'",
                    "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO low_read",
                    f"GRANT SELECT ON {b.database}.* TO low_read",
                    f"GRANT SELECT, INSERT, UPDATE, DELETE ON {b.database}.* TO low_write",
                    "GRANT ALL ON millrace.* TO low_write",
                    "GRANT SELECT ON millrace.* TO low_read"):
            run(c, sql)
    world.defer(lambda: forget_low(a.server, b))
    bridge = world.bridge(a, b, tables=TABLES, ways="both", first_copy="to_empty",
                          create_probe=False)
    config = {k: v for k, v in bridge.engine.config.items() if k != "millrace"}
    for s in config["systems"].values():
        s["capture"] = {"user": "low_read", "password_env": "MR_PASSWORD"}
        s["apply"] = {"user": "low_write", "password_env": "MR_PASSWORD"}
    bridge.engine.write(config)
    with a.connect() as c:
        run(c, "INSERT INTO item (id) VALUES (1)")
    bridge.start()
    bridge.prove()
    bridge.engine.stop()


def forget_low(pg, my_side):
    with my_side.connect() as c:
        run(c, "DROP USER IF EXISTS low_read, low_write")
    with pg.connect() as c:
        databases = [r[0] for r in run(c, "SELECT datname FROM pg_database WHERE datallowconn")]
    for d in databases:
        with pg.connect(d) as c:
            for role in ("low_read", "low_write", "poor"):
                if run(c, "SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)):
                    run(c, f"DROP OWNED BY {role} CASCADE")
    with pg.connect() as c:
        for role in ("low_read", "low_write", "poor"):
            run(c, f"DROP ROLE IF EXISTS {role}")


def test_status_as_json_and_as_text(bridge):
    bridge.start()
    done = bridge.engine.command("status", "--json")
    links = json.loads(done.stdout)["links"]
    assert [l["name"] for l in links] == ["a-b", "b-a"]
    for key in ("state", "lag_ms", "position", "backlog_bytes", "rows", "transactions", "rate",
                "copy", "last_error"):
        assert key in links[0], key
    text = bridge.engine.command("status").stdout
    assert "a-b" in text and "streaming" in text
    bridge.engine.stop()
    done = bridge.engine.command("status")   # from the databases
    assert done.returncode == 0 and "a-b" in done.stdout, done


def test_status_knows_the_position_at_once_and_no_lag_of_a_link_that_stands(bridge):
    bridge.start()
    status = bridge.engine.status()
    assert status["a-b"]["position"] == bridge.checkpoint(link="a-b")[1], status
    assert status["b-a"]["position"], status
    with bridge.b.connect() as c:
        run(c, "SET sql_log_bin = 0")
        run(c, "INSERT INTO item (id) VALUES (7)")
    with bridge.a.connect() as c:
        run(c, "INSERT INTO item (id) VALUES (1)")
        bridge.drain()
        run(c, "INSERT INTO item (id) VALUES (7)")
    bridge.engine.wait_failed("a-b")
    status = bridge.engine.status()["a-b"]
    assert status["lag_ms"] is None and status["rate"] == 0, status
    assert status["position"] == bridge.checkpoint(link="a-b")[1], status
    assert "millrace skip" in status["last_error"]["action"], status
    assert "millrace skip" in bridge.engine.command("status").stdout


def test_the_socket_is_for_its_owner_alone_and_goes_away(bridge):
    bridge.start()
    path = bridge.engine.path + ".sock"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    bridge.engine.stop()
    assert not os.path.exists(path)


def test_a_socket_left_behind_by_a_kill_does_not_matter(bridge):
    bridge.start()
    bridge.engine.kill()
    assert os.path.exists(bridge.engine.path + ".sock")
    bridge.start()
    bridge.prove()


def test_a_second_run_with_the_same_config_is_refused(bridge):
    bridge.start()
    second = bridge.engine.command("run", seconds=30)
    assert second.returncode != 0 and second.stderr
    bridge.prove()


def test_remove_asks_then_takes_away_slot_and_checkpoints(bridge):
    bridge.start()
    with bridge.a.connect() as c:
        run(c, "INSERT INTO item (id) VALUES (1)")
    bridge.prove()
    bridge.engine.stop()
    done = bridge.engine.command("remove", "a-b", input="no\n")
    assert slots(bridge.a) == 1, done
    done = bridge.engine.command("remove", "a-b", "--yes")
    assert done.returncode == 0, done
    assert slots(bridge.a) == 0
    assert bridge.checkpoint(bridge.b, "a-b") is None
    assert bridge.checkpoint(bridge.a, "b-a") is not None
    with bridge.b.connect() as c:
        assert run(c, "SELECT count(*) FROM item")[0][0] == 1


def test_remove_while_running_takes_one_link_away_and_leaves_the_other(bridge):
    bridge.start()
    done = bridge.engine.command("remove", "a-b", "--yes")
    assert done.returncode == 0, done
    assert slots(bridge.a) == 0
    assert bridge.engine.status()["b-a"]["state"] == "streaming"


def test_remove_leaves_a_link_alone_that_runs_elsewhere(bridge, tmp_path):
    """Another host's process: nobody answers on the socket, but the link is locked."""
    bridge.start()
    here = Engine(tmp_path / "here", bridge.engine.config)
    for link in ("a-b", "b-a"):
        done = here.command("remove", link, "--yes")
        assert done.returncode != 0 and "another process" in done.stderr, done
    assert slots(bridge.a) == 1
    bridge.prove()
    bridge.engine.stop()
    done = here.command("remove", "a-b", "--yes")
    assert done.returncode == 0 and slots(bridge.a) == 0, done


@pytest.mark.parametrize("target", ["maria", "mysql"])
def test_remove_and_skip_of_a_link_that_has_not_begun(world, target):
    """Nothing of Millrace is there, not even its database; and skip does not make a link begin."""
    a, b = world.side("pg"), world.side(target)
    create_tables(a, b)
    b.server.drop_database("millrace")
    bridge = world.bridge(a, b, tables=TABLES)
    done = bridge.engine.command("remove", "a-b", "--yes")
    assert done.returncode == 0 and "knows no link" in done.stdout, done
    assert bridge.engine.command("status").returncode == 0
    done = bridge.engine.command("skip", "a-b", "--position", "0/1")
    assert done.returncode == 2 and "has not begun" in done.stderr, done
    assert slots(a) == 0


def test_remove_leaves_a_publication_that_it_may_not_drop(world):
    a, b = world.side("pg"), world.side("maria")
    create_tables(a, b)
    bridge = world.bridge(a, b, tables=TABLES)
    with a.connect() as c:
        run(c, "DROP ROLE IF EXISTS poor")
        run(c, f"CREATE ROLE poor LOGIN REPLICATION PASSWORD '{PASSWORD}'")
        run(c, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO poor")
        run(c, "CREATE PUBLICATION millrace_a FOR ALL TABLES")
    world.defer(lambda: forget_low(a.server, b))
    config = {k: v for k, v in bridge.engine.config.items() if k != "millrace"}
    config["systems"]["a"]["capture"] = {"user": "poor", "password_env": "MR_PASSWORD"}
    bridge.engine.write(config)
    bridge.start()
    bridge.prove()
    bridge.engine.stop()
    done = bridge.engine.command("remove", "a-b", "--yes")
    assert done.returncode == 0, done
    assert "DROP PUBLICATION" in done.stderr, done
    assert slots(a) == 0 and bridge.checkpoint() is None


def slots(side):
    with side.connect() as c:
        return run(c, "SELECT count(*) FROM pg_replication_slots "
                   "WHERE database = current_database()")[0][0]


def test_a_second_sigterm_leaves_at_once(bridge):
    bridge.start()
    with bridge.b.connect(autocommit=False) as holder:
        run(holder, "LOCK TABLES item WRITE")
        with bridge.a.connect() as c:
            run(c, "INSERT INTO item (id) VALUES (1)")
        time.sleep(1)  # the row is read, and its writer waits
        bridge.engine.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            bridge.engine.process.wait(1)
        bridge.engine.process.terminate()
        bridge.engine.process.wait(3)
        run(holder, "UNLOCK TABLES")
    bridge.start()
    bridge.prove()


def test_passwords_from_files_and_never_in_the_log(world, tmp_path):
    a, b = world.side("pg"), world.side("maria")
    create_tables(a, b)
    bridge = world.bridge(a, b, tables=TABLES)
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n")
    config = {k: v for k, v in bridge.engine.config.items() if k != "millrace"}
    for s in config["systems"].values():
        for role in ("capture", "apply"):
            s[role] = {"user": USER, "password_file": str(secret)}
    bridge.engine.write(config)
    bridge.start()
    bridge.prove()
    bridge.engine.stop()
    secret.write_text("wrong-one")
    bridge.engine.start()
    log = bridge.engine.wait_log("authentication|denied", 20).string
    assert "wrong-one" not in log and PASSWORD not in log
    bridge.engine.kill()


def test_two_ways_for_one_table_are_refused(world):
    a, b = world.side("pg"), world.side("maria")
    create_tables(a, b)
    link = {"from": "a", "to": "b", "first_copy": {"mode": "none"},
            "tables": {"public.item": f"{b.database}.item"}}
    engine = Engine(os.path.join(world.directory, "twice"), {
        "systems": {"a": system(a), "b": system(b)},
        "links": [{"name": "one", **link}, {"name": "two", **link}]})
    done = engine.command("check")
    assert done.returncode != 0 and "item" in done.stdout + done.stderr, done
