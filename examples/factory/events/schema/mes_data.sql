-- What the MES holds before Millrace comes: its item types, and stock at the line.
INSERT INTO md_item_type (item_type_id, item_type_code, item_type_name, ancestors, item_or_product) VALUES
  (1, 'ITEM_TYPE_0101', '旋钮', '0', 'PRODUCT'), (2, 'ITEM_TYPE_0201', '圆钢', '0', 'ITEM'),
  (3, 'ITEM_TYPE_0202', '油漆', '0', 'ITEM'), (4, 'ITEM_TYPE_0203', '轴承', '0', 'ITEM'),
  (5, 'ITEM_TYPE_0301', '包装材料', '0', 'ITEM');
-- an item of the MES's own, which the ERP does not know
INSERT INTO md_item (item_id, item_code, item_name, unit_of_measure, item_or_product, item_type_id, min_stock,
  create_by, create_time) VALUES (900, 'MES-SELF-1', '工装夹具', 'PCS', 'ITEM', 5, 2, 'admin', '2026-01-05 08:00:00');
