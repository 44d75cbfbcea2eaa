"""The factory's feedback transaction through an event link, MES to ERP, against plain replication of
the same rows into nine tables of the same names: both read the same log."""
import re
import shutil
import time

from bench import feedback
from bench.backlog import Backlog, settle
from bench.meter import Memory, cpu_seconds
from bench.rows import wait_mark
from bench.scenario import Failed, scenario
from harness.compare import compare
from harness.engine import Engine
from harness.factory import config_text
from harness.servers import run

REPORTS = 20_000
GOAL = 0.7


@scenario("events-feedback", "the factory's feedback transaction: events against plain tables")
def events_feedback(bench):
    reports = bench.scaled(REPORTS)
    mes = bench.side("maria", zone="Asia/Shanghai")
    erp, plain = bench.side("pg", zone="UTC"), bench.side("pg", zone="Asia/Shanghai")
    feedback.make_mes(mes, reports)
    feedback.make_erp(erp, reports)
    feedback.plain_tables(mes, plain)
    events = Events(bench, mes, erp, reports)
    tables = Plain(bench, mes, plain)
    feedback.execute(mes, reports)
    tables.backlog.ends()
    runs = bench.interleave(millrace=events.drain, plain=tables.drain)
    bench.metric("feedback transactions of 19 row changes", "transactions/s",
                 [reports / r["seconds"] for r in runs["millrace"]], "plain tables",
                 [reports / r["seconds"] for r in runs["plain"]], GOAL)
    for side, made in runs.items():
        cpu = sorted(r["cpu"] for r in made)[len(made) // 2]
        bench.note(f"{side}: engine {cpu / reports * 1e3:.2f} CPU ms a transaction, "
                   f"at most {max(r['peak'] for r in made):.0f} MiB")


class Plain:
    def __init__(self, bench, mes, target):
        bridge = bench.bridge(mes, target, feedback.TABLES, first_copy="to_empty")
        self.backlog = Backlog(bench, bridge, feedback.TABLES, refill=self._refill)
        self.target = target
        with target.connect() as c:
            for table in feedback.TABLES:
                run(c, f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")

    def _refill(self, side):
        with side.connect() as c:
            for table in feedback.TABLES:
                run(c, f"INSERT INTO {table} SELECT * FROM kept_{table}")

    def drain(self):
        made = self.backlog.drain()
        report = compare(self.backlog.a, self.backlog.b, [(t, t) for t in feedback.TABLES])
        if not report.equal:
            raise Failed(f"the plain tables differ: {report}")
        return made


class Events:
    """As Backlog, for an event link: what was written goes, and the mirror's file is put back, too."""

    def __init__(self, bench, mes, erp, reports):
        self.bench, self.erp, self.reports = bench, erp, reports
        self.engine = Engine(bench.directory("events"), config_text(erp, mes, only_feedback))
        self.state, self.kept = self.engine.path + ".state", self.engine.path + ".kept"
        bench.defer(self.engine.kill)
        self.engine.start()
        self.engine.wait_streaming("feedback", seconds=120)
        self.engine.stop()
        self._keep()

    def _keep(self):
        shutil.copytree(self.state, self.kept)
        with self.erp.connect() as c:
            run(c, "CREATE TABLE kept_checkpoint AS SELECT * FROM millrace.checkpoint")

    def _rewind(self):
        shutil.rmtree(self.state)
        shutil.copytree(self.kept, self.state)
        with self.erp.connect() as c:
            run(c, "TRUNCATE x_mes_job_response, x_mes_material_actual, millrace.held")
            run(c, "UPDATE mrp_production SET x_mes_state = NULL, x_mes_qty_good = NULL, "
                "x_mes_qty_scrap = NULL, x_mes_date_start = NULL, x_mes_date_finished = NULL "
                "WHERE x_mes_state IS NOT NULL")
            run(c, "VACUUM ANALYZE mrp_production")
            run(c, "DELETE FROM millrace.checkpoint")
            run(c, "INSERT INTO millrace.checkpoint SELECT * FROM kept_checkpoint")
        settle(self.bench)

    def drain(self):
        self._rewind()
        began = time.monotonic()
        self.engine.start()
        try:
            with Memory(self.engine.process.pid) as memory:
                seconds = self._wait_last() - began
            cpu = cpu_seconds(self.engine.process.pid)
            self.engine.stop()
        finally:
            self.engine.kill()
        feedback.demand_written(self.erp, self.reports)
        return {"seconds": seconds, "cpu": cpu, "peak": memory.peak / 2**20}

    def _wait_last(self):
        """The link keeps the order: where the last report is, all are."""
        last = f"FB{self.reports:08d}"
        return wait_mark(self.erp, last, alive=self._alive,
                         sql="SELECT 1 FROM x_mes_job_response WHERE x_name = %s")

    def _alive(self):
        status = (self.engine.status() or {}).get("feedback", {})
        if not self.engine.running() or status.get("state") in ("failed", "stopped"):
            raise Failed(f"the event link has stopped: {status}\n{self.engine.tail()}")


def only_feedback(text):
    """factory.yaml with the link from the MES alone; its mirror is filled, nothing is sent for it."""
    text, n = re.subn(r"(?ms)^  # ---- ERP -> MES\. One link.*?(?=^  # ---- MES -> ERP\.)", "", text)
    assert n == 1
    return text
