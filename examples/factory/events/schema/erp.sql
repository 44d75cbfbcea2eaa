-- The ERP: Odoo 17's tables, cut down (NOTICE). PostgreSQL. Traps that are real and stay: numeric without
-- a precision beside float8, translated names in jsonb, `timestamp` that means UTC, int4 ids with the
-- business key in `name` or `default_code`, no defaults in the database.
CREATE TABLE uom_uom (
  id serial PRIMARY KEY, category_id int4 NOT NULL, uom_type varchar NOT NULL, name jsonb NOT NULL,
  factor numeric NOT NULL, rounding numeric NOT NULL, active bool, create_date timestamp,
  write_date timestamp);

CREATE TABLE product_category (
  id serial PRIMARY KEY, parent_id int4 REFERENCES product_category(id), name varchar NOT NULL,
  complete_name varchar, parent_path varchar, create_date timestamp, write_date timestamp);

CREATE TABLE product_template (
  id serial PRIMARY KEY, sequence int4, categ_id int4 NOT NULL REFERENCES product_category(id),
  uom_id int4 NOT NULL REFERENCES uom_uom(id), uom_po_id int4 NOT NULL REFERENCES uom_uom(id),
  detailed_type varchar NOT NULL, type varchar, default_code varchar, priority varchar,
  name jsonb NOT NULL, description jsonb, list_price numeric, weight numeric, active bool,
  create_date timestamp, write_date timestamp, sale_delay int4, tracking varchar NOT NULL);

CREATE TABLE product_product (
  id serial PRIMARY KEY, product_tmpl_id int4 NOT NULL REFERENCES product_template(id) ON DELETE CASCADE,
  default_code varchar, barcode varchar, combination_indices varchar, volume numeric, weight numeric,
  active bool, write_date timestamp, create_date timestamp);

CREATE TABLE stock_lot (
  id serial PRIMARY KEY, product_id int4 NOT NULL REFERENCES product_product(id), product_uom_id int4,
  company_id int4 NOT NULL, name varchar NOT NULL, ref varchar, note text, create_date timestamp,
  write_date timestamp);

CREATE TABLE mrp_workcenter (
  id serial PRIMARY KEY, resource_id int4 NOT NULL, company_id int4, sequence int4 NOT NULL,
  name varchar, code varchar, working_state varchar, active bool, create_date timestamp,
  write_date timestamp, time_efficiency float8);

CREATE TABLE mrp_production (
  id serial PRIMARY KEY, backorder_sequence int4, product_id int4 NOT NULL REFERENCES product_product(id),
  product_uom_id int4 NOT NULL REFERENCES uom_uom(id), lot_producing_id int4 REFERENCES stock_lot(id),
  company_id int4 NOT NULL, user_id int4, name varchar, priority varchar, origin varchar, state varchar,
  reservation_state varchar, consumption varchar NOT NULL, product_qty numeric NOT NULL CHECK (product_qty > 0),
  qty_producing numeric, is_locked bool, date_deadline timestamp, date_start timestamp NOT NULL,
  date_finished timestamp, create_date timestamp, write_date timestamp, product_uom_qty float8,
  CONSTRAINT mrp_production_name_uniq UNIQUE (name, company_id));

CREATE TABLE stock_move (
  id serial PRIMARY KEY, sequence int4, company_id int4 NOT NULL,
  product_id int4 NOT NULL REFERENCES product_product(id), product_uom int4 NOT NULL REFERENCES uom_uom(id),
  name varchar NOT NULL, state varchar, origin varchar, procure_method varchar NOT NULL, reference varchar,
  product_qty numeric, product_uom_qty numeric NOT NULL, quantity numeric, picked bool, scrapped bool,
  date timestamp NOT NULL, create_date timestamp, write_date timestamp, price_unit float8,
  production_id int4 REFERENCES mrp_production(id),
  raw_material_production_id int4 REFERENCES mrp_production(id), unit_factor float8,
  manual_consumption bool);

-- ---- landing: what only Millrace writes. x_posted is the ERP's.
ALTER TABLE mrp_production
  ADD COLUMN x_mes_state varchar, ADD COLUMN x_mes_qty_good numeric, ADD COLUMN x_mes_qty_scrap numeric,
  ADD COLUMN x_mes_date_start timestamp, ADD COLUMN x_mes_date_finished timestamp;

CREATE TABLE x_mes_job_response (
  id serial PRIMARY KEY, x_name varchar NOT NULL,
  x_production_id int4 REFERENCES mrp_production(id) ON DELETE CASCADE, x_production_name varchar NOT NULL,
  x_job_order varchar, x_process_segment varchar, x_workcenter_id int4, x_person varchar,
  x_qty_good numeric NOT NULL, x_qty_scrap numeric NOT NULL, x_uom_id int4, x_state varchar NOT NULL,
  x_end_time timestamp, create_date timestamp, write_date timestamp,
  CONSTRAINT x_mes_job_response_name_uniq UNIQUE (x_name));

CREATE TABLE x_mes_material_actual (
  id serial PRIMARY KEY, x_source varchar NOT NULL, x_source_line_id int8 NOT NULL,
  x_production_name varchar NOT NULL, x_production_id int4, x_material_use varchar NOT NULL,
  x_product_id int4 NOT NULL, x_default_code varchar NOT NULL, x_lot_name varchar, x_location_code varchar,
  x_qty numeric NOT NULL, x_uom_id int4 NOT NULL, x_time timestamp NOT NULL,
  x_posted bool NOT NULL DEFAULT false,
  CONSTRAINT x_mes_material_actual_uniq UNIQUE (x_source, x_source_line_id));
