"""The second part of the demo: tables row by row, both ways, under load, and the proof."""
import contextlib
import os
import random
import string
import sys
import time

import factory
from demo_text import say
from harness import servers
from harness.compare import Side, compare
from harness.engine import Engine, EngineFailed, binary
from harness.servers import PASSWORD, USER, run

here = os.path.dirname(os.path.abspath(__file__))
SHARED = ["material", "work_order", "work_order_line", "downtime", "heartbeat"]
FEEDBACK = ["progress", "material_use", "quality"]
LINKS = ["erp-mes", "mes-erp", "feedback"]


def run_script(side, path):
    with open(path) as f:
        statements = [s for s in f.read().split(";\n") if s.strip()]
    with side.connect() as c:
        for s in statements:
            run(c, s.rstrip(";\n "))


def write_config(directory, erp, mes):
    with open(os.path.join(here, "millrace.yaml")) as f:
        text = string.Template(f.read()).substitute(ERP_PORT=erp.server.port,
                                                    MES_PORT=mes.server.port)
    secret = os.path.join(directory, "secret")
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write(PASSWORD)
    return Engine(directory, text)


def wait_streaming(engine, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not engine.running():
            raise EngineFailed("Millrace ended\n" + engine.tail())
        status = engine.status() or {}
        if status and all(l["state"] == "streaming" for l in status.values()):
            return status
        time.sleep(0.1)
    raise EngineFailed("the links do not get to streaming\n" + engine.tail())


def progress_line(seconds, status):
    return f"{seconds:3.0f} s" + "".join(f"  {name} {l['transactions']:5} tx {l['rows']:6} rows"
                                         for name, l in status.items())


def work(engine, erp, mes, seconds):
    """The factory's day. Gives its applications and the measured lags."""
    applications = [factory.Erp(erp), factory.Mes(mes)]
    lags = [factory.Lag(erp, mes, 1), factory.Lag(mes, erp, 0)]
    for t in applications + lags:
        t.start()
    started = time.monotonic()
    while (gone := time.monotonic() - started) < seconds:
        time.sleep(min(1, seconds - gone + 0.01))
        line = progress_line(time.monotonic() - started, engine.status() or {})
        print(("\r" if sys.stdout.isatty() else "") + line,
              end="" if sys.stdout.isatty() else "\n", flush=True)
    say("")
    for t in applications + lags:
        t.end()
    return applications, lags


def drain(engine, erp, mes, seconds=60):
    """A last row along each link; when it is there, all before it is."""
    ways = [(erp, mes, "heartbeat", "(id) VALUES (-1)", "id = -1"),
            (mes, erp, "heartbeat", "(id) VALUES (-2)", "id = -2"),
            (mes, erp, "material_use", "VALUES (-1, -1, 'end', 0)", "work_order_id = -1")]
    for source, _, table, values, _ in ways:
        with source.connect() as c:
            run(c, f"INSERT INTO {table} {values}")
    end = time.monotonic() + seconds
    for _, target, table, _, where in ways:
        with target.connect() as c:
            while not run(c, f"SELECT 1 FROM {table} WHERE {where}"):
                if time.monotonic() > end or not engine.running():
                    raise EngineFailed("the links do not drain\n" + engine.tail())
                time.sleep(0.02)


def echoes(before, after, applications, lags):
    """Transactions that a link wrote beyond those that the source's own applications made."""
    erp, mes = applications
    made = {"erp-mes": erp.transactions + lags[0].sent + 1,
            # the MES's transactions go by one link or the other, by their tables
            "mes": mes.transactions + lags[1].sent + 2}
    wrote = {n: after[n]["transactions"] - before[n]["transactions"] for n in LINKS}
    return max(0, wrote["erp-mes"] - made["erp-mes"]) \
        + max(0, wrote["mes-erp"] + wrote["feedback"] - made["mes"])


def sabotage(mes):
    """One row is changed so that no log tells it."""
    with mes.connect() as c:
        run(c, "SET SESSION sql_log_bin = 0")
        run(c, "UPDATE work_order SET quantity = quantity + 1 ORDER BY id LIMIT 1")


def prove(erp, mes):
    return compare(erp, mes, [(t, t) for t in SHARED + FEEDBACK])


def report_on(report, before, after, applications, lags):
    echoed = echoes(before, after, applications, lags)
    say(f"\ncompared {report.tables} tables, {report.rows} rows, row by row: "
        f"lost {report.lost}, doubled {report.doubled}, echoed {echoed}"
        + (f", different {report.different}" if report.different else ""))
    for d in report.differences:
        say(f"  {d}")
    total = sum(a.transactions for a in applications)
    say(f"transactions {total} ({applications[0].transactions} in the ERP, "
        f"{applications[1].transactions} in the MES), rows "
        f"{sum(a.rows for a in applications)}")
    for lag, way in zip(lags, ("erp -> mes", "mes -> erp")):
        p50, p95, p99, most = lag.percentiles()
        say(f"lag {way}, commit to visible: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, "
            f"max {most:.1f} ms ({len(lag.ms)} rows)")
    return report.equal and echoed == 0


def hint(world):
    engine, erp, mes = world
    config = engine.path
    say(f"""
The system runs on. From another terminal:

  PGPASSWORD={PASSWORD} psql -h 127.0.0.1 -p {erp.server.port} -U {USER} erp
  mariadb -h 127.0.0.1 -P {mes.server.port} -u {USER} -p{PASSWORD} mes
  {os.path.relpath(binary())} status -c {config}
  {os.path.relpath(binary())} check -c {config}

Try: UPDATE material SET name = '新名称' WHERE id = 1;   on one side, SELECT it on the other.
Or:  kill -9 {engine.process.pid}, change rows on both sides, and start it again:
  {os.path.relpath(binary())} run -c {config}
The log is {engine.log_path}. Ctrl-C here ends everything and cleans up.""")


def play(args, root, stack):
    say("starting a private PostgreSQL (the ERP) and a private MariaDB (the MES)")
    erp_server = stack.enter_context(servers.Postgres(root))
    mes_server = stack.enter_context(servers.MariaDB(root, options={
        "default-time-zone": "+08:00"}))
    erp_server.create_database("erp")
    mes_server.create_database("mes")
    erp, mes = Side(erp_server, "erp", "UTC"), Side(mes_server, "mes", "Asia/Shanghai")
    run_script(erp, os.path.join(here, "erp.sql"))
    run_script(mes, os.path.join(here, "mes.sql"))
    factory.fill(erp, mes, random.Random(7))
    engine = write_config(root, erp, mes)
    say(f"starting Millrace with {engine.path}")
    engine.start()
    stack.callback(end_engine, engine)
    before = wait_streaming(engine)
    say(f"first copy done; the factory works for {args.seconds:g} s")
    applications, lags = work(engine, erp, mes, args.seconds)
    say("the factory stops; draining")
    drain(engine, erp, mes)
    after = engine.status()
    if args.sabotage:
        sabotage(mes)
        say("sabotage: one row of the MES was changed behind Millrace's back")
    good = report_on(prove(erp, mes), before, after, applications, lags)
    say("both sides are equal" if good else "BOTH SIDES ARE NOT EQUAL")
    return good, (engine, erp, mes)


def end_engine(engine):
    if engine.running():
        engine.process.terminate()
        with contextlib.suppress(Exception):
            engine.process.wait(20)
        engine.kill()
