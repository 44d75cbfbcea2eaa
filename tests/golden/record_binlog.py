#!/usr/bin/env python3
"""Records binlog events and what they must decode to, for tests/unit/test_binlog.c.

    record_binlog.py --port 3306 [--host 127.0.0.1] [--user root] [--password ''] [--only CASE]

Writes binlog/<server>-<case>.events (whole events one after the other, a format description first)
and .expected beside it. What is expected comes from SELECT on the server, never from our decoder:

    catalog TABLE COLUMN KIND TYPE      what the catalog knows of a column and the log does not
    insert|update|delete TABLE          then the rows, a line each: before and/or after
    <TAB>KIND TEXT<TAB>KIND TEXT...     text with \\t \\n \\\\ \\0 escaped, bytes as hex
    sql TEXT                            a statement other than BEGIN and COMMIT
    error NAME                          the events cannot be decoded, by this error of base/fail.h
    gtids SET                           of all transactions in the file

Works on MySQL (8.0.23 and later) and MariaDB (10.5 and later), both with binlog_format=ROW and
binlog_row_metadata=FULL. It makes and drops the database `golden`, nothing else.
"""
import argparse
import datetime
import os
import re
import struct

import pymysql

HERE = os.path.dirname(os.path.abspath(__file__))
COM_BINLOG_DUMP = 0x12
HEARTBEATS = (27, 41)
ROTATE, FORMAT_DESCRIPTION = 4, 15


class Server:
    def __init__(self, args):
        self.args = args
        self.connection = self.connect()
        self.cursor = self.connection.cursor()
        version = self.one("select version()")
        self.mariadb = "MariaDB" in version
        self.name = "mariadb" if self.mariadb else "mysql"
        self.run("set time_zone = '+00:00'")
        self.run("set sql_mode = ''")

    def connect(self):
        return pymysql.connect(host=self.args.host, port=self.args.port, user=self.args.user,
                               password=self.args.password, charset="utf8mb4", autocommit=True)

    def run(self, sql, args=None):
        self.cursor.execute(sql, args)
        return self.cursor.fetchall()

    def one(self, sql):
        return self.run(sql)[0][0]

    def position(self):
        status = "show master status" if self.mariadb else "show binary log status"
        return self.run(status)[0][:2]

    def gtids(self):
        if self.mariadb:
            return self.one("select @@global.gtid_binlog_pos")
        return self.one("select @@global.gtid_executed").replace("\n", "").replace(" ", "")

    def gtids_since(self, before):
        if self.mariadb:
            return self.gtids()
        new = self.run("select gtid_subtract(@@global.gtid_executed, %s)", (before,))[0][0]
        return new.replace("\n", "").replace(" ", "")

    def dump(self, file, position):
        """The events from a position to the log's end, with the file's format description."""
        c = self.connect()
        k = c.cursor()
        k.execute("set @master_binlog_checksum = @@global.binlog_checksum, "
                  "@source_binlog_checksum = @@global.binlog_checksum")
        if self.mariadb:
            k.execute("set @mariadb_slave_capability = 4")
        c._execute_command(COM_BINLOG_DUMP, struct.pack("<IHI", position, 1, 990) + file.encode())
        events = []
        while True:
            try:
                packet = c._read_packet()
            except pymysql.err.OperationalError:
                break
            data = packet.get_all_data()
            if data[0] == 0xFE and len(data) < 9:
                break
            event = data[1:]
            if event[4] not in HEARTBEATS and event[4] != ROTATE:
                events.append(event)
        assert events[0][4] == FORMAT_DESCRIPTION
        return events


# How a column of a kind is asked for, and how its answer is written.
EXPRESSIONS = {
    "integer": "cast({0}+0 as char)", "unsigned": "cast({0}+0 as char)",
    "float": "cast(cast({0} as double) as char)", "double": "cast({0} as char)",
    "decimal": "cast({0} as char)", "text": "convert({0} using utf8mb4)", "bytes": "hex({0})",
    "date": "cast({0} as char)", "time": "cast({0} as char)", "datetime": "cast({0} as char)",
    "instant": "cast({0} as char)", "json": "convert({0} using utf8mb4)", "uuid": "cast({0} as char)",
}


