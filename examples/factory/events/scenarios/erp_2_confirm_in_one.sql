-- An order made by a sale: draft, moves and confirmation in one transaction, the moves before and after
-- the header's last state. One event.
BEGIN;
INSERT INTO mrp_production (id, product_id, product_uom_id, company_id, name, priority, origin, state, consumption,
  product_qty, date_start, date_finished, create_date, write_date)
  VALUES (101, 1, 2, 1, 'WH/MO/00101', '1', 'S00051', 'draft', 'flexible', 3, '2026-11-26 00:00:00',
          '2026-12-01 16:30:00', '2026-11-25 03:00:00.5', '2026-11-25 03:00:00.5');
INSERT INTO stock_move (id, company_id, product_id, product_uom, name, state, procure_method, product_uom_qty, scrapped,
  date, raw_material_production_id) VALUES
  (101, 1, 2, 6, 'WH/MO/00101', 'draft', 'make_to_stock', 54000, false, '2026-11-26 00:00:00', 101),
  (102, 1, 4, 2, 'WH/MO/00101', 'draft', 'make_to_stock', 3, false, '2026-11-26 00:00:00', 101);
UPDATE stock_move SET state = 'confirmed' WHERE id = 102;
UPDATE mrp_production SET state = 'confirmed', reservation_state = 'confirmed', write_date = '2026-11-25 03:00:00.7' WHERE id = 101;
UPDATE stock_move SET state = 'confirmed' WHERE id = 101;
COMMIT;
