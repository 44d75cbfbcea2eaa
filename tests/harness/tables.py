"""Tables that exist on both engines: one definition, two dialects."""
from .servers import run


class TableDef:
    """columns: "name pg_type | mysql_type [| rest]" lines; one type where both call it the same."""

    def __init__(self, name, columns, key=(), more=()):
        self.name, self.key, self.more = name, tuple(key), tuple(more)
        self.columns = []
        for line in columns.strip().splitlines():
            column, _, types = line.strip().partition(" ")
            pg, _, my = (t.strip() for t in types.partition("|"))
            self.columns.append((column, pg, my or pg))

    def create(self, side, name=None, indexes=True):
        q = '"' if side.family == "postgres" else "`"
        at = 1 if side.family == "postgres" else 2
        parts = [f"{q}{c[0]}{q} {c[at]}" for c in self.columns]
        if self.key:
            parts.append("PRIMARY KEY (" + ", ".join(f"{q}{k}{q}" for k in self.key) + ")")
        if indexes:
            parts += self.more
        tail = "" if side.family == "postgres" else " ENGINE=InnoDB"
        with side.connect() as c:
            run(c, f"CREATE TABLE {q}{name or self.name}{q} ({', '.join(parts)}){tail}")
            if not self.key and side.family == "postgres":   # as Millrace asks for
                run(c, f"ALTER TABLE {q}{name or self.name}{q} REPLICA IDENTITY FULL")


def full_name(side, table):
    """As the config names it."""
    return f"public.{table}" if side.family == "postgres" else f"{side.database}.{table}"


ITEM = TableDef("item", """
    id    bigint
    qty   integer
    price numeric(12,3) | decimal(12,3)
    name  varchar(200)
    note  text | mediumtext
    flag  boolean
    at    timestamp(6) | datetime(6)
    """, ["id"])

# a key of two columns, one of them text
LINE = TableDef("line", """
    order_id bigint
    code     varchar(40) | varchar(40) character set utf8mb4 collate utf8mb4_bin
    qty      numeric(14,4) | decimal(14,4)
    """, ["order_id", "code"])

HOT = TableDef("hot", """
    id integer
    n  bigint
    """, ["id"])

# no key: a row that came twice, or not at all, is seen
JOURNAL = TableDef("journal", """
    writer integer
    n      bigint
    body   varchar(200)
    """)

# what drain() sends through a link to know that all before it has arrived
PROBE = TableDef("probe", """
    id bigint
    """, ["id"])

WORKLOAD = [ITEM, LINE, HOT, JOURNAL]