def escape(text):
    return (text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
            .replace("\0", "\\0"))


def with_microseconds(text):
    head, _, fraction = text.partition(".")
    return head + "." + (fraction + "000000")[:6]


def in_calendar(text):
    try:
        datetime.date.fromisoformat(text[:10])
        return True
    except ValueError:
        return False


def show(kind, text):
    if text is None:
        return "null"
    if kind in ("date", "datetime", "instant") and not in_calendar(text):
        return "odd " + text
    if kind in ("time", "datetime", "instant"):
        text = with_microseconds(text)
    if kind in ("float", "double"):
        text = "%.17g" % float(text)
    if kind == "bytes":
        text = text.lower()
    return kind + " " + escape(text)


class Case:
    """One recording: tables are made before it begins; what is written in between is recorded."""

    def __init__(self, server, name):
        self.server, self.name, self.lines, self.tables = server, name, [], {}
        self.file = None

    def table(self, name, columns, extra="", options=""):
        """`columns`: (name, SQL type, kind[, catalog]); the first is the key."""
        parts = ["`%s` %s" % (c[0], c[1]) for c in columns]
        parts.append("primary key (`%s`)" % columns[0][0])
        if extra:
            parts.append(extra)
        self.server.run("create table golden.`%s` (%s) %s" % (name, ", ".join(parts), options))
        self.tables[name] = columns
        for c in columns:
            if len(c) > 3:
                self.lines.append("catalog %s %s %s %s" % (name, c[0], c[2], c[3]))

    def begin(self):
        self.before = self.server.gtids()
        self.file, self.start = self.server.position()

    def select(self, table, where="1"):
        columns = self.tables[table]
        expressions = [EXPRESSIONS[c[2]].format("`%s`" % c[0]) for c in columns]
        rows = self.server.run("select %s from golden.`%s` where %s order by `%s`" %
                               (", ".join(expressions), table, where, columns[0][0]))
        return ["".join("\t" + show(c[2], v) for c, v in zip(columns, row)) for row in rows]

    def insert(self, table, rows, expect=True):
        """`rows`: lists of SQL literals."""
        for row in rows:
            self.server.run("insert into golden.`%s` values (%s)" % (table, ", ".join(row)))
        key = self.tables[table][0][0]
        if expect:
            keys = ", ".join(row[0] for row in rows)
            for line in self.select(table, "`%s` in (%s)" % (key, keys)):
                self.lines += ["insert " + table, line]

    def update(self, table, what, where="1"):
        before = self.select(table, where)
        self.server.run("update golden.`%s` set %s where %s" % (table, what, where))
        for old, new in zip(before, self.select(table, where)):
            if old != new:  # an update that changes nothing is not logged
                self.lines += ["update " + table, old, new]

    def delete(self, table, where="1"):
        for line in self.select(table, where):
            self.lines += ["delete " + table, line]
        self.server.run("delete from golden.`%s` where %s" % (table, where))

    def sql(self, text):
        self.server.run(text)
        self.lines.append("sql " + escape(text))

    def end(self):
        self.lines.append("gtids " + self.server.gtids_since(self.before))
        base = os.path.join(HERE, "binlog", "%s-%s" % (self.server.name, self.name))
        with open(base + ".events", "wb") as f:
            for event in self.server.dump(self.file, self.start):
                f.write(event)
        with open(base + ".expected", "w") as f:
            f.write("\n".join(self.lines) + "\n")


ID = ("id", "int", "integer")


