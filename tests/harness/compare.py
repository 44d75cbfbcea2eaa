"""Comparison of two databases, row by row, in a form that both engines share.

    report = compare(pg_side, my_side, [("public.item", "mes.item"), ...])
    assert report.equal, report

Rows are matched by primary key; a table without one is compared as a multiset, where a doubled row
cannot hide. `lost`: in the source but not in the target. `doubled`: more often in the target than
in the source (for a keyed table: a row that the source does not have). `different`: same key, other
values. Values are brought to one form by what both columns are (canonical_kind).
"""
import datetime
import decimal
import json
import math
import re
import struct
import uuid
import zoneinfo
from collections import Counter

from .servers import run

UTC = datetime.timezone.utc


class Side:
    """One database to read from: a server and the name of a database in it, with its zone."""

    def __init__(self, server, database, zone="UTC"):
        self.server, self.database, self.zone = server, database, zone
        self.family = server.family

    def connect(self, **kw):
        return self.server.connect(self.database, **kw)


class Table:
    """Columns with their types and the key, as the catalog tells."""

    def __init__(self, side, name):
        self.side = side
        self.schema, _, self.name = name.rpartition(".")
        read = _pg_columns if side.family == "postgres" else _my_columns
        with side.connect() as c:
            self.columns, self.key = read(c, self.schema or _default_schema(side), self.name)
        if not self.columns:
            raise LookupError(f"no table {name} in {side.server.name}")

    @property
    def quoted(self):
        q = '"' if self.side.family == "postgres" else "`"
        schema = self.schema or _default_schema(self.side)
        return f"{q}{schema}{q}.{q}{self.name}{q}"


def _default_schema(side):
    return "public" if side.family == "postgres" else side.database


def _pg_columns(c, schema, name):
    columns = run(c, """
        SELECT a.attname, CASE t.typtype WHEN 'e' THEN 'e:' ELSE '' END
               || format_type(a.atttypid, a.atttypmod)
          FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
          JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_type t ON t.oid = a.atttypid
         WHERE n.nspname = %s AND r.relname = %s AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum""", (schema, name))
    key = run(c, """
        SELECT a.attname FROM pg_index i JOIN pg_class r ON r.oid = i.indrelid
          JOIN pg_namespace n ON n.oid = r.relnamespace
          JOIN unnest(i.indkey) WITH ORDINALITY k(attnum, o) ON true
          JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.attnum
         WHERE i.indisprimary AND n.nspname = %s AND r.relname = %s ORDER BY k.o""", (schema, name))
    return dict(columns), [k for k, in key]


def _my_columns(c, schema, name):
    columns = run(c, """
        SELECT column_name, column_type FROM information_schema.columns
         WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position""", (schema, name))
    key = run(c, """
        SELECT column_name FROM information_schema.key_column_usage
         WHERE table_schema = %s AND table_name = %s AND constraint_name = 'PRIMARY'
         ORDER BY ordinal_position""", (schema, name))
    return {n: t if isinstance(t, str) else t.decode() for n, t in columns}, [k for k, in key]


# -- one form for both engines


def canonical_kind(type_a, type_b):
    """What a pair of column types holds, as far as comparing goes."""
    both = {_kind(type_a), _kind(type_b)}
    for kind in ("json", "uuid", "boolean", "instant", "datetime", "float", "decimal", "set"):
        if kind in both:
            return kind
    return _kind(type_a)


def _kind(t):
    t = t.lower()
    head = t.split("(")[0].split()[0]
    if t.startswith("e:") or head in ("enum", "text", "varchar", "char", "character", "tinytext",
                                      "mediumtext", "longtext", "name", "citext"):
        return "text"
    if head in ("json", "jsonb"):
        return "json"
    if head == "uuid":
        return "uuid"
    if head == "boolean":
        return "boolean"
    if head == "timestamp":
        return "datetime" if "without" in t else "instant"
    if head in ("real", "float"):
        return "float"
    if head == "double":
        return "double"
    if head in ("numeric", "decimal"):
        return "decimal"
    if head in ("bytea", "blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary"):
        return "bytes"
    if head in ("datetime", "set", "date", "time", "bit", "year"):
        return head
    return "integer" if re.fullmatch(r"(tiny|small|medium|big)?int(eger)?", head) else "text"


