"""The rows that are measured: a work order of ten columns, about 200 bytes, made by the server
itself, so that loading is fast and every server gets the same ones.

    WORK_ORDER.create(side)
    load(side, first=1, rows=2_000_000, per_transaction=1000)
    end_mark(side)      # one row of `probe`, the last of a backlog

A log is the same whether it was flushed at each commit or not: while rows are only made, and not
yet measured, the servers flush once a second.
"""
import contextlib
import time

from harness.servers import run
from harness.tables import TableDef

WORK_ORDER = TableDef("work_order", """
    id         bigint
    code       varchar(40)
    product_id integer
    qty        numeric(14,3) | decimal(14,3)
    status     varchar(16)
    priority   smallint
    weight     double precision
    note       varchar(200)
    due        date
    changed_at timestamp(6) | datetime(6)
    """, ["id"])
COLUMNS = [c[0] for c in WORK_ORDER.columns]

# Column by column the same value on every engine, from the number n.
_PG = """n, 'WO-2026-' || lpad(n::text, 12, '0'), (n * 7919 % 50000)::int,
    (n % 100000)::numeric / 8, (array['new','released','started','done'])[n % 4 + 1],
    (n % 10)::smallint, (n % 4096)::float8 / 64,
    CASE WHEN n % 8 = 0 THEN NULL
         ELSE 'order ' || n || ' for the assembly line, lot ' || n % 977 || ', keep dry, call first'
         END,
    date '2026-01-01' + (n % 700)::int,
    timestamp '2026-01-01' + n * interval '1013000 microseconds'"""
_MY = """n, CONCAT('WO-2026-', LPAD(n, 12, '0')), n * 7919 %% 50000,
    (n %% 100000) / 8, ELT(n %% 4 + 1, 'new','released','started','done'),
    n %% 10, (n %% 4096) / 64e0,
    CASE WHEN n %% 8 = 0 THEN NULL
         ELSE CONCAT('order ', n, ' for the assembly line, lot ', n %% 977, ', keep dry, call first')
         END,
    DATE'2026-01-01' + INTERVAL (n %% 700) DAY,
    TIMESTAMP'2026-01-01 00:00:00' + INTERVAL n * 1013000 MICROSECOND""".replace("%%", "%")


@contextlib.contextmanager
def writing(side):
    """A connection that does not wait for the disk at each commit."""
    with side.connect() as c:
        if side.family == "postgres":
            run(c, "SET synchronous_commit = off")
            yield c
            return
        run(c, "SET GLOBAL sync_binlog = 0, GLOBAL innodb_flush_log_at_trx_commit = 0")
        yield c
        run(c, "SET GLOBAL sync_binlog = 1, GLOBAL innodb_flush_log_at_trx_commit = 1")
        run(c, "FLUSH ENGINE LOGS")


def load(side, first, rows, per_transaction, table="work_order"):
    """Inserts rows first..first+rows-1 in their order, `per_transaction` in each transaction."""
    with writing(side) as c:
        if side.family == "postgres":
            run(c, f"""DO $$ BEGIN
                FOR at IN {first}..{first + rows - 1} BY {per_transaction} LOOP
                    INSERT INTO {table} SELECT {_PG} FROM generate_series(at::bigint,
                        least(at + {per_transaction}, {first + rows}) - 1) n;
                    COMMIT;
                END LOOP; END $$""")
            return
        procedure(c, "load_rows", _my_loop(first, rows, per_transaction, table), per_transaction)


def _my_loop(first, rows, per_transaction, table):
    end = first + rows
    if per_transaction == 1:
        return f"""DECLARE n BIGINT DEFAULT {first};
            WHILE n < {end} DO
                INSERT INTO {table} SELECT {_MY};
                SET n = n + 1;
            END WHILE;"""
    return f"""DECLARE at BIGINT DEFAULT {first};
        WHILE at < {end} DO
            INSERT INTO {table} SELECT {_MY} FROM
                (SELECT at + i AS n FROM numbers WHERE i < LEAST({per_transaction}, {end} - at)) s;
            SET at = at + {per_transaction};
        END WHILE;"""


def change(side, sql, first, rows, per_transaction, table="work_order"):
    """An UPDATE or DELETE without its WHERE, over rows first..first+rows-1 in the same way."""
    end = first + rows
    with writing(side) as c:
        if side.family == "postgres":
            run(c, f"""DO $$ BEGIN
                FOR at IN {first}..{end - 1} BY {per_transaction} LOOP
                    {sql} WHERE id >= at AND id < least(at + {per_transaction}, {end});
                    COMMIT;
                END LOOP; END $$""")
            return
        procedure(c, "change_rows", f"""DECLARE at BIGINT DEFAULT {first};
            WHILE at < {end} DO
                {sql} WHERE id >= at AND id < LEAST(at + {per_transaction}, {end});
                SET at = at + {per_transaction};
            END WHILE;""")


def procedure(c, name, body, numbers=0):
    """Runs the body once on a MySQL or MariaDB; `numbers`: a table of that many, from 0. Neither
    is of interest to the log's readers."""
    run(c, "SET SESSION sql_log_bin = 0")
    if numbers > 1:
        run(c, "DROP TABLE IF EXISTS numbers")
        run(c, "CREATE TABLE numbers (i INT PRIMARY KEY)")
        run(c, "INSERT INTO numbers VALUES (0)")
        have = 1
        while have < numbers:
            take = min(have, numbers - have)
            run(c, f"INSERT INTO numbers SELECT i + {have} FROM numbers WHERE i < {take}")
            have += take
    run(c, f"DROP PROCEDURE IF EXISTS {name}")
    run(c, f"CREATE PROCEDURE {name}() BEGIN {body} END")
    run(c, "SET SESSION sql_log_bin = 1")
    run(c, f"CALL {name}()")


def end_mark(side):
    """The last row of a backlog: where it is, all is."""
    key = time.time_ns()
    with side.connect() as c:
        run(c, "INSERT INTO probe VALUES (%s)", (key,))
    return key


def wait_mark(side, key, seconds=1800, alive=None, every=0.01,
              sql="SELECT 1 FROM probe WHERE id = %s"):
    """Until the row is at the target; the moment it was seen. `alive`: asked once a second, raises
    when the wait is in vain."""
    ends = time.monotonic() + seconds
    asks = time.monotonic() + 1
    with side.connect() as c:
        while not run(c, sql, (key,)):
            now = time.monotonic()
            if now > ends:
                raise AssertionError(f"the backlog is not drained after {seconds} s")
            if alive and now > asks:
                alive()
                asks = now + 1
            time.sleep(every)
    return time.monotonic()
