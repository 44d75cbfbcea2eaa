-- The planner's way: a draft today (no event), confirmed later (one event, with the lines of the draft).
BEGIN;
INSERT INTO mrp_production (id, product_id, product_uom_id, company_id, name, priority, state, consumption, product_qty,
  date_deadline, date_start, create_date, write_date)
  VALUES (102, 1, 1, 1, 'WH/MO/00102', '0', 'draft', 'flexible', 20, '2026-12-24 15:59:59', '2026-12-01 00:00:00',
          '2026-11-25 04:00:00', '2026-11-25 04:00:00');
INSERT INTO stock_move (id, company_id, product_id, product_uom, name, state, procure_method, product_uom_qty, scrapped,
  date, raw_material_production_id) VALUES
  (103, 1, 2, 5, 'WH/MO/00102', 'draft', 'make_to_stock', 30, false, '2026-12-01 00:00:00', 102),
  (104, 1, 3, 4, 'WH/MO/00102', 'draft', 'make_to_stock', 250, false, '2026-12-01 00:00:00', 102);
COMMIT;
BEGIN;
UPDATE stock_move SET state = 'confirmed' WHERE raw_material_production_id = 102;
UPDATE mrp_production SET state = 'confirmed' WHERE id = 102;
COMMIT;
