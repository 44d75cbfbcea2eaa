-- The finished goods go into the warehouse: the ledger has a row out of the line and one into the
-- warehouse; the one in is the event, of stock taken in, not produced a second time.
BEGIN;
INSERT INTO wm_product_recpt (recpt_id, recpt_code, workorder_code, item_id, item_code, recpt_date, status)
  SELECT 1, 'PR-0001', workorder_code, product_id, product_code, '2026-11-24 18:00:00', 'PREPARE' FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
INSERT INTO wm_product_recpt_line (line_id, recpt_id, item_id, item_code, unit_of_measure, quantity_recived, workorder_code, batch_code, warehouse_code)
  SELECT 1, 1, product_id, product_code, unit_of_measure, 58, workorder_code, batch_code, 'WH002' FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, unit_of_measure, batch_code, warehouse_id, warehouse_code, source_doc_type, source_doc_id, source_doc_code, source_doc_line_id, material_stock_id, transaction_flag, transaction_quantity, transaction_date, workorder_code)
  SELECT 10, 'PRODUCT_RECPT_OUT', item_id, item_code, unit_of_measure, batch_code, 1, 'XBK_VIRTUAL', 'PRODUCT_RECPT', 1, 'PR-0001', 1, 1, -1, -58, '2026-11-24 18:00:00', workorder_code FROM wm_product_recpt_line WHERE line_id = 1;
INSERT INTO wm_transaction (transaction_id, transaction_type, item_id, item_code, unit_of_measure, batch_code, warehouse_id, warehouse_code, source_doc_type, source_doc_id, source_doc_code, source_doc_line_id, material_stock_id, transaction_flag, transaction_quantity, transaction_date, workorder_code)
  SELECT 11, 'PRODUCT_RECPT_IN', item_id, item_code, unit_of_measure, batch_code, 2, 'WH002', 'PRODUCT_RECPT', 1, 'PR-0001', 1, 5, 1, 58, '2026-11-24 18:00:00', workorder_code FROM wm_product_recpt_line WHERE line_id = 1;
UPDATE wm_product_recpt SET status = 'FINISHED' WHERE recpt_id = 1;
COMMIT;
