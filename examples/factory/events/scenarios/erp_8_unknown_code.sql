-- A seal in a category that nobody has told the dictionary of: for a person. All else passes.
BEGIN;
INSERT INTO product_category (id, parent_id, name, complete_name, parent_path) VALUES
  (104, 101, '密封件', 'All / 外购件 / 密封件', '1/101/104/');
INSERT INTO product_template
  (id, sequence, categ_id, uom_id, uom_po_id, detailed_type, type, default_code, name, active, tracking) VALUES
  (104, 1, 104, 1, 1, 'product', 'product', 'SEAL-20', '{"en_US": "Seal 20", "zh_CN": "密封圈 20"}', true, 'none');
INSERT INTO product_product (id, product_tmpl_id, default_code, combination_indices, active) VALUES
  (104, 104, 'SEAL-20', '', true);
COMMIT;
