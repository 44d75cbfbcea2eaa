"""What Millrace does with factory.yaml, in a few hundred lines of Python: a model to prove the mappings
by, and the engine against. Slow, in memory, one transaction at a time.

    mirror    the source's tables in SQLite; at each COMMIT the touched objects are looked at again
    events    what an object says now against what it said last: created, changed, gone
    writes    `let`, then the SELECT of the configuration over `event` and `line` on the real target
"""
import csv
import datetime
import decimal
import json
import os
import re
import sqlite3
import zoneinfo
from decimal import Decimal
from fractions import Fraction

import yaml

from harness.servers import run

here = os.path.dirname(os.path.abspath(__file__))
exact = decimal.Context(prec=60)


class Quarantined(Exception):
    """A function or a write that a person must look at."""


# ---- the configuration


def load_config(path=os.path.join(here, "factory.yaml")):
    with open(path) as f:
        config = yaml.load(f, yaml.BaseLoader)  # texts, whatever YAML makes of Y, NO, 1
    for name, d in config["dictionaries"].items():
        if "file" in d:
            with open(os.path.join(os.path.dirname(path), d["file"])) as f:
                rows = list(csv.reader(f))
            assert rows[0] == ["code", "value"], name
            d["codes"] = dict(rows[1:])
            assert len(d["codes"]) == len(rows) - 1, f"{name}: a code twice"
    return config


def as_list(value):
    return [value] if isinstance(value, str) else list(value or [])


# ---- what mappings call inside SQLite


def text(d):
    """A decimal in one spelling: 10.0 and 10 are one."""
    s = format(d.normalize(exact), "f")
    return "0" if s in ("-0", "0") else s


def to_decimal(v):
    return Decimal(repr(v)) if isinstance(v, float) else Decimal(str(v))


class ExactSum:
    def __init__(self):
        self.total = None

    def step(self, v):
        if v is not None:
            self.total = exact.add(self.total or Decimal(0), to_decimal(v))

    def finalize(self):
        return None if self.total is None else text(self.total)


class Functions:
    def __init__(self, config):
        self.dictionaries = config["dictionaries"]
        self.ratios = {}  # (from, to, material or None): Fraction
        for line in config["units"]:
            n, a, m, b, _, item = re.fullmatch(
                r"(\S+) (\S+) = (\S+) (\S+)( of (\S+))?", line).groups()
            self.ratios[a, b, item] = Fraction(m) / Fraction(n)
            self.ratios[b, a, item] = Fraction(n) / Fraction(m)
        self.error = None

    def guarded(self, f):
        def call(*args):
            try:
                return f(*args)
            except Quarantined as e:
                self.error = e
                raise
        return call

    def map(self, name, code):
        d = self.dictionaries[name]
        if code is None:
            return None
        if str(code) in d["codes"]:
            return d["codes"][str(code)]
        unknown = d.get("unknown", "fail")
        if isinstance(unknown, dict):
            return unknown["value"]
        if unknown == "pass":
            return str(code)
        raise Quarantined(f"dictionary {name} has no code {code!r}")

    def convert_unit(self, quantity, a, b, material=None):
        if None in (quantity, a, b):
            return None
        q = Fraction(to_decimal(quantity))
        if a != b:
            ratio = self.ratios.get((a, b, material)) or self.ratios.get((a, b, None))
            if ratio is None:
                raise Quarantined(f"no way from {a} to {b}")
            q *= ratio
        return text(exact.divide(Decimal(q.numerator), Decimal(q.denominator)))

    @staticmethod
    def json_pick(doc, *keys):
        found = json.loads(doc) if doc is not None else {}
        return next((found[k] for k in keys if found.get(k) is not None), None)

    @staticmethod
    def regex_extract(subject, pattern, group=0):
        if subject is None:
            return None
        m = re.search(pattern, subject)
        if not m:
            raise Quarantined(f"{subject!r} does not match {pattern}")
        return m.group(group)

    @staticmethod
    def at_zone(value, a, b):
        return value and local(instant(value, a), b)

    def register(self, db):
        for name, n in [("map", 2), ("convert_unit", 3), ("convert_unit", 4), ("json_pick", -1),
                        ("regex_extract", 2), ("regex_extract", 3), ("at_zone", 3)]:
            db.create_function(name, n, self.guarded(getattr(self, name)), deterministic=True)
        for name, f in [("dec_add", exact.add), ("dec_sub", exact.subtract),
                        ("dec_mul", exact.multiply)]:
            db.create_function(name, 2, lambda a, b, f=f: text(f(to_decimal(a), to_decimal(b))))
        db.create_aggregate("sum", 1, ExactSum)
        db.create_collation("decimal", lambda a, b: (Decimal(a) > Decimal(b)) - (Decimal(a) < Decimal(b)))


