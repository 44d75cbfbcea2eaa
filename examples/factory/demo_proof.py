"""Both databases compared: what one must hold, told by the other's SQL, against what it holds.

The SQL is written for this proof alone. Lost: it is not there. Doubled: it is there more often, or the
other side has no such thing. Different: it is there with another quantity, time, unit, ...
"""
import collections
import decimal

from demo_story import GONE
from demo_text import amount, line
from harness.servers import run

# what one of the unit is, in the unit that the item is counted in
ODOO = "(CASE {0}.name ->> 'en_US' WHEN 'Dozens' THEN 12 WHEN 'g' THEN 0.001 WHEN 'mm' THEN 0.001 ELSE 1 END)"
KTG = "(CASE coalesce({0}, i.unit_of_measure) WHEN 'g' THEN 0.001 WHEN 'mm' THEN 0.001 ELSE 1 END)"
KTG_UNIT = "(CASE tu.name ->> 'en_US' WHEN 'Units' THEN 'PCS' WHEN 'kg' THEN 'KG' ELSE tu.name ->> 'en_US' END)"
LIVE = "p.company_id = 1 AND p.state NOT IN ('draft', 'cancel')"
TO_UTC = "CONVERT_TZ({}, '+08:00', '+00:00')"

ERP_ITEMS = f"""
  SELECT pp.default_code, coalesce(t.name ->> 'zh_CN', t.name ->> 'en_US'), {KTG_UNIT}
    FROM product_product pp JOIN product_template t ON t.id = pp.product_tmpl_id
    JOIN uom_uom tu ON tu.id = t.uom_id
   WHERE t.type <> 'service' AND pp.default_code <> ''"""
MES_ITEMS = "SELECT item_code, item_name, unit_of_measure FROM md_item WHERE create_by = 'millrace'"

ERP_ORDERS = f"""
  SELECT p.name, pp.default_code, p.product_qty * {ODOO.format('pu')}, {KTG_UNIT}, nullif(p.origin, ''), l.name,
         coalesce(p.date_deadline, p.date_finished, p.date_start) AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Shanghai',
         CASE p.priority WHEN '1' THEN '加急' ELSE '普通' END
    FROM mrp_production p JOIN product_product pp ON pp.id = p.product_id
    JOIN product_template t ON t.id = pp.product_tmpl_id JOIN uom_uom tu ON tu.id = t.uom_id
    JOIN uom_uom pu ON pu.id = p.product_uom_id LEFT JOIN stock_lot l ON l.id = p.lot_producing_id
   WHERE {LIVE}"""
MES_ORDERS = f"""
  SELECT workorder_code, product_code, quantity, unit_of_measure, source_code, batch_code, request_date, attr1
    FROM pro_workorder WHERE create_by = 'millrace' AND remark <> '{GONE}'"""

ERP_LINES = f"""
  SELECT p.name, pp.default_code, round(sum(m.product_uom_qty * {ODOO.format('mu')}), 2), {KTG_UNIT}
    FROM stock_move m JOIN mrp_production p ON p.id = m.raw_material_production_id
    JOIN product_product pp ON pp.id = m.product_id JOIN product_template t ON t.id = pp.product_tmpl_id
    JOIN uom_uom tu ON tu.id = t.uom_id JOIN uom_uom mu ON mu.id = m.product_uom
   WHERE {LIVE} AND m.state <> 'cancel' AND m.scrapped IS NOT true GROUP BY 1, 2, 4"""
MES_LINES = f"""
  SELECT w.workorder_code, b.item_code, b.quantity, b.unit_of_measure
    FROM pro_workorder_bom b JOIN pro_workorder w USING (workorder_id) WHERE w.remark <> '{GONE}'"""

# id 2 was cancelled before Millrace came
ERP_CANCELLED = "SELECT name, 'FINISHED' FROM mrp_production WHERE state = 'cancel' AND id <> 2"
MES_CANCELLED = f"SELECT workorder_code, status FROM pro_workorder WHERE remark = '{GONE}'"

MES_REPORTS = f"""
  SELECT coalesce(nullif(feedback_code, ''), concat('ktg:', record_id)), workorder_code, quantity_qualified,
         quantity_unquanlified, user_name, {TO_UTC.format('feedback_time')}
    FROM pro_feedback WHERE status = 'FINISHED' AND workorder_code <> 'PROBE'"""
ERP_REPORTS = """
  SELECT x_name, x_production_name, x_qty_good, x_qty_scrap, x_person, x_end_time
    FROM x_mes_job_response WHERE x_name NOT LIKE 'PROBE:%'"""


