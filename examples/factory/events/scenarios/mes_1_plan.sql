-- The MES plans WH/MO/00001: a task, and the worker's report as he types it in (PREPARE): no event.
BEGIN;
INSERT INTO pro_task (task_id, task_code, task_name, workorder_id, workorder_code, workstation_code, process_code,
  item_id, item_code, unit_of_measure, quantity, start_time)
  SELECT 1, 'TASK-0001', concat(product_name, '【', 100, '】'), workorder_id, workorder_code, 'WS001', 'PROCESS181',
         product_id, product_code, unit_of_measure, quantity, '2026-11-24 08:00:00'
    FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
UPDATE pro_workorder SET quantity_scheduled = 100, update_by = 'admin', update_time = '2026-11-24 07:50:00'
 WHERE workorder_code = 'WH/MO/00001';
INSERT INTO wm_material_stock (material_stock_id, item_id, item_code, item_name, unit_of_measure, warehouse_id,
  warehouse_code, quantity_onhand, recpt_date)
  SELECT 1 + row_number() OVER (ORDER BY item_id), item_id, item_code, item_name, unit_of_measure, 1, 'XBK_VIRTUAL', 500,
         '2026-11-23 10:00:00'
    FROM md_item WHERE item_code IN ('STL-100x5-BLU', 'PNT-BLU', 'BOX-S');
INSERT INTO pro_feedback (record_id, feedback_type, feedback_code, workstation_code, workorder_id, workorder_code,
  process_code, task_id, task_code, item_id, item_code, item_name, unit_of_measure, quantity, quantity_feedback,
  quantity_qualified, quantity_unquanlified, user_name, nick_name, feedback_time, status)
  SELECT 1, 'SELF', NULL, 'WS001', workorder_id, workorder_code, 'PROCESS181', 1, 'TASK-0001', product_id, product_code,
         product_name, NULL, 100, 60, 58.5, 1.5, 'zhangsan', '张三', '2026-11-24 17:30:00', 'PREPARE'
    FROM pro_workorder WHERE workorder_code = 'WH/MO/00001';
COMMIT;