def integers(case):
    columns = [ID]
    rows = [["1"], ["2"], ["3"], ["4"]]
    for name, bits in (("tinyint", 8), ("smallint", 16), ("mediumint", 24), ("int", 32),
                       ("bigint", 64)):
        columns += [(name + "_s", name, "integer"), (name + "_u", name + " unsigned", "unsigned")]
        rows[0] += [str(-2 ** (bits - 1)), "0"]
        rows[1] += [str(2 ** (bits - 1) - 1), str(2 ** bits - 1)]
        rows[2] += ["-1", str(2 ** (bits - 1))]
        rows[3] += ["null", "null"]
    columns += [("flag", "boolean", "integer"), ("y", "year", "integer"),
                ("b1", "bit(1)", "unsigned"), ("b12", "bit(12)", "unsigned"),
                ("b16", "bit(16)", "unsigned"), ("b64", "bit(64)", "unsigned"),
                ("f", "float", "float"), ("fu", "float unsigned", "float"),
                ("d", "double", "double")]
    rows[0] += ["true", "1901", "1", "4095", "65535", "18446744073709551615", "1.1", "3.4e38",
                "1.7976931348623157e308"]
    rows[1] += ["-5", "2155", "0", "1", "256", "1", "-0.1", "0", "5e-324"]
    rows[2] += ["0", "0", "1", "2048", "0", "9223372036854775808", "16777216", "1e-38", "0.1"]
    rows[3] += ["null"] * 9
    case.table("integers", columns)
    case.begin()
    case.insert("integers", rows)


def decimals(case):
    shapes = [(65, 30), (65, 0), (30, 30), (1, 0), (9, 9), (10, 1), (18, 9), (20, 6), (12, 3)]
    columns = [ID] + [("d%d_%d" % s, "decimal(%d,%d)" % s, "decimal") for s in shapes]
    columns.append(("u", "decimal(10,2) unsigned", "decimal"))

    def biggest(p, s, sign):
        return sign + ("9" * (p - s) or "0") + ("." + "9" * s if s else "")
    def smallest(p, s, sign):
        return sign + ("0." + "0" * (s - 1) + "1" if s else "1")
    rows = [["1"] + [biggest(p, s, "") for p, s in shapes] + ["99999999.99"],
            ["2"] + [biggest(p, s, "-") for p, s in shapes] + ["0"],
            ["3"] + [smallest(p, s, "") for p, s in shapes] + ["0.01"],
            ["4"] + [smallest(p, s, "-") for p, s in shapes] + ["12.5"],
            ["5"] + ["0"] * (len(shapes) + 1), ["6"] + ["null"] * (len(shapes) + 1)]
    case.table("decimals", columns)
    case.begin()
    case.insert("decimals", rows)


def moments(case):
    columns = [ID, ("date", "date", "date")]
    for fsp in range(7):
        columns += [("t%d" % fsp, "time(%d)" % fsp, "time"),
                    ("dt%d" % fsp, "datetime(%d)" % fsp, "datetime"),
                    ("ts%d" % fsp, "timestamp(%d) null" % fsp, "instant")]
    def row(id, date, time, moment, instant):
        return [str(id), date] + [time, moment, instant] * 7
    case.table("moments", columns)
    case.begin()
    case.insert("moments", [
        row(1, "'2026-11-22'", "'12:34:56.789012'", "'2026-11-22 12:34:56.987654'",
            "'2026-11-22 12:34:56.123456'"),
        row(2, "'1000-01-01'", "'-838:59:59'", "'1000-01-01 00:00:00'", "'1970-01-01 00:00:01'"),
        row(3, "'9999-12-31'", "'838:59:59'", "'9999-12-31 23:59:59'", "'2038-01-19 03:14:07'"),
        row(4, "'1969-12-31'", "'-00:00:00.5'", "'1969-12-31 23:59:59.5'",
            "'2000-02-29 00:00:00.000001'"),
        row(5, "'0001-01-01'", "'-00:00:01.999999'", "'0001-01-01 00:00:00.000001'",
            "'2001-09-09 01:46:40'"),
        row(6, "'0000-00-00'", "'00:00:00'", "'0000-00-00 00:00:00'", "'0000-00-00 00:00:00'"),
        row(7, "'2026-00-00'", "'-12:00:00.000001'", "'2026-05-00 01:02:03.25'", "null"),
        row(8, "null", "null", "null", "null"),
        row(9, "'1582-10-10'", "'-00:00:00.000001'", "'1900-03-01 00:00:00'",
            "'2024-12-31 23:59:59'"),
    ])
    case.server.run("set sql_mode = 'ALLOW_INVALID_DATES'")
    case.insert("moments", [row(10, "'2026-02-31'", "'01:00:00'", "'2025-02-29 10:00:00'", "null")])
    case.server.run("set sql_mode = ''")


