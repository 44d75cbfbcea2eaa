"""The pipes: one engine's bulk output into the other's bulk input, cut into transactions of so many
rows (0: all in one). What a person with a shell would build.

    pipe(bench, a, b, "work_order", per_transaction=1000)     # seconds
"""
import os
import subprocess
import time

from harness.servers import PASSWORD, USER

from .backlog import empty, settle
from .machine import program
from .rows import COLUMNS


def pipe(bench, a, b, table, per_transaction):
    empty(b, [table])
    settle(bench)
    began = time.monotonic()
    out = subprocess.Popen(_out(a, table), stdout=subprocess.PIPE, env=_environment())
    into = subprocess.Popen(_into(b, table, per_transaction), stdin=out.stdout,
                            env=_environment())
    out.stdout.close()
    failed = into.wait() or out.wait()
    seconds = time.monotonic() - began
    if failed:
        raise AssertionError(f"the pipe failed: {out.args[0]} {out.wait()}, {into.args[0]} "
                             f"{into.wait()}")
    return seconds


def _out(side, table):
    if side.family == "postgres":
        return ["psql", "-XqAt", "-h", "127.0.0.1", "-p", str(side.server.port), "-U", USER,
                "-d", side.database, "-c", f"COPY {table} ({', '.join(COLUMNS)}) TO STDOUT"]
    return ["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(side.server.port), "-u", USER,
            f"-p{PASSWORD}", "--batch", "--quick", "--skip-column-names", side.database,
            "-e", f"SELECT {', '.join(COLUMNS)} FROM {table}"]


def _into(side, table, per_transaction):
    port, rows = str(side.server.port), str(per_transaction)
    if side.family == "postgres":
        return [program("bench_copy_in"), f"host=127.0.0.1 port={port} dbname={side.database} "
                f"user={USER} password={PASSWORD}",
                f"COPY {table} ({', '.join(COLUMNS)}) FROM STDIN WITH (NULL 'NULL')", rows]
    return [program("bench_load_in"), "127.0.0.1", port, USER, side.database,
            f"LOAD DATA LOCAL INFILE 'stdin' INTO TABLE {table} ({', '.join(COLUMNS)})", rows]


def _environment():
    return {**os.environ, "PGPASSWORD": PASSWORD, "MYSQL_PASSWORD": PASSWORD}
