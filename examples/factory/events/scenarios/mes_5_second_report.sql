-- The next day's report has a code, and its consumption was booked before it, by hand: header, line and
-- ledger are there, and count for nothing until the header turns FINISHED, one transaction later.
BEGIN;
INSERT INTO pro_feedback (record_id, feedback_type, feedback_code, workstation_code, workorder_id, workorder_code,
  process_code, task_id, task_code, item_id, item_code, item_name, unit_of_measure, quantity, quantity_feedback,
  quantity_qualified, quantity_unquanlified, user_name, nick_name, feedback_time, status)
  SELECT 2, 'SELF', 'FB20261125001', 'WS002', workorder_id, workorder_code, 'PROCESS181', 1, 'TASK-0001', product_id,
         product_code, product_name, 'PCS', 100, 40, 40, 0, 'lisi', '李四', '2026-11-25 10:00:00', 'PREPARE'
    FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
INSERT INTO wm_item_consume (record_id, workorder_id, workorder_code, task_id, task_code, workstation_code, process_code, consume_date, status)
  SELECT 2, workorder_id, workorder_code, 1, 'TASK-0001', 'WS002', 'PROCESS181', '2026-11-25 10:00:00', 'PREPARE' FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
INSERT INTO wm_item_consume_line (line_id, record_id, item_id, item_code, item_name, unit_of_measure, quantity_consume)
  SELECT 4, 2, item_id, item_code, item_name, 'm', 60.5 FROM md_item WHERE item_code = 'STL-100x5-BLU';
INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, item_name, unit_of_measure, warehouse_id, warehouse_code, source_doc_type, source_doc_id, source_doc_code, source_doc_line_id, material_stock_id, transaction_flag, transaction_quantity, transaction_date, workorder_code)
  SELECT 20, 'ITEM_CONSUME', item_id, item_code, item_name, unit_of_measure, 1, 'WH001', 'ITEM_CONSUME', 2, '', line_id, 2, -1, -quantity_consume, '2026-11-25 10:00:00', 'WH/MO/00001' FROM wm_item_consume_line WHERE line_id = 4;
COMMIT;
BEGIN;
UPDATE pro_task SET quantity_produced = 100, quantity_quanlify = 98.5, status = 'FINISHED', update_time = now() WHERE task_id = 1;
UPDATE pro_workorder SET quantity_produced = quantity_produced + 40, update_by = 'admin', update_time = now() WHERE workorder_code = 'WH/MO/00001';
UPDATE wm_item_consume SET status = 'FINISHED', update_time = now() WHERE record_id = 2;
UPDATE pro_feedback SET status = 'FINISHED', update_by = 'admin', update_time = now() WHERE record_id = 2;
COMMIT;