def strings(case):
    case.table("strings", [
        ID, ("c", "char(10) character set utf8mb4", "text"),
        ("c255", "char(255) character set utf8mb4", "text"),
        ("v", "varchar(50) character set utf8mb4", "text"),
        ("v300", "varchar(300) character set utf8mb4", "text"),
        ("a", "varchar(20) character set ascii", "text"),
        ("u3", "varchar(20) character set utf8mb3", "text"),
        ("tt", "tinytext character set utf8mb4", "text"),
        ("t", "text character set utf8mb4", "text"),
        ("mt", "mediumtext character set utf8mb4", "text"),
        ("lt", "longtext character set utf8mb4", "text"),
        ("b", "binary(8)", "bytes"), ("b255", "binary(255)", "bytes"),
        ("vb", "varbinary(20)", "bytes"), ("vb300", "varbinary(300)", "bytes"),
        ("tb", "tinyblob", "bytes"), ("bl", "blob", "bytes"), ("mb", "mediumblob", "bytes"),
        ("lb", "longblob", "bytes"),
        ("e", "enum('small','中','it''s, big','') character set utf8mb4", "text"),
        ("s", "set('a','乙','c d') character set utf8mb4", "text")])
    case.begin()
    text = "'工单 😀 a\\\\b\\n\\tc\\0d'"
    case.insert("strings", [
        ["1"] + ["'x  '", "'中文  字'", text, text, "'ascii'", "'三字节'", text, text, text, text] +
        ["x'0100'", "x'00ff'", "x'0100'", "x'00'", "x'00'", "x'ff00'", "x''", "x'deadbeef00'"] +
        ["'中'", "'a,c d'"],
        ["2"] + ["''"] * 10 + ["''"] * 8 + ["''", "''"],
        ["3"] + ["null"] * 20,
        ["4", "repeat('汉', 10)", "repeat('汉', 255)", "repeat('z', 50)", "repeat('é', 300)",
         "repeat('q', 20)", "repeat('é', 20)", "repeat('t', 255)", "repeat('汉', 300)",
         "repeat('m', 1000)", "repeat('L', 1000)", "repeat(x'01', 8)", "repeat(x'02', 255)",
         "repeat(x'03', 20)", "repeat(x'04', 300)", "repeat(x'05', 255)", "repeat(x'06', 300)",
         "repeat(x'07', 300)", "repeat(x'08', 300)", "'it''s, big'", "'a,乙,c d'"],
        ["5"] + ["'  lead'"] * 10 + ["x'0000000000000000'"] * 8 + ["'nonsense'", "'乙'"]])


