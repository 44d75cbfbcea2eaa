-- A cap is typed in as a service, by mistake: no material, so the MES does not get it. Its order comes
-- before the mistake is seen, and is changed once: it waits, and the change waits behind it.
BEGIN;
INSERT INTO product_template
  (id, sequence, categ_id, uom_id, uom_po_id, detailed_type, type, default_code, name, active, tracking) VALUES
  (103, 1, 3, 1, 1, 'service', 'service', 'CAP-01', '{"en_US": "Cap", "zh_CN": "旋钮盖"}', true, 'none');
INSERT INTO product_product (id, product_tmpl_id, default_code, combination_indices, active) VALUES
  (103, 103, 'CAP-01', '', true);
INSERT INTO mrp_production (id, product_id, product_uom_id, company_id, name, priority, state, consumption, product_qty,
  date_start, create_date, write_date)
  VALUES (103, 103, 1, 1, 'WH/MO/00103', '0', 'confirmed', 'flexible', 50, '2026-12-03 00:00:00',
          '2026-11-25 06:00:00', '2026-11-25 06:00:00');
INSERT INTO stock_move (id, company_id, product_id, product_uom, name, state, procure_method, product_uom_qty, scrapped,
  date, raw_material_production_id)
  VALUES (106, 1, 3, 4, 'WH/MO/00103', 'confirmed', 'make_to_stock', 125, false, '2026-12-03 00:00:00', 103);
COMMIT;
BEGIN;
UPDATE mrp_production SET product_qty = 60 WHERE id = 103;
UPDATE stock_move SET product_uom_qty = 150 WHERE id = 106;
COMMIT;
