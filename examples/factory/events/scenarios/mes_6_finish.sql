-- The MES closes WH/MO/00001. Its finish leaves finish_date NULL.
BEGIN;
UPDATE pro_workorder SET status = 'FINISHED', update_by = 'admin', update_time = '2026-11-25 19:00:00' WHERE workorder_code = 'WH/MO/00001';
COMMIT;
