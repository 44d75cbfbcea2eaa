-- Odoo creates a bearing and a gasket; the gasket has no code yet, and no Chinese name.
-- Template and variant in one transaction: two events, one of them for a person.
BEGIN;
INSERT INTO product_category (id, parent_id, name, complete_name, parent_path) VALUES
  (101, 1, '外购件', 'All / 外购件', '1/101/'), (102, 101, '轴承', 'All / 外购件 / 轴承', '1/101/102/');
INSERT INTO product_template
  (id, sequence, categ_id, uom_id, uom_po_id, detailed_type, type, default_code, name, active, tracking) VALUES
  (101, 1, 102, 1, 1, 'product', 'product', 'BRG-6204', '{"en_US": "Bearing 6204", "zh_CN": "轴承 6204"}', true, 'none'),
  (102, 1, 7, 1, 1, 'consu', 'consu', '', '{"en_US": "Gasket"}', true, 'none');
INSERT INTO product_product (id, product_tmpl_id, default_code, combination_indices, active) VALUES
  (101, 101, 'BRG-6204', '', true), (102, 102, '', '', true);
COMMIT;