def canonical(value, kind, zone="UTC"):
    if value is None:
        return None
    return _FORMS.get(kind, _plain)(value, zone)


def _plain(v, _):
    return bytes(v) if isinstance(v, (memoryview, bytearray)) else v


def _text(v, _):
    return v.decode("utf8", "surrogateescape") if isinstance(v, bytes) else str(v)


def _bytes(v, _):
    return v.encode() if isinstance(v, str) else bytes(v)


def _decimal(v, _):
    d = v if isinstance(v, decimal.Decimal) else decimal.Decimal(str(v))
    if not d.is_finite():
        return str(d)
    return decimal.Decimal(0) if d == 0 else _EXACT.normalize(d)


_EXACT = decimal.Context(prec=1100)


def _float(v, _):
    f = float(v)
    return "NaN" if math.isnan(f) else struct.unpack("f", struct.pack("f", f))[0]


def _double(v, _):
    f = float(v)
    return "NaN" if math.isnan(f) else f


def _boolean(v, _):
    if isinstance(v, (bytes, bytearray)):
        return any(v)
    return bool(int(v)) if not isinstance(v, bool) else v


def _bit(v, _):
    if isinstance(v, (bytes, bytearray)):
        return int.from_bytes(v, "big")
    return int(v, 2) if isinstance(v, str) else int(v)


def _integer(v, _):
    return int(v)


def _uuid(v, _):
    if isinstance(v, (bytes, bytearray, memoryview)) and len(bytes(v)) == 16:
        return str(uuid.UUID(bytes=bytes(v)))
    return str(uuid.UUID(_text(v, _)))


