-- The mistake is mended: the cap is a material, the MES gets it, and what waited for it goes out.
BEGIN;
UPDATE product_template SET type = 'product', detailed_type = 'product' WHERE id = 103;
COMMIT;