# ---- time


def instant(value, zone):
    """Text of a system without zones -> a moment."""
    t = datetime.datetime.fromisoformat(str(value))
    if t.tzinfo is None:
        t = t.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    return t.astimezone(datetime.timezone.utc)


def local(moment, zone):
    return str(moment.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None))


# ---- a database


class Database:
    def __init__(self, side, zone):
        self.side, self.zone = side, zone
        self.postgres = side.family == "postgres"
        self.c = side.connect()
        run(self.c, f"SET timezone = '{zone}'" if self.postgres else "SET time_zone = '+08:00'")
        self.columns = {}

    def table(self, name):
        """column -> (type, scale), and the primary key."""
        if name not in self.columns:
            schema = "public" if self.postgres else self.side.database
            cols = run(self.c, "SELECT column_name, data_type, numeric_scale FROM "
                       "information_schema.columns WHERE table_schema = %s AND table_name = %s "
                       "ORDER BY ordinal_position", (schema, name))
            assert cols, f"there is no table {name}"
            self.columns[name] = {c: (t, s) for c, t, s in cols}
        return self.columns[name]

    def primary_key(self, name):
        return next(iter(self.table(name)))  # the first column, in these schemas

    def rows(self, name):
        return run(self.c, f"SELECT * FROM {name}")

    def script(self, path):
        """The script, transaction by transaction."""
        with open(path) as f:
            lines = [l for l in f.read().splitlines() if not l.lstrip().startswith("--")]
        statements = [s.strip() for s in "\n".join(lines).split(";\n") if s.strip(" \n;")]
        done = 0
        for s in statements:
            s = s.rstrip("; ")
            run(self.c, s)
            done += s != "BEGIN" and s != "COMMIT"
            if s == "COMMIT":
                yield done
                done = 0
        if done:
            yield done

    def now(self):
        return run(self.c, "SELECT now()")[0][0]


# ---- reading


