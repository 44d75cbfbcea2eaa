"""The null sink's sums (sinks/null/sink.c says what they are), made from a SELECT.

    whole_rows(side, "work_order", "id <= 5")     # sum over rows as inserts and updates bring them
    keys(side, "work_order", "id <= 5")           # over rows of which the log has the key only
    demand_same(a, b, "work_order")               # else Failed
"""
import datetime
import struct

import pymysql.cursors
import xxhash

from harness.servers import run

from .rows import COLUMNS, WORK_ORDER
from .scenario import Failed

ABSENT, NULL, INTEGER, DOUBLE, DECIMAL, TEXT, DATE, DATETIME = 0, 1, 3, 6, 7, 8, 10, 12
DAY0, TIME0 = datetime.date(1970, 1, 1).toordinal(), datetime.datetime(1970, 1, 1)
_number = struct.Struct("<Bq").pack
_double = struct.Struct("<Bd").pack
_head = struct.Struct("<BI").pack


def _text(kind):
    def encode(v):
        data = str(v).encode()
        return _head(kind, len(data)) + data
    return encode


def _datetime(v):
    since = v - TIME0
    return _number(DATETIME, (since.days * 86400 + since.seconds) * 1000000 + since.microseconds)


_ENCODERS = {
    "bigint": lambda v: _number(INTEGER, v), "integer": lambda v: _number(INTEGER, v),
    "smallint": lambda v: _number(INTEGER, v), "varchar": _text(TEXT), "numeric": _text(DECIMAL),
    "double": lambda v: _double(DOUBLE, v),
    "date": lambda v: _number(DATE, v.toordinal() - DAY0), "timestamp": _datetime,
}
ENCODERS = [_ENCODERS[pg.split("(")[0].split()[0]] for _, pg, _ in WORK_ORDER.columns]
NULL_BYTES, ABSENT_BYTES = bytes([NULL]), bytes([ABSENT])


def whole_rows(side, table, where):
    return _sum(side, table, where, lambda row: b"".join(
        NULL_BYTES if v is None else encode(v) for encode, v in zip(ENCODERS, row)))


def keys(side, table, where):
    rest = ABSENT_BYTES * (len(COLUMNS) - 1)
    return _sum(side, table, where, lambda row: ENCODERS[0](row[0]) + rest)


def demand_same(a, b, table):
    """What was drained is what was written: the count, and every value of each tenth row."""
    found = []
    for side in (a, b):
        with side.connect() as c:
            count = run(c, f"SELECT count(*) FROM {table}")[0][0]
        found.append((count, whole_rows(side, table, "id % 10 = 0")))
    if found[0] != found[1]:
        raise Failed(f"{table}: rows and their sum are {found[0]} at the source, {found[1]} at "
                     "the target")


def _sum(side, table, where, encode):
    total = 0
    with side.connect(autocommit=False) as c:
        cursor = c.cursor("rows") if side.family == "postgres" \
            else c.cursor(pymysql.cursors.SSCursor)
        cursor.itersize = 20_000
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM {table} WHERE {where}")
        for row in cursor:
            total += xxhash.xxh3_64_intdigest(encode(row))
        cursor.close()
    return total & (2**64 - 1)
