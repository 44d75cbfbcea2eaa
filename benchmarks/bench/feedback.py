"""The factory's natural transaction: a worker's report is executed in the MES, 19 row changes in nine
tables (examples/factory/events/scenarios/mes_2_feedback.sql), over and over, for many orders.

    make_mes(side, reports)       # MariaDB: its schema, orders, tasks, reports as they were typed in
    make_erp(side, reports)       # PostgreSQL: its schema, the same orders, their materials
    execute(side, reports)        # the transactions, into the source's log
    plain_tables(mes, side)       # PostgreSQL: tables of the same names and columns
"""
import os

from harness.factory import EXAMPLE, statements
from harness.servers import run

from .rows import procedure, writing

TABLES = ["pro_task", "pro_workorder", "wm_product_produce", "wm_product_produce_line",
          "wm_material_stock", "wm_transaction", "wm_item_consume", "wm_item_consume_line",
          "pro_feedback"]
REPORTS_AN_ORDER = 4
GOOD, SCRAP = 58.5, 1.5

_ITEMS = """
INSERT INTO md_item (item_id, item_code, item_name, unit_of_measure, item_or_product) VALUES
  (1, 'KNB-01', '控制旋钮', 'PCS', 'PRODUCT'), (2, 'STL-100x5-BLU', '蓝色圆钢', 'm', 'ITEM'),
  (3, 'PNT-BLU', '蓝色油漆', 'KG', 'ITEM'), (4, 'BOX-S', 'Small box', 'PCS', 'ITEM');
INSERT INTO wm_material_stock (material_stock_id, item_id, item_code, item_name, unit_of_measure,
  warehouse_id, warehouse_code, quantity_onhand, recpt_date)
  SELECT item_id, item_id, item_code, item_name, unit_of_measure, 1, 'XBK_VIRTUAL', 9000000000,
         '2026-11-23 10:00:00' FROM md_item WHERE item_id IN (2, 3, 4)
"""

# o: the order, r: the report
_ORDER = """
INSERT INTO pro_workorder (workorder_id, workorder_code, workorder_name, order_source, product_id,
  product_code, product_name, unit_of_measure, quantity, quantity_scheduled, request_date, ancestors,
  status, batch_code) VALUES (o, CONCAT('WH/MO/B', LPAD(o, 6, '0')), '控制旋钮【240】PCS', 'ORDER', 1,
  'KNB-01', '控制旋钮', 'PCS', 240, 240, '2026-11-30 17:00:00', '0', 'CONFIRMED', 'LOT-2026-11');
INSERT INTO pro_task (task_id, task_code, task_name, workorder_id, workorder_code, workstation_code,
  process_code, item_id, item_code, unit_of_measure, quantity, start_time) VALUES (o,
  CONCAT('TASK-', LPAD(o, 6, '0')), '控制旋钮【240】', o, CONCAT('WH/MO/B', LPAD(o, 6, '0')), 'WS001',
  'PROCESS181', 1, 'KNB-01', 'PCS', 240, '2026-11-24 08:00:00');
"""
_REPORT = """
INSERT INTO pro_feedback (record_id, feedback_type, feedback_code, workstation_code, workorder_id,
  workorder_code, process_code, task_id, task_code, item_id, item_code, item_name, quantity,
  quantity_feedback, quantity_qualified, quantity_unquanlified, user_name, nick_name, feedback_time,
  status) SELECT r, 'SELF', CONCAT('FB', LPAD(r, 8, '0')), 'WS001', workorder_id, workorder_code,
  'PROCESS181', workorder_id, CONCAT('TASK-', LPAD(o, 6, '0')), 1, 'KNB-01', '控制旋钮', 240, 60,
  58.5, 1.5, 'zhangsan', '张三', '2026-11-24 17:30:00', 'PREPARE'
  FROM pro_workorder WHERE workorder_id = o;
"""

