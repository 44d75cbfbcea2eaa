"""Applications that are there already: pgbench on PostgreSQL, sysbench on MariaDB and MySQL. At a rate
that the clock sets, as users come: time spent waiting for a turn counts.

    app = application(side)             # makes its tables
    full = app.saturation(seconds)      # transactions/s, as many as go
    app.run(full / 2, seconds)          # {"rate": reached, "p99": ms from the schedule}
"""
import glob
import os
import re
import shutil
import subprocess

from harness.servers import PASSWORD, USER, die_with_parent

from .scenario import Failed, NotHad

CONNECTIONS = 8


def application(bench, side):
    return (PgBench if side.family == "postgres" else SysBench)(bench, side)


def _output(words, env=None, cwd=None):
    done = subprocess.run(words, env={**os.environ, **(env or {})}, cwd=cwd, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          preexec_fn=die_with_parent(9))
    if done.returncode:
        raise Failed(f"{words[0]} ended with {done.returncode}: {done.stdout} {done.stderr}")
    return done.stdout


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


class PgBench:
    """TPC-B-like, 10 branches, 1,000,000 accounts."""
    SCALE = 10
    TABLES = ["pgbench_accounts", "pgbench_branches", "pgbench_tellers"]
    ROW_TABLE = "pgbench_accounts"

    def __init__(self, bench, side):
        self.side, self.dir = side, bench.directory(f"pgbench-{side.database}")
        self.program = shutil.which("pgbench", path=f"{side.server.bindir}:/usr/bin")
        if not self.program:
            raise NotHad("pgbench is not installed (package postgresql)")
        self._pgbench("-i", "-s", str(self.SCALE), "-q")

    def _pgbench(self, *more):
        return _output([self.program, "-h", "127.0.0.1", "-p", str(self.side.server.port),
                        "-U", USER, *more, self.side.database], {"PGPASSWORD": PASSWORD}, self.dir)

    def _timed(self, seconds, *more):
        said = self._pgbench("-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2",
                             "-T", str(seconds), *more)
        return float(re.search(r"tps = ([0-9.]+)", said).group(1))

    def saturation(self, seconds):
        return self._timed(seconds)

    def run(self, rate, seconds):
        for path in glob.glob(f"{self.dir}/log.*"):
            os.unlink(path)
        reached = self._timed(seconds, "-R", f"{rate:.2f}", "-l", "--log-prefix=log")
        times = []
        for path in glob.glob(f"{self.dir}/log.*"):
            with open(path) as f:       # the third: us from when it was due
                times += [int(line.split()[2]) for line in f]
        return {"rate": reached, "p99": percentile(times, 0.99) / 1000}


class SysBench:
    """oltp_read_write, one table of 100,000 rows."""
    SIZE = 100_000
    TABLES = ["sbtest1"]
    ROW_TABLE = "sbtest1"

    def __init__(self, bench, side):
        self.side = side
        self.program = shutil.which("sysbench")
        if not self.program:
            raise NotHad("sysbench is not installed (package sysbench)")
        self._sysbench("prepare")

    def _sysbench(self, what, *more):
        return _output([self.program, "oltp_read_write", "--db-driver=mysql",
                        "--mysql-host=127.0.0.1", f"--mysql-port={self.side.server.port}",
                        f"--mysql-user={USER}", f"--mysql-password={PASSWORD}",
                        f"--mysql-db={self.side.database}", "--tables=1",
                        f"--table-size={self.SIZE}", "--percentile=99", *more, what])

    def _timed(self, seconds, *more):
        said = self._sysbench("run", f"--threads={CONNECTIONS}", f"--time={seconds}", *more)
        return {"rate": float(re.search(r"transactions: +\d+ +\(([0-9.]+) per", said).group(1)),
                "p99": float(re.search(r"99th percentile: +([0-9.]+)", said).group(1))}

    def saturation(self, seconds):
        return self._timed(seconds)["rate"]

    def run(self, rate, seconds):
        return self._timed(seconds, f"--rate={max(1, round(rate))}")
