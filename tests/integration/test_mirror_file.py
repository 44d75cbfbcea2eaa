"""The mirror's file is lost, belongs to an earlier life of the link, or is older than the source's log."""
import glob
import os
import shutil

from test_factory_flows import only, waiting_factory


def mirror(f):
    return os.path.join(f.engine.path + ".state", "dispatch.mirror")


def forget_mirror(f):
    files = glob.glob(mirror(f) + "*")
    assert files
    for path in files:
        os.unlink(path)


def log_end(f):
    return f.one(f.erp, "SELECT pg_current_wal_lsn()::text AS lsn")["lsn"]


def may_forget(f, position):
    """Has the slot been told that all before it is done?"""
    return f.one(f.erp, "SELECT bool_or(confirmed_flush_lsn >= %s::pg_lsn) AS yes FROM pg_replication_slots "
                 "WHERE database = current_database() AND slot_name = 'millrace_dispatch'", position)["yes"]


def order_changes(f, quantity):
    f.sql(f.erp, f"UPDATE mrp_production SET product_qty = {quantity} WHERE id = 1")


def test_what_waits_is_not_overtaken_when_the_mirror_is_filled_again(world):
    """All objects are written again, but one of which something is held goes behind it."""
    f = waiting_factory(world)
    f.engine.stop()
    f.sql(f.erp, "UPDATE mrp_production SET product_qty = 50 WHERE id = 201")
    f.sql(f.mes, "INSERT INTO md_item (item_code, item_name, unit_of_measure, item_or_product) "
          "VALUES ('SVC-01', '装配', 'PCS', 'ITEM')")
    forget_mirror(f)
    f.start()
    f.wait(lambda: not f.held(f.mes))
    f.settle(["dispatch"])
    assert f.order("LATE-1")["quantity"] == 50


def test_a_link_that_starts_afresh_fills_its_mirror_afresh(world):
    """What happened between `remove` and the next start is in no log."""
    f = world.factory(change=only("dispatch")).start()
    f.settle(["dispatch"])
    f.engine.stop()
    done = f.engine.command("remove", "dispatch", "--yes")
    assert done.returncode == 0, done.stderr
    order_changes(f, 77)
    assert os.path.exists(mirror(f))
    f.start()
    f.settle(["dispatch"])
    assert f.order("WH/MO/00001")["quantity"] == 77


def test_a_mirror_older_than_the_log_is_refused(world):
    """PostgreSQL would begin at its slot's place without a word."""
    f = world.factory(change=only("dispatch")).start()
    f.settle(["dispatch"])
    f.engine.stop()
    for path in glob.glob(mirror(f) + "*"):
        shutil.copy(path, path.replace("dispatch.", "old."))
    f.start()
    order_changes(f, 78)
    changed = log_end(f)
    f.settle(["dispatch"])
    f.wait(lambda: may_forget(f, changed))
    f.engine.stop()
    forget_mirror(f)
    for path in glob.glob(mirror(f).replace("dispatch.", "old.") + "*"):
        shutil.copy(path, path.replace("old.", "dispatch."))
    f.engine.start()
    error = f.engine.wait_failed("dispatch")
    assert error["code"] == "position_lost" and mirror(f) in error["text"], error
    f.engine.kill()
    forget_mirror(f)
    f.start()
    f.settle(["dispatch"])
    assert f.order("WH/MO/00001")["quantity"] == 78