_LINE = """
INSERT INTO wm_item_consume_line (line_id, record_id, item_id, item_code, item_name,
  unit_of_measure, quantity_consume, batch_code) VALUES ({line}, r, {item}, '{code}', '{name}',
  {unit}, {quantity}, {batch});
"""
_TAKEN = """
UPDATE wm_material_stock SET quantity_onhand = quantity_onhand - {stock}, update_time = now()
  WHERE material_stock_id = {item};
"""
_LEDGER = """
INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, item_name,
  unit_of_measure, batch_code, warehouse_id, warehouse_code, source_doc_type, source_doc_id,
  source_doc_code, source_doc_line_id, material_stock_id, transaction_flag, transaction_quantity,
  transaction_date, workorder_code) VALUES (4 * r + {n}, 'ITEM_CONSUME', {item}, '{code}', '{name}',
  {unit}, {batch}, 1, {store}, 'ITEM_CONSUME', r, '', {line}, {item}, -1, -{quantity},
  '2026-11-24 17:31:00', code);
"""
_MATERIALS = [
    dict(n=1, line="3 * r + 1", item=2, code="STL-100x5-BLU", name="蓝色圆钢", unit="'mm'",
         quantity="90750", batch="''", stock="90.75", store="'XBK_VIRTUAL'"),
    dict(n=2, line="3 * r + 2", item=3, code="PNT-BLU", name="蓝色油漆", unit="'g'",
         quantity="740.7", batch="'P-2026-03'", stock="0.74", store="'WH001'"),
    dict(n=3, line="3 * r + 3", item=4, code="BOX-S", name="Small box", unit="NULL",
         quantity="60", batch="NULL", stock="60", store="NULL"),
]


def _execution():
    def each(template):
        return "".join(template.format(**m) for m in _MATERIALS)
    return """
UPDATE pro_task SET quantity_produced = quantity_produced + 60,
  quantity_quanlify = quantity_quanlify + 58.5, quantity_unquanlify = quantity_unquanlify + 1.5,
  update_time = now() WHERE task_id = o;
UPDATE pro_workorder SET quantity_produced = quantity_produced + 58.5, update_by = 'admin',
  update_time = now() WHERE workorder_id = o;
INSERT INTO wm_product_produce (record_id, workorder_id, workorder_code, task_id, task_code,
  workstation_code, process_code, produce_date, status) VALUES (r, o, code, o, task, 'WS001',
  'PROCESS181', '2026-11-24 17:31:00', 'PREPARE');
INSERT INTO wm_product_produce_line (line_id, record_id, item_id, item_code, item_name,
  quantity_produce, batch_code) VALUES (r, r, 1, 'KNB-01', '控制旋钮', 58.5, 'LOT-2026-11');
INSERT INTO wm_material_stock (material_stock_id, item_id, item_code, item_name, batch_code,
  warehouse_id, warehouse_code, quantity_onhand, workorder_code, recpt_date) VALUES (100 + o, 1,
  'KNB-01', '控制旋钮', 'LOT-2026-11', 1, 'XBK_VIRTUAL', 58.5, code, '2026-11-24 17:31:00')
  ON DUPLICATE KEY UPDATE quantity_onhand = quantity_onhand + 58.5;
INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, item_name,
  batch_code, warehouse_id, warehouse_code, source_doc_type, source_doc_id, source_doc_code,
  source_doc_line_id, material_stock_id, transaction_flag, transaction_quantity, transaction_date,
  workorder_id, workorder_code) VALUES (4 * r, 'PRODUCT_PRODUCE', 1, 'KNB-01', '控制旋钮',
  'LOT-2026-11', 1, 'XBK_VIRTUAL', 'PRODUCT_PRODUCT', r, '', r, 100 + o, 1, 58.5,
  '2026-11-24 17:31:00', o, code);
UPDATE wm_product_produce SET status = 'FINISHED', update_time = now() WHERE record_id = r;
INSERT INTO wm_item_consume (record_id, workorder_id, workorder_code, task_id, task_code,
  workstation_code, process_code, consume_date, status) VALUES (r, o, code, o, task, 'WS001',
  'PROCESS181', '2026-11-24 17:31:00', 'PREPARE');
""" + each(_LINE) + each(_TAKEN) + each(_LEDGER) + """
UPDATE wm_item_consume SET status = 'FINISHED', update_time = now() WHERE record_id = r;
UPDATE pro_feedback SET status = 'FINISHED', update_by = 'admin', update_time = now()
  WHERE record_id = r;
"""


