-- What the ERP holds before Millrace comes: units, five materials, one order under way, one cancelled.
INSERT INTO uom_uom (id, category_id, uom_type, name, factor, rounding, active) VALUES
  (1, 1, 'reference', '{"en_US": "Units", "zh_CN": "件"}', 1, 0.01, true),
  (2, 1, 'bigger', '{"en_US": "Dozens", "zh_CN": "打"}', 0.08333333333333333, 0.01, true),
  (3, 2, 'reference', '{"en_US": "kg", "zh_CN": "千克"}', 1, 0.01, true),
  (4, 2, 'smaller', '{"en_US": "g", "zh_CN": "克"}', 1000, 0.01, true),
  (5, 3, 'reference', '{"en_US": "m", "zh_CN": "米"}', 1, 0.01, true),
  (6, 3, 'smaller', '{"en_US": "mm", "zh_CN": "毫米"}', 1000, 0.01, true);
INSERT INTO product_category (id, parent_id, name, complete_name, parent_path) VALUES
  (1, NULL, 'All', 'All', '1/'),
  (2, 1, '成品', 'All / 成品', '1/2/'), (3, 2, '旋钮', 'All / 成品 / 旋钮', '1/2/3/'),
  (4, 1, '原材料', 'All / 原材料', '1/4/'), (5, 4, '圆钢', 'All / 原材料 / 圆钢', '1/4/5/'),
  (6, 4, '油漆', 'All / 原材料 / 油漆', '1/4/6/'), (7, 1, '包装材料', 'All / 包装材料', '1/7/');
INSERT INTO product_template
  (id, sequence, categ_id, uom_id, uom_po_id, detailed_type, type, default_code, name, active, tracking) VALUES
  (1, 1, 3, 1, 1, 'product', 'product', 'KNB-01', '{"en_US": "Knob", "zh_CN": "控制旋钮"}', true, 'lot'),
  (2, 1, 5, 5, 5, 'product', 'product', 'STL-100x5-BLU', '{"en_US": "Blue steel bar", "zh_CN": "蓝色圆钢"}', true, 'none'),
  (3, 1, 6, 3, 3, 'product', 'product', 'PNT-BLU', '{"en_US": "Blue paint", "zh_CN": "蓝色油漆"}', true, 'lot'),
  (4, 1, 7, 1, 1, 'consu', 'consu', 'BOX-S', '{"en_US": "Small box"}', true, 'none'),
  (5, 1, 7, 1, 1, 'service', 'service', 'SVC-01', '{"en_US": "Assembly", "zh_CN": "装配服务"}', true, 'none');
INSERT INTO product_product (id, product_tmpl_id, default_code, combination_indices, active) VALUES
  (1, 1, 'KNB-01', '', true), (2, 2, 'STL-100x5-BLU', '3,7', true), (3, 3, 'PNT-BLU', '', true),
  (4, 4, 'BOX-S', '', true), (5, 5, 'SVC-01', '', true);
INSERT INTO mrp_workcenter (id, resource_id, sequence, name, code, active) VALUES
  (1, 1, 1, '注塑一号', 'WS001', true), (2, 2, 2, '装配二号', 'WS002', true);
INSERT INTO stock_lot (id, product_id, company_id, name) VALUES (1, 1, 1, 'LOT-2026-11');
INSERT INTO mrp_production (id, product_id, product_uom_id, lot_producing_id, company_id, name, priority, origin,
  state, consumption, product_qty, date_deadline, date_start, create_date, write_date) VALUES
  (1, 1, 1, 1, 1, 'WH/MO/00001', '1', 'S00042', 'confirmed', 'flexible', 100, '2026-11-30 09:00:00',
   '2026-11-24 00:00:00', '2026-11-20 02:11:05.125', '2026-11-20 02:11:05.125'),
  (2, 1, 1, NULL, 1, 'WH/MO/00002', '0', NULL, 'cancel', 'flexible', 5, NULL, '2026-11-24 00:00:00',
   '2026-11-20 02:11:05.125', '2026-11-20 02:11:05.125');
-- the steel stands on two moves, and a scrapped move is no requirement
INSERT INTO stock_move (id, company_id, product_id, product_uom, name, state, procure_method, product_uom_qty,
  scrapped, date, raw_material_production_id) VALUES
  (1, 1, 2, 6, 'WH/MO/00001', 'confirmed', 'make_to_stock', 150000, NULL, '2026-11-24 00:00:00', 1),
  (2, 1, 2, 5, 'WH/MO/00001', 'confirmed', 'make_to_stock', 1.25, false, '2026-11-24 00:00:00', 1),
  (3, 1, 3, 4, 'WH/MO/00001', 'confirmed', 'make_to_stock', 1234.5, false, '2026-11-24 00:00:00', 1),
  (4, 1, 4, 2, 'WH/MO/00001', 'confirmed', 'make_to_stock', 3, false, '2026-11-24 00:00:00', 1),
  (5, 1, 4, 1, '报废', 'done', 'make_to_stock', 2, true, '2026-11-24 00:00:00', 1);
SELECT setval(pg_get_serial_sequence(t, 'id'), 100) FROM unnest(array['uom_uom', 'product_category',
  'product_template', 'product_product', 'stock_lot', 'mrp_production', 'stock_move']) t;
