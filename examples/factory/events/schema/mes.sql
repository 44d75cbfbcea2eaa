-- The MES: ktg-mes's tables, cut down (NOTICE). MariaDB or MySQL. Traps that are real and stay: double(14,2)
-- quantities, wall-clock datetimes, copies of codes and names beside ids, misspelled names and codes
-- (quantity_unquanlified, quantity_recived, NORMARL), appended columns, primary keys alone.
SET NAMES utf8mb4;

CREATE TABLE md_item_type (
  item_type_id bigint(20) NOT NULL AUTO_INCREMENT, item_type_code varchar(64) NOT NULL,
  item_type_name varchar(255) NOT NULL, parent_type_id bigint(20) NOT NULL DEFAULT '0',
  ancestors varchar(255) NOT NULL, item_or_product varchar(20) NOT NULL,
  enable_flag char(1) NOT NULL DEFAULT 'Y', PRIMARY KEY (item_type_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE md_item (
  item_id bigint(20) NOT NULL AUTO_INCREMENT, item_code varchar(64) NOT NULL,
  item_name varchar(255) NOT NULL, specification varchar(500) DEFAULT NULL,
  unit_of_measure varchar(64) NOT NULL, item_or_product varchar(20) NOT NULL,
  item_type_id bigint(20) DEFAULT '0', item_type_code varchar(64) DEFAULT '',
  item_type_name varchar(255) DEFAULT '', enable_flag char(1) NOT NULL DEFAULT 'Y',
  safe_stock_flag char(1) NOT NULL DEFAULT 'N', min_stock double(12,4) DEFAULT '0.0000',
  max_stock double(12,4) DEFAULT '0.0000', remark varchar(500) DEFAULT '',
  attr1 varchar(64) DEFAULT NULL, create_by varchar(64) DEFAULT '', create_time datetime DEFAULT NULL,
  update_by varchar(64) DEFAULT '', update_time datetime DEFAULT NULL, PRIMARY KEY (item_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE pro_workorder (
  workorder_id bigint(20) NOT NULL AUTO_INCREMENT, workorder_code varchar(64) NOT NULL,
  workorder_name varchar(255) NOT NULL, order_source varchar(64) NOT NULL,
  source_code varchar(64) DEFAULT NULL, product_id bigint(20) NOT NULL,
  product_code varchar(64) NOT NULL, product_name varchar(255) NOT NULL,
  product_spc varchar(255) DEFAULT NULL, unit_of_measure varchar(64) NOT NULL,
  quantity double(14,2) NOT NULL DEFAULT '0.00', quantity_produced double(14,2) DEFAULT '0.00',
  quantity_changed double(14,2) DEFAULT '0.00', quantity_scheduled double(14,2) DEFAULT '0.00',
  request_date datetime NOT NULL, parent_id bigint(20) NOT NULL DEFAULT '0',
  ancestors varchar(500) NOT NULL, status varchar(64) DEFAULT 'PREPARE',
  remark varchar(500) DEFAULT '', attr1 varchar(64) DEFAULT NULL,
  create_by varchar(64) DEFAULT '', create_time datetime DEFAULT NULL,
  update_by varchar(64) DEFAULT '', update_time datetime DEFAULT NULL,
  batch_code varchar(64) DEFAULT NULL, finish_date datetime DEFAULT NULL,
  workorder_type varchar(64) DEFAULT 'SELF', PRIMARY KEY (workorder_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE pro_workorder_bom (
  line_id bigint(20) NOT NULL AUTO_INCREMENT, workorder_id bigint(20) NOT NULL,
  item_id bigint(20) NOT NULL, item_code varchar(64) NOT NULL, item_name varchar(255) NOT NULL,
  item_spc varchar(255) DEFAULT NULL, unit_of_measure varchar(64) NOT NULL,
  item_or_product varchar(20) NOT NULL, quantity double(14,2) NOT NULL DEFAULT '0.00',
  remark varchar(500) DEFAULT '', create_by varchar(64) DEFAULT '', create_time datetime DEFAULT NULL,
  update_by varchar(64) DEFAULT '', update_time datetime DEFAULT NULL, PRIMARY KEY (line_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE pro_task (
  task_id bigint(20) NOT NULL AUTO_INCREMENT, task_code varchar(64) NOT NULL,
  task_name varchar(255) NOT NULL, workorder_id bigint(20) NOT NULL,
  workorder_code varchar(64) NOT NULL, workstation_code varchar(64) NOT NULL,
  process_code varchar(64) DEFAULT NULL, item_id bigint(20) NOT NULL, item_code varchar(64) NOT NULL,
  unit_of_measure varchar(64) NOT NULL, quantity double(14,2) NOT NULL DEFAULT '1.00',
  quantity_produced double(14,2) DEFAULT '0.00', quantity_quanlify double(14,2) DEFAULT '0.00',
  quantity_unquanlify double(14,2) DEFAULT '0.00', start_time datetime DEFAULT CURRENT_TIMESTAMP,
  duration int(11) DEFAULT '1', end_time datetime DEFAULT NULL, status varchar(64) DEFAULT 'NORMARL',
  update_by varchar(64) DEFAULT '', update_time datetime DEFAULT NULL, PRIMARY KEY (task_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE pro_feedback (
  record_id bigint(20) NOT NULL AUTO_INCREMENT, feedback_type varchar(64) NOT NULL,
  feedback_code varchar(64) DEFAULT NULL, workstation_code varchar(64) DEFAULT NULL,
  workorder_id bigint(20) NOT NULL, workorder_code varchar(64) DEFAULT NULL,
  process_code varchar(64) DEFAULT NULL, task_id bigint(20) DEFAULT NULL,
  task_code varchar(64) DEFAULT NULL, item_id bigint(20) NOT NULL, item_code varchar(64) NOT NULL,
  item_name varchar(255) NOT NULL, unit_of_measure varchar(64) DEFAULT NULL,
  quantity double(14,2) DEFAULT NULL, quantity_feedback double(14,2) DEFAULT NULL,
  quantity_qualified double(14,2) DEFAULT NULL, quantity_unquanlified double(14,2) DEFAULT NULL,
  quantity_uncheck double(14,2) DEFAULT NULL, user_name varchar(64) DEFAULT NULL,
  nick_name varchar(64) DEFAULT NULL, feedback_time datetime DEFAULT NULL,
  status varchar(64) DEFAULT 'PREPARE', remark varchar(500) DEFAULT '',
  update_by varchar(64) DEFAULT '', update_time datetime DEFAULT NULL, PRIMARY KEY (record_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wm_item_consume (
  record_id bigint(20) NOT NULL AUTO_INCREMENT, workorder_id bigint(20) DEFAULT NULL,
  workorder_code varchar(64) DEFAULT NULL, task_id bigint(20) DEFAULT NULL,
  task_code varchar(64) DEFAULT NULL, workstation_code varchar(64) DEFAULT NULL,
  process_code varchar(64) DEFAULT NULL, consume_date datetime DEFAULT NULL,
  status varchar(64) DEFAULT 'PREPARE', remark varchar(500) DEFAULT '',
  create_time datetime DEFAULT NULL, update_time datetime DEFAULT NULL, PRIMARY KEY (record_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wm_item_consume_line (
  line_id bigint(20) NOT NULL AUTO_INCREMENT, record_id bigint(20) DEFAULT NULL,
  material_stock_id bigint(20) DEFAULT NULL, item_id bigint(20) NOT NULL,
  item_code varchar(64) DEFAULT NULL, item_name varchar(255) DEFAULT NULL,
  unit_of_measure varchar(64) DEFAULT NULL, quantity_consume double(12,2) NOT NULL,
  batch_code varchar(255) DEFAULT NULL, warehouse_code varchar(64) DEFAULT NULL,
  create_time datetime DEFAULT NULL, PRIMARY KEY (line_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wm_product_produce (
  record_id bigint(20) NOT NULL AUTO_INCREMENT, workorder_id bigint(20) DEFAULT NULL,
  workorder_code varchar(64) DEFAULT NULL, task_id bigint(20) DEFAULT NULL,
  task_code varchar(64) DEFAULT NULL, workstation_code varchar(64) DEFAULT NULL,
  process_code varchar(64) DEFAULT NULL, produce_date datetime DEFAULT NULL,
  status varchar(64) DEFAULT 'PREPARE', remark varchar(500) DEFAULT '',
  create_time datetime DEFAULT NULL, update_time datetime DEFAULT NULL, PRIMARY KEY (record_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wm_product_produce_line (
  line_id bigint(20) NOT NULL AUTO_INCREMENT, record_id bigint(20) DEFAULT NULL,
  item_id bigint(20) NOT NULL, item_code varchar(64) DEFAULT NULL,
  item_name varchar(255) DEFAULT NULL, unit_of_measure varchar(64) DEFAULT NULL,
  quantity_produce double(12,2) NOT NULL, batch_code varchar(255) DEFAULT NULL,
  warehouse_code varchar(64) DEFAULT NULL, create_time datetime DEFAULT NULL, PRIMARY KEY (line_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wm_product_recpt (
  recpt_id bigint(20) NOT NULL AUTO_INCREMENT, recpt_code varchar(64) NOT NULL,
  workorder_id bigint(20) DEFAULT NULL, workorder_code varchar(64) DEFAULT NULL,
  item_id bigint(20) NOT NULL, item_code varchar(64) DEFAULT NULL, recpt_date datetime DEFAULT NULL,
  status varchar(64) DEFAULT 'PREPARE', PRIMARY KEY (recpt_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wm_product_recpt_line (
  line_id bigint(20) NOT NULL AUTO_INCREMENT, recpt_id bigint(20) DEFAULT NULL,
  item_id bigint(20) NOT NULL, item_code varchar(64) DEFAULT NULL,
  unit_of_measure varchar(64) DEFAULT NULL, quantity_recived double(12,2) NOT NULL,
  workorder_id bigint(20) DEFAULT NULL, workorder_code varchar(64) DEFAULT NULL,
  batch_code varchar(255) DEFAULT NULL, warehouse_code varchar(64) DEFAULT NULL, PRIMARY KEY (line_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wm_material_stock (
  material_stock_id bigint(20) NOT NULL AUTO_INCREMENT, item_id bigint(20) NOT NULL,
  item_code varchar(64) DEFAULT NULL, item_name varchar(255) DEFAULT NULL,
  unit_of_measure varchar(64) DEFAULT NULL, batch_code varchar(255) DEFAULT NULL,
  warehouse_id bigint(20) NOT NULL, warehouse_code varchar(64) DEFAULT NULL,
  quantity_onhand double(12,2) DEFAULT NULL, workorder_code varchar(64) DEFAULT NULL,
  recpt_date datetime DEFAULT NULL, update_time datetime DEFAULT NULL, PRIMARY KEY (material_stock_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE wm_transaction (
  transaction_id bigint(20) NOT NULL AUTO_INCREMENT, transaction_type varchar(64) NOT NULL,
  item_id bigint(20) NOT NULL, item_code varchar(64) DEFAULT NULL, item_name varchar(255) DEFAULT NULL,
  unit_of_measure varchar(64) DEFAULT NULL, batch_code varchar(255) DEFAULT NULL,
  warehouse_id bigint(20) NOT NULL, warehouse_code varchar(64) DEFAULT NULL,
  source_doc_type varchar(64) DEFAULT NULL, source_doc_id bigint(20) DEFAULT NULL,
  source_doc_code varchar(64) DEFAULT NULL, source_doc_line_id bigint(20) DEFAULT NULL,
  material_stock_id bigint(20) NOT NULL, transaction_flag int(1) DEFAULT '1',
  transaction_quantity double(12,2) DEFAULT NULL, transaction_date datetime DEFAULT NULL,
  erp_date datetime DEFAULT NULL, workorder_id bigint(20) DEFAULT NULL,
  workorder_code varchar(64) DEFAULT NULL, create_time datetime DEFAULT NULL,
  PRIMARY KEY (transaction_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ---- landing: business keys that the writes find rows by, and the MES lacks
ALTER TABLE md_item           ADD UNIQUE KEY uk_cdc_item (item_code);
ALTER TABLE pro_workorder     ADD UNIQUE KEY uk_cdc_workorder (workorder_code);
ALTER TABLE pro_workorder_bom ADD UNIQUE KEY uk_cdc_wobom (workorder_id, item_id);