def orders_of(reports):
    return -(-reports // REPORTS_AN_ORDER)


def _schema(side, *names):
    with side.connect() as c:
        for name in names:
            for transaction in statements(os.path.join(EXAMPLE, "schema", f"{name}.sql")):
                for s in transaction:
                    run(c, s)


def _loop(reports, body):
    """Orders by turns: the reports of one are far from each other."""
    return f"""DECLARE r BIGINT DEFAULT 1;
        DECLARE o BIGINT;
        DECLARE code, task VARCHAR(64) CHARACTER SET utf8mb4;
        WHILE r <= {reports} DO
            SET o = 1 + (r - 1) MOD {orders_of(reports)};
            SET code = CONCAT('WH/MO/B', LPAD(o, 6, '0')), task = CONCAT('TASK-', LPAD(o, 6, '0'));
            START TRANSACTION;
            {body}
            COMMIT;
            SET r = r + 1;
        END WHILE;"""


def make_mes(side, reports):
    _schema(side, "mes")
    with writing(side) as c:
        for s in _ITEMS.strip().split(";\n"):
            run(c, s)
        first = f"IF r <= {orders_of(reports)} THEN {_ORDER} END IF;"
        procedure(c, "make_reports", _loop(reports, first + _REPORT))


def make_erp(side, reports):
    _schema(side, "erp", "erp_data")
    with side.connect() as c:
        run(c, f"""INSERT INTO mrp_production (product_id, product_uom_id, lot_producing_id,
            company_id, name, priority, state, consumption, product_qty, date_start)
            SELECT 1, 1, 1, 1, 'WH/MO/B' || lpad(o::text, 6, '0'), '0', 'confirmed', 'flexible',
                   240, '2026-11-24' FROM generate_series(1, {orders_of(reports)}) o""")


def execute(side, reports):
    with writing(side) as c:
        procedure(c, "execute_reports", _loop(reports, _execution()))


_TYPES = {"bigint": "bigint", "int": "integer", "double": "double precision",
          "datetime": "timestamp"}


def plain_tables(mes, side):
    """With PostgreSQL's type for each of MariaDB's."""
    with mes.connect() as c:
        columns = run(c, "SELECT table_name, column_name, data_type, column_type, is_nullable "
                      "FROM information_schema.columns WHERE table_schema = %s "
                      "ORDER BY table_name, ordinal_position", (mes.database,))
        keys = dict(run(c, "SELECT table_name, column_name FROM information_schema.columns "
                        "WHERE table_schema = %s AND column_key = 'PRI'", (mes.database,)))
    with side.connect() as c:
        for table in TABLES:
            parts = [f'"{name}" {_TYPES.get(kind, whole)}' + ("" if null == "YES" else " NOT NULL")
                     for t, name, kind, whole, null in columns if t == table]
            run(c, f"CREATE TABLE {table} ({', '.join(parts)}, PRIMARY KEY ({keys[table]}))")


def demand_written(side, reports):
    """What the events must have left in the ERP."""
    with side.connect() as c:
        got = run(c, "SELECT (SELECT count(*) FROM x_mes_job_response WHERE x_production_id > 0),"
                  " (SELECT count(*) FROM x_mes_material_actual),"
                  " (SELECT sum(x_mes_qty_good) FROM mrp_production),"
                  " (SELECT sum(x_mes_qty_scrap) FROM mrp_production),"
                  " (SELECT count(*) FROM millrace.held)")[0]
    wanted = (reports, 4 * reports, GOOD * reports, SCRAP * reports, 0)
    got = tuple(float(v or 0) for v in got)
    if got != wanted:
        raise AssertionError(f"the ERP has {got} (reports, materials, good, scrap, held), "
                             f"not {wanted}")
