"""The first part of the demo: Odoo's tables and ktg-mes's, and typed events between them."""
import contextlib
import os

import demo_load
import demo_proof
from demo_story import Story
from demo_stream import Stream
from demo_text import Claims, say, table, title
from harness import servers
from harness.compare import Side
from harness.engine import binary
from harness.factory import Factory
from harness.servers import PASSWORD, USER, run

FLOWS = [("dispatch", "MaterialDefinition"), ("dispatch", "OperationsRequest"),
         ("feedback", "JobResponse"), ("feedback", "OperationsResponse"),
         ("feedback", "MaterialActual")]


def open_factory(root, stack):
    say("starting a private PostgreSQL: the ERP, Odoo's tables, in UTC")
    erp_server = stack.enter_context(servers.Postgres(root))
    say("starting a private MariaDB: the MES, ktg-mes's tables, in Asia/Shanghai")
    mes_server = stack.enter_context(servers.MariaDB(root, options={
        "default-time-zone": "+08:00"}))
    erp_server.create_database("erp")
    mes_server.create_database("mes")
    f = Factory(root, Side(erp_server, "erp", "UTC"), Side(mes_server, "mes", "Asia/Shanghai"))
    stack.callback(f.engine.kill)
    say("starting Millrace: examples/factory/events/factory.yaml, with these two as its systems")
    return f.start()


def copied(f):
    """What the first copy brought: {flow: n}."""
    count = "SELECT count(*) AS n FROM {} WHERE create_by = 'millrace'"
    found = {flow: f.one(f.mes, count.format(t))["n"] for flow, t in
             (("MaterialDefinition", "md_item"), ("OperationsRequest", "pro_workorder"))}
    say(f"the first copy brought what the MES did not have: {found['MaterialDefinition']} items, "
        f"{found['OperationsRequest']} order")
    return found


def sums(f, stream, first):
    """What each flow carried: rows of the table, and {link: written}, probes with it."""
    counts, rows, written = stream.counts(), [], {}
    held = [h for side in (f.mes, f.erp) for h in f.held(side)]
    for (link, flow) in FLOWS:
        c = counts[flow]
        waiting = sum(h["flow"] == flow and h["reason"] != "quarantine" for h in held)
        quarantined = sum(h["flow"] == flow and h["reason"] == "quarantine" for h in held)
        arrived = first.get(flow, 0) + sum(c.values()) - waiting - quarantined
        rows.append((link, flow, first.get(flow, 0), c["created"], c["changed"], c["gone"],
                     c["again"], arrived, waiting, quarantined))
        written[link] = written.get(link, 0) + arrived + stream.probes[link, flow]
    return rows, written


def print_sums(f, stream, first, claim):
    title("what each flow carried")
    rows, written = sums(f, stream, first)
    table(("link", "event", "copied", "created", "changed", "gone", "again", "written", "waiting",
           "quarantined"), rows)

    def agrees():
        status = f.engine.status()
        return all(status[l]["events"]["written"] == n for l, n in written.items())

    with contextlib.suppress(AssertionError):
        f.wait(agrees, seconds=10)
    claim("`millrace status` counts the same", agrees())


def sabotage(f):
    """One line of a material list is changed so that no log tells it."""
    with f.mes.connect() as c:
        run(c, "SET SESSION sql_log_bin = 0")
        run(c, "UPDATE pro_workorder_bom b JOIN pro_workorder w USING (workorder_id) "
            "SET b.quantity = b.quantity + 1 WHERE w.workorder_code = 'WH/MO/00101'")
    say("sabotage: a material list of the MES was changed behind Millrace's back")


def play(args, root, stack):
    """True: all that was claimed is so. Also the factory, for a person to go on with."""
    f, claim = open_factory(root, stack), Claims()
    first = copied(f)
    stream = Stream(f.engine)
    stack.callback(stream.close)
    Story(f, stream, claim).tell_all()
    stream.settle(f)
    demo_load.work(f, stream, args.seconds, claim)
    print_sums(f, stream, first, claim)
    demo_load.survive(f, min(4, args.seconds))
    if args.sabotage:
        sabotage(f)
    title("both databases compared with what the other one says, by SQL of their own")
    demo_proof.prove(f, claim)
    say()
    say(f"{claim.made} claims, {len(claim.wrong)} of them not true" if claim.wrong else
        f"all {claim.made} claims are true")
    return not claim.wrong, f


def hint(f):
    say(f"""
The factory runs on. From another terminal, here:

  export MR_PASSWORD={PASSWORD}; config={f.engine.path}
  PGPASSWORD={PASSWORD} psql -h 127.0.0.1 -p {f.erp.server.port} -U {USER} erp
  mariadb -h 127.0.0.1 -P {f.mes.server.port} -u {USER} -p{PASSWORD} mes
  {os.path.relpath(binary())} events -c $config
  {os.path.relpath(binary())} quarantine list -c $config

Try: UPDATE mrp_production SET product_qty = 4 WHERE name = 'WH/MO/00101';   in the ERP, then
     SELECT workorder_name FROM pro_workorder WHERE workorder_code = 'WH/MO/00101';   in the MES
Or ask what a change would do, without doing it:
  {os.path.relpath(binary())} explain -c $config --table mrp_production --row '{{"id": 101, "product_qty": 5}}'

The log is {f.engine.log_path}.
Ctrl-C here ends everything and cleans up.""")
