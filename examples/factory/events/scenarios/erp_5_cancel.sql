-- Cancelled: WH/MO/00102 has no report yet and is closed in the MES; WH/MO/00001 has, and a person decides.
BEGIN;
UPDATE stock_move SET state = 'cancel' WHERE raw_material_production_id = 102;
UPDATE mrp_production SET state = 'cancel' WHERE id = 102;
COMMIT;
BEGIN;
UPDATE stock_move SET state = 'cancel' WHERE raw_material_production_id = 1 AND state <> 'done';
UPDATE mrp_production SET state = 'cancel' WHERE id = 1;
COMMIT;
