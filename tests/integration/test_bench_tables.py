"""The tables that everybody knows: pgbench one way, sysbench the other; equal at the end."""
import shutil
import subprocess

import pytest

from harness.compare import compare
from harness.servers import PASSWORD, USER, run
from harness.tables import TableDef

SECONDS = 8

PGBENCH = [
    TableDef("pgbench_accounts", "aid integer\nbid integer\nabalance integer\nfiller char(84)",
             ["aid"]),
    TableDef("pgbench_branches", "bid integer\nbbalance integer\nfiller char(88)", ["bid"]),
    TableDef("pgbench_tellers", "tid integer\nbid integer\ntbalance integer\nfiller char(84)",
             ["tid"]),
    TableDef("pgbench_history", "tid integer\nbid integer\naid integer\ndelta integer\n"
             "mtime timestamp | datetime(6)\nfiller char(22)"),
]

pytestmark = pytest.mark.limit(240)


def need(program):
    path = shutil.which(program) or shutil.which(program, path="/usr/lib/postgresql/15/bin")
    if not path:
        pytest.skip(f"{program} is not installed")
    return path


@pytest.mark.parametrize("route", ["pg-maria", "pg-mysql"], indirect=True)
def test_pgbench_from_postgresql(world, route):
    a, b = route
    pgbench = need("pgbench")
    environment = {"PGPASSWORD": PASSWORD, "PATH": "/usr/bin:/bin"}
    where = ["-h", "127.0.0.1", "-p", str(a.server.port), "-U", USER, a.database]
    subprocess.run([pgbench, "-i", "-s", "1", "-q", *where], env=environment, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with a.connect() as c:
        run(c, "ALTER TABLE pgbench_history REPLICA IDENTITY FULL")
    for t in PGBENCH:
        t.create(b)
    bridge = world.bridge(a, b, tables=[t.name for t in PGBENCH], first_copy="to_empty",
                          copy_chunk_rows=10_000)
    load = subprocess.Popen([pgbench, "-c", "4", "-T", str(SECONDS), "-n", *where],
                            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        bridge.start(90)     # copied under load
    finally:
        out, err = load.communicate(timeout=90)
    assert load.returncode == 0, err
    report = bridge.prove(90)
    with a.connect() as c:
        assert run(c, "SELECT count(*) FROM pgbench_history")[0][0] > 100, out
    assert report.rows > 100_000


@pytest.mark.parametrize("route", ["maria-pg", "mysql-pg"], indirect=True)
def test_sysbench_from_mysql(world, route):
    a, b = route
    sysbench = need("sysbench")
    tables = 2
    # sysbench's own client library knows MySQL's older authentication only
    user = USER
    if a.server.engine == "mysql":
        pytest.skip("sysbench of Debian 12 does not speak caching_sha2_password without TLS") \
            if not can_log_in(sysbench, a) else None
    command = [sysbench, "oltp_read_write", "--db-driver=mysql", "--mysql-host=127.0.0.1",
               f"--mysql-port={a.server.port}", f"--mysql-user={user}",
               f"--mysql-password={PASSWORD}", f"--mysql-db={a.database}", f"--tables={tables}",
               "--table-size=5000", "--threads=4"]
    subprocess.run([*command, "prepare"], check=True, stdout=subprocess.DEVNULL)
    names = [f"sbtest{i + 1}" for i in range(tables)]
    for name in names:
        TableDef(name, "id integer\nk integer\nc char(120)\npad char(60)", ["id"]).create(b)
    bridge = world.bridge(a, b, tables=names, first_copy="to_empty", copy_chunk_rows=1000)
    load = subprocess.Popen([*command, f"--time={SECONDS}", "--mysql-ignore-errors=all", "run"],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        bridge.start(90)
    finally:
        out, _ = load.communicate(timeout=90)
    assert load.returncode == 0, out.decode()
    bridge.drain(90)
    report = compare(a, b, [(n, n) for n in names])
    assert report.equal and report.rows == 5000 * tables, report


def can_log_in(sysbench, side):
    done = subprocess.run([sysbench, "oltp_read_write", "--db-driver=mysql",
                           "--mysql-host=127.0.0.1", f"--mysql-port={side.server.port}",
                           f"--mysql-user={USER}", f"--mysql-password={PASSWORD}",
                           f"--mysql-db={side.database}", "--tables=1", "--table-size=1",
                           "prepare"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if done.returncode == 0:
        with side.connect() as c:
            run(c, "DROP TABLE sbtest1")
    return done.returncode == 0