class Mirror:
    """Of one source: its tables in SQLite, and what its objects said last."""

    def __init__(self, config, name, database):
        self.database = database
        self.events = {t: e for t, e in config["events"].items() if e["from"] == name}
        self.functions = Functions(config)
        self.db = sqlite3.connect(":memory:")
        self.db.row_factory = sqlite3.Row
        self.functions.register(self.db)
        self.read = {}  # event -> {(table, column)}
        tables = set()
        for e in self.events.values():
            tables |= {e["of"], *e.get("touched_by", {}), *as_list(e.get("looks_up"))}
        self.tables = {t: {} for t in sorted(tables)}
        for t in self.tables:
            cols = ", ".join(f'"{c}"' + (" COLLATE decimal" if kind in ("numeric", "double") else "")
                             for c, (kind, _) in database.table(t).items())
            self.db.execute(f"CREATE TABLE {t} ({cols})")
        self.said = {}
        self.fill()

    @staticmethod
    def value(v):
        if isinstance(v, bool):
            return int(v)
        if isinstance(v, Decimal):
            return str(v)
        if isinstance(v, datetime.datetime):
            return str(v)
        if isinstance(v, (dict, list)):
            return json.dumps(v, ensure_ascii=False)
        return v

    def fill(self):
        """The tables as they are now. Gives the rows that changed: (table, before, after)."""
        changed = []
        for t, old in self.tables.items():
            names = list(self.database.table(t))
            new = {r[0]: dict(zip(names, map(self.value, r))) for r in self.database.rows(t)}
            for pk in {*old, *new}:
                if old.get(pk) != new.get(pk):
                    changed.append((t, old.get(pk), new.get(pk)))
            self.db.execute(f"DELETE FROM {t}")
            self.db.executemany(f"INSERT INTO {t} VALUES ({', '.join('?' * len(names))})",
                                [list(r.values()) for r in new.values()])
            self.tables[t] = new
        return changed

    def touched(self, event, changed):
        e, objects = self.events[event], set()
        for table, before, after in changed:
            for image in filter(None, (before, after)):
                if table == e["of"]:
                    objects.add(image[self.database.primary_key(table)])
                way = e.get("touched_by", {}).get(table)
                if way and way.lower().startswith("select "):
                    wanted = set(re.findall(r":(\w+)", way))
                    objects |= {r[0] for r in self.db.execute(way, {k: image[k] for k in wanted})}
                elif way:
                    objects.add(image[way])
        return objects - {None}

    def query(self, event, sql, args):
        reads = self.read.setdefault(event, set())

        def authorize(action, a, b, *_):
            if action == sqlite3.SQLITE_READ and a in self.tables and b:
                reads.add((a, b))
            return sqlite3.SQLITE_OK
        self.db.set_authorizer(authorize)
        self.functions.error = None
        try:
            return [dict(r) for r in self.db.execute(sql, args)]
        except sqlite3.OperationalError:
            raise self.functions.error or AssertionError(f"{event}: the SQL fails\n{sql}")
        finally:
            self.db.set_authorizer(None)

    def canonical(self, name, v):
        if v is None:
            return None
        if is_decimal(name):
            return text(to_decimal(v))
        if is_time(name):
            return instant(v, self.database.zone)
        return v

    def look(self, event, key):
        e = self.events[event]
        rows = self.query(event, e["sql"], {"object": key})
        assert len(rows) <= 1, f"{event}: {len(rows)} rows for one object"
        if not rows:
            return None
        o = {n: self.canonical(n, v) for n, v in rows[0].items()}
        for name, l in e.get("lists", {}).items():
            elements = [{n: self.canonical(n, v) for n, v in r.items()}
                        for r in self.query(event, l["sql"], {"object": key})]
            keys = as_list(l["key"])
            elements.sort(key=lambda r: [r[k] for k in keys])
            assert len({tuple(r[k] for k in keys) for r in elements}) == len(elements), name
            o[name] = elements
        return o

    def commit(self, echo=False):
        """The events of what happened since. An echo fills the mirror, and tells nothing."""
        changed, events = self.fill(), []
        for event, e in self.events.items():
            for key in sorted(self.touched(event, changed)):
                before = self.said.get((event, key))
                try:
                    after = self.look(event, key)
                except Quarantined as q:
                    assert not echo
                    events.append(Event(event, "quarantined", str(key), before, str(q), e))
                    continue
                self.said[event, key] = after
                if before != after and not echo:
                    op = "created" if not before else "gone" if not after else "changed"
                    events.append(Event(event, op, (after or before)[e["key"]], before, after, e))
        return events


class Event:
    def __init__(self, type, op, key, before, after, config):
        self.type, self.op, self.key, self.before, self.after = type, op, key, before, after
        self.config = config

    def __repr__(self):
        return f"{self.type} {self.key} {self.op}"

    @property
    def object(self):
        return self.after if self.op != "gone" else self.before


def is_decimal(name):
    return re.fullmatch(r"(quantity|cumulative)(_\w+)?", name) and not name.endswith("_unit")


def is_time(name):
    return name.endswith("_time")


# ---- writing