def _json(v, _):
    """Numbers as exact decimals; key order and white space do not count."""
    if not isinstance(v, (str, bytes)):
        v = json.dumps(v)
    loaded = json.loads(v, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
    return json.dumps(loaded, sort_keys=True, default=lambda d: f"#{_decimal(d, None)}",
                      ensure_ascii=False)


def _instant(v, zone):
    """A time on the world's clock; one without an offset is meant in its system's zone."""
    try:
        v = datetime.datetime.fromisoformat(_text(v, zone))
        if v.tzinfo is None:
            v = v.replace(tzinfo=zoneinfo.ZoneInfo(zone))
        return v.astimezone(UTC)
    except (ValueError, OverflowError):
        return _text(v, zone)  # infinity, BC, 0000-00-00


def _time(v, _):
    if isinstance(v, datetime.timedelta):
        return v
    if isinstance(v, datetime.time):
        return datetime.timedelta(hours=v.hour, minutes=v.minute, seconds=v.second,
                                  microseconds=v.microsecond)
    return v


def _set(v, _):
    if isinstance(v, (list, tuple)):
        return ",".join(sorted(v))
    return ",".join(sorted(_text(v, _).split(",")))


_FORMS = {"text": _text, "bytes": _bytes, "decimal": _decimal, "float": _float, "double": _double,
          "boolean": _boolean, "bit": _bit, "integer": _integer, "year": _integer, "uuid": _uuid,
          "json": _json, "instant": _instant, "datetime": _instant, "time": _time, "set": _set}


# -- comparing


class Difference:
    def __init__(self, what, table, key, source=None, target=None):
        self.what, self.table, self.key = what, table, key
        self.source, self.target = source, target

    def __str__(self):
        if self.what == "different":
            parts = [f"{c}: {_short(a)} -> {_short(self.target[c])}"
                     for c, a in self.source.items() if a != self.target[c]]
            return f"different {self.table} {self.key}: " + "; ".join(parts)
        return f"{self.what} {self.table} {_short(self.key)}"


def _short(v):
    text = repr(v)
    return text if len(text) < 120 else text[:110] + f"... ({len(text)} characters)"


class Report:
    def __init__(self):
        self.tables = 0
        self.rows = 0
        self.lost = self.doubled = self.different = 0
        self.differences = []

    @property
    def equal(self):
        return not (self.lost or self.doubled or self.different)

    def add(self, difference):
        name = difference.what
        setattr(self, name, getattr(self, name) + 1)
        if len(self.differences) < 20:
            self.differences.append(difference)

    def __str__(self):
        head = (f"{self.tables} tables, {self.rows} rows: lost {self.lost}, "
                f"doubled {self.doubled}, different {self.different}")
        return "\n  ".join([head] + [str(d) for d in self.differences])


def compare(source, target, tables, renames=None, only=None):
    """`tables`: pairs of names; `renames`: {source column: target column}; `only`: these columns."""
    report = Report()
    for source_name, target_name in tables:
        _compare_table(report, Table(source, source_name), Table(target, target_name),
                       renames or {}, only)
    return report


def _compare_table(report, source, target, renames, only):
    pairs = [(c, renames.get(c, c)) for c in source.columns
             if renames.get(c, c) in target.columns and (only is None or c in only)]
    missing = [] if only else [c for c in source.columns if renames.get(c, c) not in target.columns]
    if missing:
        raise LookupError(f"{target.quoted} has no {missing}")
    kinds = [canonical_kind(source.columns[a], target.columns[b]) for a, b in pairs]
    mine = _rows(source, [a for a, _ in pairs], kinds)
    theirs = _rows(target, [b for _, b in pairs], kinds)
    names = [a for a, _ in pairs]
    report.tables += 1
    report.rows += len(mine)
    if source.key and all(k in names for k in source.key):
        _compare_keyed(report, source, names, mine, theirs)
    else:
        _compare_bags(report, source, mine, theirs)


def _rows(table, columns, kinds):
    q = '"' if table.side.family == "postgres" else "`"
    sql = "SELECT " + ", ".join(_selected(table, c, k, q) for c, k in zip(columns, kinds))
    with table.side.connect() as c:
        if table.side.family == "postgres":
            run(c, "SET TimeZone = 'UTC'")
        rows = run(c, f"{sql} FROM {table.quoted}")
    forms = [(_FORMS.get(k, _plain), table.side.zone) for k in kinds]
    return [tuple(None if v is None else f(v, z) for v, (f, z) in zip(row, forms)) for row in rows]


_AS_TEXT = ("json", "text", "set", "uuid", "bit", "date", "instant", "datetime")


def _selected(table, column, kind, q):
    """Read what the server spells, not what the driver makes of it (infinity, year 0, rounding)."""
    t = table.columns[column].lower()
    name = f"{q}{column}{q}"
    if table.side.family == "postgres":
        return f"{name}::text" if kind in _AS_TEXT and t != "bytea" else name
    if kind in ("instant", "datetime"):
        return f"concat(cast({name} as char), '+00:00')" if t.startswith("timestamp") \
            else f"cast({name} as char)"
    if kind in ("json", "date"):
        return f"cast({name} as char)"
    return f"{name} + 0e0" if t.startswith("float") else name  # else in 6 digits


def _compare_keyed(report, source, names, mine, theirs):
    at = [names.index(k) for k in source.key]
    left = {tuple(r[i] for i in at): r for r in mine}
    right = {}
    for row in theirs:
        key = tuple(row[i] for i in at)
        if key in right:
            report.add(Difference("doubled", source.quoted, key))
        right[key] = row
    for key, row in left.items():
        other = right.get(key)
        if other is None:
            report.add(Difference("lost", source.quoted, key))
        elif other != row:
            report.add(Difference("different", source.quoted, key, dict(zip(names, row)),
                                  dict(zip(names, other))))
    for key in right.keys() - left.keys():
        report.add(Difference("doubled", source.quoted, key))


def _compare_bags(report, source, mine, theirs):
    left, right = Counter(mine), Counter(theirs)
    for row, n in (left - right).items():
        for _ in range(n):
            report.add(Difference("lost", source.quoted, row))
    for row, n in (right - left).items():
        for _ in range(n):
            report.add(Difference("doubled", source.quoted, row))
