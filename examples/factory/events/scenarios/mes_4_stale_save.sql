-- A form of WH/MO/00102, opened before the planner's change, is saved with all its columns: the old
-- quantity and date come back, with a new remark and status. Quantity and date are the ERP's: drift.
BEGIN;
UPDATE pro_workorder SET workorder_name = '控制旋钮【18】PCS', quantity = 18, request_date = '2026-12-20 00:00:00',
  remark = '夜班优先', status = 'APPROVED', update_by = 'lisi', update_time = now() WHERE workorder_code = 'WH/MO/00102';
COMMIT;