class Target:
    """The writes of one link, on its real target."""

    def __init__(self, config, link, database):
        self.flows = {f["event"]: f for f in link["flows"]}
        self.database, self.functions = database, Functions(config)
        self.waiting, self.quarantined = [], []
        self.written = {}  # (table, column) -> flows that write it
        self.statements = 0

    def apply(self, events):
        """Gives what was written: (table, insert | update | delete, {column: value})."""
        done = []
        for event in events:
            if event.op == "quarantined":
                self.quarantined.append((event, event.after))
            elif event.type in self.flows:
                done += self.one(event)
        return done

    def retry(self):
        events, self.waiting = self.waiting, []
        return self.apply(events)

    def one(self, event):
        """One event's writes, all or nothing."""
        run(self.database.c, "BEGIN")
        try:
            flow = self.flows[event.type]
            fields = {**event.object, **self.let(flow, event.object)}
            done = []
            for w in flow.get("gone" if event.op == "gone" else "write", []):
                done += self.write(event, w, fields, event.op == "gone")
            run(self.database.c, "COMMIT")
            return done
        except Held as h:
            run(self.database.c, "ROLLBACK")
            if h.policy == "wait":
                self.waiting.append(event)
            elif h.policy == "quarantine":
                self.quarantined.append((event, str(h)))
        except Quarantined as q:
            run(self.database.c, "ROLLBACK")
            self.quarantined.append((event, str(q)))
        return []

    def let(self, flow, fields):
        if "let" not in flow:
            return {}
        db = sqlite3.connect(":memory:")
        db.row_factory = sqlite3.Row
        self.functions.register(db)
        scalars = {n: v for n, v in fields.items() if not isinstance(v, list)}
        db.execute(f"CREATE TABLE event ({', '.join(scalars)})")
        db.execute(f"INSERT INTO event VALUES ({', '.join('?' * len(scalars))})",
                   [str(v) if isinstance(v, datetime.datetime) else v for v in scalars.values()])
        self.functions.error = None
        try:
            rows = db.execute(flow["let"]).fetchall()
        except sqlite3.OperationalError:
            if self.functions.error:
                raise self.functions.error
            raise
        assert len(rows) == 1
        return dict(rows[0])

    def literal(self, name, v):
        pg = self.database.postgres
        if is_decimal(name):
            return "NULL" + "::numeric" * pg if v is None else f"'{v}'" + "::numeric" * pg
        if is_time(name):
            if v is None:
                return "NULL" + "::timestamptz" * pg
            return f"'{v.isoformat()}'::timestamptz" if pg else f"'{local(v, self.database.zone)}'"
        if isinstance(v, int):
            return f"{v}::int8" if pg else str(v)
        if v is None:
            return "NULL::text" if pg else "NULL"
        return "'" + str(v).replace("\\", "\\" if pg else "\\\\").replace("'", "''") + "'"

    def relation(self, name, rows, like):
        """A CTE; with no rows it has its columns all the same."""
        if not rows:
            cols = ", ".join(f"{self.literal(c, None)} AS {c}" for c in like)
            return f"{name} AS (SELECT {cols} FROM (SELECT 1 x) x WHERE false)"
        return f"{name}({', '.join(rows[0])}) AS (VALUES " + ", ".join(
            "(" + ", ".join(self.literal(n, v) for n, v in r.items()) + ")" for r in rows) + ")"

    def ctes(self, event_config, objects, w):
        """`event` and `line` of some objects, numbered from 1."""
        lists = event_config.get("lists", {})
        events = [{"event": n, **{f: v for f, v in o.items() if f not in lists}}
                  for n, o in enumerate(objects, 1)]
        parts = [self.relation("event", events, None)]
        if "lines" in w:
            lines = [{"event": n, "line": i, **l} for n, o in enumerate(objects, 1)
                     for i, l in enumerate(o[w["lines"]], 1)]
            parts.append(self.relation("line", lines, ["event", "line", "material_definition_id",
                                                       "material_use", "quantity", "quantity_unit"]))
        return "WITH " + ", ".join(parts) + " "

    def resolve(self, events):
        """Set-wise, as Millrace sends it: the SELECT of each write over all events of one type at
        once. Gives table -> how often each event (with lines: event and line) has a row."""
        flow, found = self.flows[events[0].type], {}
        objects = [{**e.after, **self.let(flow, e.after)} for e in events]
        for w in flow["write"]:
            _, rows = self.select(self.ctes(events[0].config, objects, w) + w["sql"])
            numbers = [(r["event"], r["line"]) if "lines" in w else (r["event"],) for r in rows]
            found[w["table"]] = {n: numbers.count(n) for n in numbers}
        return found

    def select(self, sql):
        self.statements += 1
        with self.database.c.cursor() as c:
            c.execute(sql)
            names = [d[0] for d in c.description]
            return names, [dict(zip(names, r)) for r in c.fetchall()]

    def write(self, event, w, fields, gone):
        head = self.ctes(event.config, [fields], w)
        names, rows = self.select(head + w["sql"])
        numbers = ["event", "line"] if "lines" in w else ["event"]
        assert names[:len(numbers)] == numbers, f"{w['table']}: the SELECT must begin with {numbers}"
        columns = names[len(numbers):]
        table = self.database.table(w["table"])
        key = as_list(w["key"])
        for c in [*columns, *key, *as_list(w.get("once")), *as_list(w.get("touch")), *w.get("round", {})]:
            assert c in table, f"{w['table']} has no column {c}"
        for c in [*as_list(w.get("once")), *as_list(w.get("touch")), *key]:
            assert c in columns, f"{w['table']}: {c} is not selected"
        if self.database.postgres:   # it judges types itself, and takes no text for an int8
            run(self.database.c, f"EXPLAIN INSERT INTO {w['table']} ({', '.join(columns)}) {head} "
                f"SELECT {', '.join(columns)} FROM ({w['sql']}) s")
        self.note(event, w, columns, key, gone)
        wanted = range(1, len(fields[w["lines"]]) + 1) if "lines" in w else [1]
        got = [r[numbers[-1]] for r in rows]
        assert len(set(got)) == len(got), f"{w['table']}: two rows for one event"
        if set(got) != set(wanted):
            raise Held(w.get("if_no_row", "quarantine"), f"{w['table']}: no row for {event}")
        rows = [{c: self.coerce(w, c, r[c]) for c in columns} for r in rows]
        done = self.delete_missing(head, w, key, rows) if "delete_missing_in" in w else []
        for r in rows:
            was = self.key_before(event, w) if "lines" not in w else None
            done += self.put(event, w, key, r, w.get("do", "update" if gone else "upsert"), was)
        return done

    def key_before(self, event, w):
        """The row's key where the object had another one: its SELECT over the before image."""
        field = event.config["key"]
        if event.op != "changed" or event.before[field] == event.after[field]:
            return None
        before = {**event.before, **self.let(self.flows[event.type], event.before)}
        _, rows = self.select(self.ctes(event.config, [before], w) + w["sql"])
        return rows[0] if rows else None

    def note(self, event, w, columns, key, gone):
        updates = w.get("do", "update" if gone else "upsert") == "update"
        for c in columns:
            if not (updates and c in key):
                self.written.setdefault((w["table"], c), set()).add(event.type)

    def coerce(self, w, c, v):
        """As the column's type has it; lost digits are for `round`, or for a person."""
        kind, scale = self.database.table(w["table"])[c]
        if v is None:
            return None
        if kind == "double":
            d = Decimal(str(v))
            r = d.quantize(Decimal(1).scaleb(-scale), decimal.ROUND_HALF_UP)
            if r != d and c not in w.get("round", {}):
                raise Quarantined(f"{w['table']}.{c}: {v} has more than {scale} digits")
            assert w.get("round", {}).get(c, "half_up") == "half_up"
            return r
        if kind in ("datetime", "timestamp without time zone"):
            return instant(v, self.database.zone).astimezone(
                zoneinfo.ZoneInfo(self.database.zone)).replace(tzinfo=None)
        if kind in ("int", "bigint", "integer"):
            return int(v)
        return v if kind in ("numeric", "boolean") else str(v)

    def find(self, w, key, row):
        where = " AND ".join(f"{k} = %s" for k in key)
        with self.database.c.cursor() as c:
            c.execute(f"SELECT * FROM {w['table']} WHERE {where}", [row[k] for k in key])
            found = c.fetchall()
            assert len(found) <= 1, f"{w['table']}: the key finds {len(found)} rows"
            return dict(zip([d[0] for d in c.description], found[0])) if found else None

    def put(self, event, w, key, row, do, was=None):
        at = was or row
        there = self.find(w, key, at)
        if there is None and do in ("update", "delete"):
            raise Held(w.get("if_no_target", "quarantine"), f"{w['table']}: no row of {event}")
        if there is None:
            run(self.database.c, f"INSERT INTO {w['table']} ({', '.join(row)}) VALUES "
                f"({', '.join(['%s'] * len(row))})", list(row.values()))
            return [(w["table"], "insert", row)]
        once, touch = as_list(w.get("once")), as_list(w.get("touch"))
        new = {c: v for c, v in row.items() if c not in once and c not in touch
               and self.coerce({**w, "round": {c: "half_up"}}, c, there[c]) != v}
        if not new:
            return []
        new.update({c: row[c] for c in touch})
        n = run(self.database.c, f"UPDATE {w['table']} SET {', '.join(c + ' = %s' for c in new)} WHERE "
                + " AND ".join(f"{k} = %s" for k in key), [*new.values(), *(at[k] for k in key)])
        assert n == 1
        return [(w["table"], "update", new)]

    def delete_missing(self, head, w, key, rows):
        done = []
        for column, sql in w["delete_missing_in"].items():
            scope = [r[0] for r in run(self.database.c, head + sql)]
            keep = {tuple(r[k] for k in key) for r in rows}
            for value in scope:
                found = run(self.database.c, f"SELECT {', '.join(key)} FROM {w['table']} "
                            f"WHERE {column} = %s", (value,))
                for k in set(map(tuple, found)) - keep:
                    run(self.database.c, f"DELETE FROM {w['table']} WHERE "
                        + " AND ".join(f"{c} = %s" for c in key), k)
                    done.append((w["table"], "delete", dict(zip(key, k))))
        return done


class Held(Exception):
    def __init__(self, policy, why):
        super().__init__(why)
        self.policy = policy