def charsets(case):
    sets = {
        "latin1": "'äöü€ñ™'", "latin2": "'ąłżčř'", "latin5": "'ğışÖ'", "latin7": "'ąčęž'",
        "cp1250": "'ąłżčř€'", "cp1251": "'Привет№'", "cp1256": "'سلام'", "cp1257": "'ąčęž€'",
        "cp850": "'äöü│'", "cp852": "'ąłż'", "cp866": "'Привет│'", "koi8r": "'Привет'",
        "koi8u": "'Привіт'", "greek": "'Ελλάδα'", "hebrew": "'שלום'", "tis620": "'สวัสดี'",
        "macroman": "'äöüƒ'", "macce": "'ąłż'", "dec8": "'äöü'", "hp8": "'äöü'",
        "keybcs2": "'čřž'", "armscii8": "'Հայ'", "geostd8": "'საქ'",
        "gbk": "'工单编号甲乙丙丁，鎔'", "gb2312": "'工单编号甲乙'", "big5": "'工單編號甲乙ヾあ•'",
        "sjis": "'作業指示〜‖−¢ｱ'", "cp932": "'作業指示～∥－①ｱ'", "ujis": "'作業指示〜‖−¢ｱ'",
        "eucjpms": "'作業指示～∥－①ｱ'", "euckr": "'작업지시똠'", "ucs2": "'工单ä'",
        "utf16": "'工单😀ä'", "utf16le": "'工单😀ä'", "utf32": "'工单😀ä'"}
    if not case.server.mariadb:
        sets["gb18030"] = "'工单😀㐀ḿ龴中'"
    columns, values = [ID], ["1"]
    for name, text in sets.items():
        columns.append((name, "varchar(40) character set " + name, "text"))
        values.append(text)
        columns.append((name + "_t", "text character set " + name, "text"))
        values.append("repeat(%s, 3)" % text)
    columns += [("e", "enum('größe','工') character set gbk", "text"),
                ("e16", "enum('klein','工') character set utf16", "text"),
                ("s1", "set('ä','ö') character set latin1", "text")]
    values += ["'工'", "'工'", "'ä,ö'"]
    case.table("charsets", columns)
    case.begin()
    case.insert("charsets", [values, ["2"] + ["''"] * (len(columns) - 1)])


def geometry(case):
    columns = [ID, ("before", "varchar(10) character set latin1", "text"),
               ("g", "geometry", "bytes"), ("p", "point", "bytes"),
               ("after", "varchar(10) character set utf8mb4", "text")]
    values = ["1", "'ä'", "st_geomfromtext('LINESTRING(0 0, 1 1)')", "point(1, 2)", "'ä'"]
    if not case.server.mariadb:
        columns += [("v", "vector(3)", "bytes"), ("last", "char(3) character set latin1", "text")]
        values += ["to_vector('[1,2,3.5]')", "'ö'"]
    case.table("geometry", columns)
    case.begin()
    case.insert("geometry", [values, ["2"] + ["null"] * (len(values) - 1)])


def wide(case):
    columns = [ID] + [("c%d" % i, "int" if i % 3 else "varchar(5) character set utf8mb4",
                       "integer" if i % 3 else "text") for i in range(1, 300)]
    case.table("wide", columns)
    case.begin()
    case.insert("wide", [[str(r)] + ["null" if (i * r) % 7 == 0 else "'%d'" % (i % 90)
                                     for i in range(1, 300)] for r in (1, 2, 3)])
    case.update("wide", "c1 = 5, c3 = 'new', c299 = null", "id = 2")
    case.delete("wide", "id = 1")


def changes(case):
    """Several tables in one transaction, and a changed layout."""
    case.table("orders", [ID, ("note", "varchar(20)", "text")], options="charset utf8mb4")
    case.table("lines", [ID, ("amount", "decimal(8,2)", "decimal")])
    case.begin()
    case.server.run("begin")
    case.insert("orders", [["1", "'a'"], ["2", "null"]])
    case.insert("lines", [["1", "1.5"]])
    case.update("orders", "note = 'b'", "id = 1")
    case.update("orders", "note = null")
    case.delete("lines")
    case.server.run("commit")
    case.sql("alter table golden.orders add extra int unsigned default 7")
    case.tables["orders"].append(("extra", "int unsigned", "unsigned"))
    case.update("orders", "note = '工'", "id = 2")
    case.insert("orders", [["3", "'c'", "4294967295"]])


