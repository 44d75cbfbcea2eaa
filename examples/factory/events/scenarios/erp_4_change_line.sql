-- A line changes alone, one is added, one taken off: the header is not touched, the order is.
BEGIN;
UPDATE stock_move SET product_uom_qty = 32.5 WHERE id = 103;
UPDATE stock_move SET state = 'cancel' WHERE id = 104;
INSERT INTO stock_move (id, company_id, product_id, product_uom, name, state, procure_method, product_uom_qty, scrapped,
  date, raw_material_production_id)
  VALUES (105, 1, 4, 1, 'WH/MO/00102', 'confirmed', 'make_to_stock', 20, false, '2026-12-01 00:00:00', 102);
COMMIT;
-- A column that no view names: no event.
BEGIN;
UPDATE mrp_production SET qty_producing = 1, write_date = '2026-11-25 05:00:00' WHERE id = 102;
COMMIT;
