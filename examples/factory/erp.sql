-- The ERP: materials, work orders with lines, planned downtime; and what the factory reports back.
CREATE TABLE material (
    id        bigint PRIMARY KEY,
    code      varchar(20) NOT NULL UNIQUE,
    name      varchar(100) NOT NULL,
    unit      varchar(10) NOT NULL,
    price     numeric(12,2),
    active    boolean NOT NULL DEFAULT true,
    note      text
);
CREATE TABLE work_order (
    id          bigint PRIMARY KEY,
    number      varchar(20) NOT NULL UNIQUE,
    material_id bigint NOT NULL REFERENCES material (id),
    quantity    numeric(12,3) NOT NULL,
    state       varchar(12) NOT NULL,
    due         date,
    released_at timestamptz,
    remark      text
);
CREATE TABLE work_order_line (
    work_order_id bigint NOT NULL REFERENCES work_order (id),
    pos           integer NOT NULL,
    material_id   bigint NOT NULL REFERENCES material (id),
    quantity      numeric(14,4) NOT NULL,
    PRIMARY KEY (work_order_id, pos)
);
-- written on both sides: the ERP plans (odd ids), the MES reports (even ids)
CREATE TABLE downtime (
    id      bigint PRIMARY KEY,
    machine varchar(40) NOT NULL,
    began   timestamptz NOT NULL,
    minutes integer,
    reason  varchar(100)
);
-- one row a measurement of the lag
CREATE TABLE heartbeat (
    id bigint PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);
-- the MES's own, as the ERP sees it
CREATE TABLE progress (
    id            bigint PRIMARY KEY,
    work_order_id bigint NOT NULL,
    machine       varchar(40) NOT NULL,
    good          numeric(12,3) NOT NULL,
    scrap         numeric(12,3) NOT NULL,
    booked_at     timestamptz NOT NULL
);
CREATE TABLE material_use (        -- a journal without a key
    work_order_id bigint NOT NULL,
    material_id   bigint NOT NULL,
    lot           varchar(30),
    quantity      numeric(14,4) NOT NULL
);
ALTER TABLE material_use REPLICA IDENTITY FULL;
CREATE TABLE quality (
    id            bigint PRIMARY KEY,
    work_order_id bigint NOT NULL,
    result        varchar(10) NOT NULL,
    measured      jsonb,
    inspector     varchar(40)
);