def cascade(case):
    case.table("parent", [ID, ("n", "int", "integer")])
    case.table("child", [ID, ("p", "int", "integer")],
               "foreign key (p) references golden.parent (id) on delete cascade")
    case.insert("parent", [["1", "1"]], False)
    case.insert("child", [["1", "1"], ["2", "1"]], False)
    case.begin()
    logged = not case.server.mariadb and \
        not int(case.server.run("show variables like 'innodb_native_foreign_keys'")[0][1] == "ON")
    if logged:
        for line in case.select("child"):
            case.lines += ["delete child", line]
    case.delete("parent")


def large(case):
    """More rows than one event takes."""
    case.table("large", [ID, ("t", "text character set utf8mb4", "text")])
    case.begin()
    case.server.run("insert into golden.large with recursive n as (select 1 as i union all select "
                    "i + 1 from n where i < 40) select i, repeat('工', i * 10) from n")
    for line in case.select("large"):
        case.lines += ["insert large", line]


def minimal(case):
    case.table("minimal", [ID, ("a", "int", "integer"), ("b", "int", "integer")])
    case.insert("minimal", [["1", "1", "1"]], False)
    case.begin()
    case.server.run("set session binlog_row_image = MINIMAL")
    case.server.run("update golden.minimal set a = 2")
    case.server.run("set session binlog_row_image = FULL")
    case.lines.append("error row_image")


JSON_DOCUMENTS = [
    '{"a": 1, "b": [1, 2]}', '[]', '{}', 'null', 'true', 'false', '""', '"工单 😀"', '0', '-1',
    '32767', '-32768', '65535', '65536', '2147483647', '-2147483648', '4294967295',
    '9223372036854775807', '-9223372036854775808', '18446744073709551615', '18446744073709551616',
    '1.0', '-0.0', '0.1', '1e20', '1.5e300', '5e-324', '1e15', '1e14', '123456789012345.6',
    '1e-5', '1e-14', '1e-15', '1.25e-16', '3.141592653589793', '100000000000000000000',
    r'"esc \" \\ \/ \b \f \n \r \t \u0001 \u001f \u007f é"',
    '{"z": 1, "aa": {"bb": {"cc": [[], {}, [null, true, false]]}}, "": "empty key", "工": "x"}',
    '[1, "two", 3.5, null, {"four": 4}]', '[' + ', '.join(str(i * 7919) for i in range(200)) + ']',
    '{' + ', '.join('"k%d": "%s"' % (i, "v" * i) for i in range(60)) + '}', '"' + "x" * 300 + '"',
    '[' * 90 + ']' * 90]


def json(case):
    case.table("documents", [ID, ("j", "json", "json")])
    case.begin()
    for i, text in enumerate(JSON_DOCUMENTS):
        case.insert("documents", [[str(i), case.server.connection.escape(text)]])
    made = ["cast(12.500 as json)", "json_array(cast(-0.001 as decimal(10,3)), "
            "cast(99999999999999999999.99 as decimal(30,2)))",
            "json_object('d', cast('2026-11-22' as date), 't', cast('-838:59:59' as time), "
            "'dt', cast('2026-11-22 12:34:56.789' as datetime(6)))",
            "json_array(cast('10:11:12.5' as time(3)), timestamp '2020-01-01 00:00:00')",
            "json_array(x'deadbeef', cast('' as binary), cast(repeat('ab', 100) as binary))",
            "json_array(b'101', cast(st_geomfromtext('POINT(1 2)') as json))",
            "json_object('big', repeat('x', 70000), 'n', 70000, 'u', 4294967295, 'i', -70000)",
            "json_array(cast(1 as json), cast(true as json), cast('null' as json), null)", "null",
            "json_object('year', cast(2020 as year), 'f', cast(1.1 as float))"]
    for i, expression in enumerate(made):
        case.insert("documents", [[str(1000 + i), expression]])
    case.update("documents", "j = json_set(j, '$.a', 'changed')", "id = 0")
    case.delete("documents", "id = 1")