def actuals(table, key, verb, use, line_quantity, line_key="record_id"):
    return f"""
  SELECT '{table}_line', n.line_id, h.workorder_code, '{use}', n.item_code,
         CAST(n.{line_quantity} AS decimal(14, 2)) * {KTG.format('n.unit_of_measure')}, {TO_UTC.format(f'h.{verb}_date')}
    FROM {table}_line n JOIN {table} h ON h.{key} = n.{line_key} JOIN md_item i ON i.item_id = n.item_id
   WHERE h.status = 'FINISHED'"""


MES_ACTUALS = " UNION ALL ".join([
    actuals("wm_item_consume", "record_id", "consume", "Consumed", "quantity_consume"),
    actuals("wm_product_produce", "record_id", "produce", "Produced", "quantity_produce"),
    actuals("wm_product_recpt", "recpt_id", "recpt", "Inventoried", "quantity_recived", "recpt_id")])
ERP_ACTUALS = """
  SELECT x_source, x_source_line_id, x_production_name, x_material_use, x_default_code, x_qty, x_time
    FROM x_mes_material_actual"""

MES_TOTALS = """
  SELECT w.workorder_code, w.quantity_produced, (SELECT coalesce(sum(t.quantity_unquanlify), 0) FROM pro_task t
           WHERE t.workorder_id = w.workorder_id), CASE w.status WHEN 'FINISHED' THEN 'done' ELSE 'progress' END
    FROM pro_workorder w WHERE w.workorder_code <> 'PROBE' AND EXISTS (
           SELECT 1 FROM pro_feedback f WHERE f.workorder_id = w.workorder_id AND f.status = 'FINISHED')"""
ERP_TOTALS = """
  SELECT name, x_mes_qty_good, x_mes_qty_scrap, x_mes_state FROM mrp_production WHERE x_mes_state IS NOT NULL"""

# what, source and its SQL, target and its SQL, columns of the key
CHECKS = [
    ("items", "erp", ERP_ITEMS, "mes", MES_ITEMS, 1),
    ("orders: product, quantity, date", "erp", ERP_ORDERS, "mes", MES_ORDERS, 1),
    ("lines of material lists", "erp", ERP_LINES, "mes", MES_LINES, 2),
    ("cancelled orders", "erp", ERP_CANCELLED, "mes", MES_CANCELLED, 1),
    ("responses", "mes", MES_REPORTS, "erp", ERP_REPORTS, 1),
    ("produced, consumed, received", "mes", MES_ACTUALS, "erp", ERP_ACTUALS, 2),
    ("totals of orders", "mes", MES_TOTALS, "erp", ERP_TOTALS, 1)]

LEFT = {"odoo:102", "SEAL-20", "WH/MO/00001"}    # demo_story.py


def plain(value):
    if isinstance(value, (int, float, decimal.Decimal)):
        return amount(round(decimal.Decimal(str(value)), 6))
    return "" if value is None else str(value)


def read(side, sql, keys, held):
    """{key: [values, ...]}, without what is held."""
    found = collections.defaultdict(list)
    with side.connect() as c:
        for row in run(c, sql):
            row = tuple(plain(v) for v in row)
            if row[0] not in held and row[0] != "PROBE":
                found[row[:keys]].append(row[keys:])
    return found


def difference(source, target):
    """How many are lost, doubled, different; and an example."""
    lost = [k for k in source if k not in target]
    doubled = [k for k in target if len(target[k]) > len(source.get(k, []))]
    different = [k for k in source if k in target and source[k][0] != target[k][0]]
    example = next(iter(lost + doubled + different), None)
    return len(lost), len(doubled), len(different), example


def prove(f, claim):
    held = {h["event_key"] for side in (f.mes, f.erp) for h in f.held(side)}
    claim("all is compared but what the story left to a person", held == LEFT)
    for what, source, source_sql, target, target_sql, keys in CHECKS:
        out_of = held if source == "erp" else set()
        a = read(getattr(f, source), source_sql, keys, out_of)
        b = read(getattr(f, target), target_sql, keys, out_of)
        lost, doubled, different, example = difference(a, b)
        claim(f"{what}: {len(a)} in the {source.upper()}, lost {lost}, doubled {doubled}, "
              f"different {different}", bool(a) and not (lost or doubled or different))
        if example:
            line("", f"  {' '.join(example)}: must be {a.get(example)}, is {b.get(example)}")
