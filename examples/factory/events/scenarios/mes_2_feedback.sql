-- The report is executed: 19 row changes in 9 tables, one transaction, in the application's own order.
-- Four events of material, one report, one total of the order.
BEGIN;
-- 1 the task, 2 the order (the step is the key step)
UPDATE pro_task SET quantity_produced = 60, quantity_quanlify = 58.5, quantity_unquanlify = 1.5, update_time = now() WHERE task_id = 1;
UPDATE pro_workorder SET quantity_produced = quantity_produced + 58.5, update_by = 'admin', update_time = now() WHERE workorder_code = 'WH/MO/00001';
-- 3 to 7 what was produced: header, line without a unit, stock, ledger, header FINISHED
INSERT INTO wm_product_produce (record_id, workorder_id, workorder_code, task_id, task_code, workstation_code, process_code, produce_date, status)
  SELECT 1, workorder_id, workorder_code, 1, 'TASK-0001', 'WS001', 'PROCESS181', '2026-11-24 17:31:00', 'PREPARE' FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
INSERT INTO wm_product_produce_line (line_id, record_id, item_id, item_code, item_name, unit_of_measure, quantity_produce, batch_code)
  SELECT 1, 1, product_id, product_code, product_name, NULL, 58.5, batch_code FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
INSERT INTO wm_material_stock (material_stock_id, item_id, item_code, item_name, unit_of_measure, batch_code, warehouse_id, warehouse_code, quantity_onhand, workorder_code, recpt_date)
  SELECT 1, product_id, product_code, product_name, NULL, batch_code, 1, 'XBK_VIRTUAL', 58.5, workorder_code, '2026-11-24 17:31:00' FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, item_name, batch_code, warehouse_id, warehouse_code, source_doc_type, source_doc_id, source_doc_code, source_doc_line_id, material_stock_id, transaction_flag, transaction_quantity, transaction_date, workorder_id, workorder_code)
  SELECT 1, 'PRODUCT_PRODUCE', product_id, product_code, product_name, batch_code, 1, 'XBK_VIRTUAL', 'PRODUCT_PRODUCT', 1, '', 1, 1, 1, 58.5, '2026-11-24 17:31:00', workorder_id, workorder_code FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
UPDATE wm_product_produce SET status = 'FINISHED', update_time = now() WHERE record_id = 1;
-- 8 to 18 what was consumed: header PREPARE, three lines, three stocks, three lines of the ledger, header FINISHED
INSERT INTO wm_item_consume (record_id, workorder_id, workorder_code, task_id, task_code, workstation_code, process_code, consume_date, status)
  SELECT 1, workorder_id, workorder_code, 1, 'TASK-0001', 'WS001', 'PROCESS181', '2026-11-24 17:31:00', 'PREPARE' FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
INSERT INTO wm_item_consume_line (line_id, record_id, item_id, item_code, item_name, unit_of_measure, quantity_consume, batch_code)
  SELECT 1, 1, item_id, item_code, item_name, 'mm', 90750, '' FROM md_item WHERE item_code = 'STL-100x5-BLU';
INSERT INTO wm_item_consume_line (line_id, record_id, item_id, item_code, item_name, unit_of_measure, quantity_consume, batch_code)
  SELECT 2, 1, item_id, item_code, item_name, 'g', 740.7, 'P-2026-03' FROM md_item WHERE item_code = 'PNT-BLU';
INSERT INTO wm_item_consume_line (line_id, record_id, item_id, item_code, item_name, unit_of_measure, quantity_consume, batch_code)
  SELECT 3, 1, item_id, item_code, item_name, NULL, 60, NULL FROM md_item WHERE item_code = 'BOX-S';
UPDATE wm_material_stock SET quantity_onhand = quantity_onhand - 90.75, update_time = now() WHERE item_code = 'STL-100x5-BLU';
UPDATE wm_material_stock SET quantity_onhand = quantity_onhand - 0.74, update_time = now() WHERE item_code = 'PNT-BLU';
UPDATE wm_material_stock SET quantity_onhand = quantity_onhand - 60, update_time = now() WHERE item_code = 'BOX-S';
INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, item_name, unit_of_measure, batch_code, warehouse_id, warehouse_code, source_doc_type, source_doc_id, source_doc_code, source_doc_line_id, material_stock_id, transaction_flag, transaction_quantity, transaction_date, workorder_code)
  SELECT 2, 'ITEM_CONSUME', item_id, item_code, item_name, unit_of_measure, batch_code, 1, 'XBK_VIRTUAL', 'ITEM_CONSUME', 1, '', line_id, 2, -1, -quantity_consume, '2026-11-24 17:31:00', 'WH/MO/00001' FROM wm_item_consume_line WHERE line_id = 1;
INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, item_name, unit_of_measure, batch_code, warehouse_id, warehouse_code, source_doc_type, source_doc_id, source_doc_code, source_doc_line_id, material_stock_id, transaction_flag, transaction_quantity, transaction_date, workorder_code)
  SELECT 3, 'ITEM_CONSUME', item_id, item_code, item_name, unit_of_measure, batch_code, 1, 'WH001', 'ITEM_CONSUME', 1, '', line_id, 3, -1, -quantity_consume, '2026-11-24 17:31:00', 'WH/MO/00001' FROM wm_item_consume_line WHERE line_id = 2;
INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, item_name, unit_of_measure, batch_code, warehouse_id, warehouse_code, source_doc_type, source_doc_id, source_doc_code, source_doc_line_id, material_stock_id, transaction_flag, transaction_quantity, transaction_date, workorder_code)
  SELECT 4, 'ITEM_CONSUME', item_id, item_code, item_name, unit_of_measure, batch_code, 1, NULL, 'ITEM_CONSUME', 1, '', line_id, 4, -1, -quantity_consume, '2026-11-24 17:31:00', 'WH/MO/00001' FROM wm_item_consume_line WHERE line_id = 3;
UPDATE wm_item_consume SET status = 'FINISHED', update_time = now() WHERE record_id = 1;
-- 19 the report itself
UPDATE pro_feedback SET status = 'FINISHED', update_by = 'admin', update_time = now() WHERE record_id = 1;
COMMIT;
