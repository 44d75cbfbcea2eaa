-- The MES: the ERP's materials and orders as it needs them, its bookings, and machines of its own.
CREATE TABLE material (
    id        bigint PRIMARY KEY,
    code      varchar(20) NOT NULL UNIQUE,
    name      varchar(100) NOT NULL,
    unit      varchar(10) NOT NULL,
    price     decimal(12,2),
    active    tinyint(1) NOT NULL DEFAULT 1,
    note      mediumtext
);
CREATE TABLE work_order (
    id          bigint PRIMARY KEY,
    number      varchar(20) NOT NULL UNIQUE,
    material_id bigint NOT NULL,
    quantity    decimal(12,3) NOT NULL,
    state       enum('draft','released','done','cancelled') NOT NULL,
    due         date,
    released_at datetime(6),
    remark      mediumtext,
    FOREIGN KEY (material_id) REFERENCES material (id)
);
CREATE TABLE work_order_line (
    work_order_id bigint NOT NULL,
    pos           int NOT NULL,
    material_id   bigint NOT NULL,
    quantity      decimal(14,4) NOT NULL,
    PRIMARY KEY (work_order_id, pos),
    FOREIGN KEY (work_order_id) REFERENCES work_order (id)
);
CREATE TABLE downtime (
    id      bigint PRIMARY KEY,
    machine varchar(40) NOT NULL,
    began   datetime(6) NOT NULL,
    minutes int,
    reason  varchar(100)
);
CREATE TABLE heartbeat (
    id bigint PRIMARY KEY,
    at datetime(6) NOT NULL DEFAULT current_timestamp(6)
);
CREATE TABLE progress (
    id            bigint PRIMARY KEY,
    work_order_id bigint NOT NULL,
    machine       varchar(40) NOT NULL,
    good          decimal(12,3) NOT NULL,
    scrap         decimal(12,3) NOT NULL,
    booked_at     datetime(6) NOT NULL
);
CREATE TABLE material_use (
    work_order_id bigint NOT NULL,
    material_id   bigint NOT NULL,
    lot           varchar(30),
    quantity      decimal(14,4) NOT NULL
);
CREATE TABLE quality (
    id            bigint PRIMARY KEY,
    work_order_id bigint NOT NULL,
    result        varchar(10) NOT NULL,
    measured      json,
    inspector     varchar(40)
);
-- not replicated
CREATE TABLE machine (name varchar(40) PRIMARY KEY, hall varchar(20));
INSERT INTO machine VALUES ('车床-01', '一号厂房'), ('车床-02', '一号厂房'), ('铣床-01', '二号厂房'),
                           ('Presse 3', 'Halle 3');