def partial_json(case):
    case.table("partial", [ID, ("j", "json", "json"), ("t", "text character set utf8mb4", "text"),
                           ("k", "json", "json")])
    pad = ", \"pad\": \"" + "p" * 200 + "\""
    case.insert("partial", [
        ["1", "'{\"a\": 1, \"b\": [1, 2, {\"c\": \"工\"}], \"long key\": {\"x\": true}%s}'" % pad,
         "'one'", "'[1, 2, 3, \"%s\"]'" % ("q" * 200)],
        ["2", "'{\"a\": \"two\"%s}'" % pad, "null", "null"]], False)
    case.begin()
    case.server.run("set session binlog_row_value_options = PARTIAL_JSON")
    case.update("partial", "j = json_set(j, '$.a', 2)")
    case.update("partial", "j = json_replace(j, '$.b[2].c', 'shorter')", "id = 1")
    case.update("partial", "j = json_remove(j, '$.b[0]'), k = json_set(k, '$[1]', 22)", "id = 1")
    case.update("partial", "j = json_set(j, '$.\"new key\"', json_array(1, 'x'), '$.b[1].d', 1.5)",
                "id = 1")
    case.update("partial", "j = json_remove(j, '$.\"long key\".x'), t = 'changed'", "id = 1")
    case.update("partial", "k = json_set(k, '$[9]', 'end'), j = json_set(j, '$.a', null)", "id = 1")
    case.update("partial", "j = json_array_append(j, '$.b', 'z')", "id = 1")
    case.update("partial", "k = '[]'", "id = 2")
    case.server.run("set session binlog_row_value_options = ''")


def payload(case):
    case.table("packed", [ID, ("t", "longtext character set utf8mb4", "text"),
                          ("u", "int unsigned", "unsigned")])
    case.begin()
    case.server.run("set session binlog_transaction_compression = ON")
    case.server.run("begin")
    case.insert("packed", [["1", "repeat('工', 2000)", "4294967295"], ["2", "null", "0"]])
    case.update("packed", "u = 7", "id = 2")
    case.server.run("commit")
    case.delete("packed", "id = 1")
    case.server.run("set session binlog_transaction_compression = OFF")
    case.insert("packed", [["3", "'plain'", "3"]])


def tagged(case):
    case.table("tagged", [ID])
    case.begin()
    case.insert("tagged", [["1"]])
    case.server.run("set gtid_next = 'AUTOMATIC:cdc'")
    case.insert("tagged", [["2"], ["3"]])
    case.server.run("set gtid_next = 'AUTOMATIC:a_tag_of_the_most_that_there_is'")
    case.insert("tagged", [["4"]])
    case.server.run("set gtid_next = 'AUTOMATIC'")
    case.insert("tagged", [["5"]])


def compressed_rows(case):
    case.table("packed", [ID, ("t", "longtext character set utf8mb4", "text")])
    case.begin()
    case.server.run("set global log_bin_compress = ON")
    case.server.run("set global log_bin_compress_min_len = 10")
    case.insert("packed", [["1", "repeat('工', 2000)"], ["2", "null"]])
    case.update("packed", "t = repeat('z', 300)")
    case.delete("packed", "id = 1")
    case.sql("alter table golden.packed comment = '%s'" % ("c" * 300))
    case.server.run("set global log_bin_compress = OFF")
    case.server.run("set global log_bin_compress_min_len = default")


def compressed_columns(case):
    case.table("compressed", [
        ID, ("v", "varchar(2000) compressed character set utf8mb4", "text"),
        ("v9", "varchar(9) compressed character set latin1", "text"),
        ("t", "longtext compressed character set utf8mb4", "text"),
        ("b", "blob compressed", "bytes"), ("vb", "varbinary(300) compressed", "bytes")])
    case.begin()
    case.insert("compressed", [["1", "repeat('工', 500)", "'ä'", "repeat('z', 5000)",
                                "repeat(x'00ff', 500)", "repeat(x'01', 300)"],
                               ["2", "'short'", "''", "''", "''", "x'00'"],
                               ["3"] + ["null"] * 5])
    case.server.run("set session column_compression_zlib_wrap = ON")
    case.insert("compressed", [["4", "repeat('y', 1500)", "'x'", "repeat('工', 5000)",
                                "repeat(x'aa', 999)", "repeat(x'02', 299)"]])
    case.server.run("set session column_compression_zlib_wrap = OFF")


def maria_types(case):
    case.table("maria", [
        ID, ("u", "uuid", "uuid", "uuid"), ("i4", "inet4", "text", "inet4"),
        ("i6", "inet6", "text", "inet6"),
        ("j", "json", "json", "longtext"), ("plain", "binary(16)", "bytes"),
        ("uca", "varchar(20) character set utf8mb4 collate utf8mb4_uca1400_ai_ci", "text"),
        ("nopad", "varchar(20) character set latin1 collate latin1_nopad_bin", "text"),
        ("v", "int as (id * 2) virtual", "integer"), ("p", "int as (id * 3) stored", "integer")])
    columns = "id, u, i4, i6, j, plain, uca, nopad"
    case.begin()
    for row in (["1", "'f47ac10b-58cc-4372-a567-0e02b2c3d479'", "'192.168.0.1'", "'2001:db8::ff00'",
                 "'{\"b\": 1,  \"a\": [\"工\"]}'", "x'01'", "'工'", "'ä'"],
                ["2", "'00000000-0000-0000-0000-000000000000'", "'0.0.0.0'", "'::'", "'null'", "x''", "''",
                 "''"],
                ["3", "'f47ac10b-58cc-1372-a567-0e02b2c3d400'", "'10.0.0.0'",
                 "'::ffff:192.168.0.1'", "'[]'", "x'00'", "'x'", "'x '"],
                ["4"] + ["null"] * 7):
        case.server.run("insert into golden.maria (%s) values (%s)" % (columns, ", ".join(row)))
    for line in case.select("maria"):
        case.lines += ["insert maria", line]


def old_moments(case):
    """Dates and times as before MySQL 5.6, which old MariaDB tables still have."""
    case.server.run("set global mysql56_temporal_format = OFF")
    case.table("old", [ID, ("t", "time", "time"), ("dt", "datetime", "datetime"),
                       ("ts", "timestamp null", "instant"), ("d", "date", "date")])
    case.server.run("set global mysql56_temporal_format = ON")
    case.begin()
    case.insert("old", [
        ["1", "'12:34:56'", "'2026-11-22 12:34:56'", "'2026-11-22 12:34:56'", "'2026-11-22'"],
        ["2", "'-838:59:59'", "'1000-01-01 00:00:00'", "'1970-01-01 00:00:01'", "'1000-01-01'"],
        ["3", "'838:59:59'", "'9999-12-31 23:59:59'", "'2038-01-19 03:14:07'", "'9999-12-31'"],
        ["4", "'-00:00:01'", "'0000-00-00 00:00:00'", "'0000-00-00 00:00:00'", "'0000-00-00'"],
        ["5", "null", "'2026-05-00 01:02:03'", "null", "null"]])


BOTH = [integers, decimals, moments, strings, charsets, geometry, wide, changes, cascade, large,
        minimal]
MYSQL = [json, partial_json, payload, tagged]
MARIADB = [compressed_rows, compressed_columns, maria_types, old_moments]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", default="root")
    parser.add_argument("--password", default="")
    parser.add_argument("--only")
    server = Server(parser.parse_args())
    for record in BOTH + (MARIADB if server.mariadb else MYSQL):
        if server.args.only not in (None, record.__name__):
            continue
        server.run("drop database if exists golden")
        server.run("create database golden")
        case = Case(server, record.__name__)
        record(case)
        case.end()
        print(server.name, record.__name__, len(case.lines), "lines")
    server.run("drop database golden")


if __name__ == "__main__":
    main()
