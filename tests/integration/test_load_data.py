"""LOAD DATA LOCAL into MySQL is as strict as the INSERT that it stands for: it skips and changes
nothing, and what an INSERT refuses stops the link with the INSERT's error."""
import pytest

from harness.servers import run
from harness.tables import TableDef
from test_data_errors import one, write

pytestmark = pytest.mark.parametrize("route", ["pg-mysql"], indirect=True)
ROWS = 1200   # in one transaction: well above what is loaded

MIXED = TableDef("mixed", """
    id    bigint
    code  varchar(60)
    price numeric(12,3) | decimal(12,3)
    r     real          | float
    d     double precision
    label text          | enum('on','off','1')
    doc   jsonb         | json
    at    timestamptz(6) | timestamp(6)
    day   date
    old   varchar(60)   | varchar(60) character set latin1
    """, ["id"])

# the first row is harmless: it goes by an INSERT, the others by a load
FILL = f"""INSERT INTO mixed SELECT n,
    (array[E'tab\\tline\\nback\\\\slash', E'\\\\N', 'NULL', '', E'quote''s "x"', '€ 漢 😀', ' blanks  '])
        [n % 7 + 1],
    CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN -0.125 ELSE 999999999.999 END,
    (array['3.4028235e38', '1e-38', '-0.1'])[n % 3 + 1]::real,
    (array['1.7976931348623157e308', '5e-324', '0.1'])[n % 3 + 1]::float8,
    (array['on', 'off', '1'])[n % 3 + 1],
    ('{{"a": "x\\ty\\\\z", "n": ' || n || '}}')::jsonb,
    CASE n % 3 WHEN 0 THEN NULL ELSE timestamptz '1970-01-02 00:00:00.000001Z' + n * interval '1 hour'
    END,
    date '0001-01-01' + n, CASE n % 3 WHEN 1 THEN NULL ELSE 'Käse €' END
    FROM generate_series(1, {ROWS}) n"""


def loads(side):
    with side.connect() as c:
        return int(run(c, "SHOW GLOBAL STATUS LIKE 'Com_load'")[0][1])


@pytest.fixture
def filled(world, route):
    """Writes the rows in one transaction; returns how often was loaded before."""
    def fill():
        before = loads(route[1])
        write(route[0], FILL)
        return before
    MIXED.create(route[0])
    MIXED.create(route[1])
    return fill


def test_values_that_a_line_could_misread_arrive_as_they_were(world, route, filled):
    bridge = world.bridge(*route, tables=["mixed"]).start()
    before = filled()
    bridge.prove()
    assert loads(bridge.b) > before, "this is what is tested"


def test_a_server_that_does_not_allow_it_gets_inserts(world, route, filled):
    server = route[1].server
    with server.connect() as c:
        run(c, "SET GLOBAL local_infile = OFF")
    world.defer(lambda: run(server.connect(), "SET GLOBAL local_infile = ON"))
    bridge = world.bridge(*route, tables=["mixed"]).start()
    before = filled()
    bridge.prove()
    assert loads(bridge.b) == before


def test_a_server_that_allows_it_no_longer_gets_inserts(world, route, filled):
    server = route[1].server
    bridge = world.bridge(*route, tables=["mixed"]).start()
    with server.connect() as c:
        run(c, "SET GLOBAL local_infile = OFF")
    world.defer(lambda: run(server.connect(), "SET GLOBAL local_infile = ON"))
    filled()
    bridge.prove()


SPOILS = {
    "a key that is there": ("INSERT INTO mixed (id) VALUES (700)", ("700", "Duplicate entry")),
    "a unique value": ("ALTER TABLE mixed ADD UNIQUE (code)", ("mixed", "Duplicate entry")),
    "a check": ("ALTER TABLE mixed ADD CHECK (id <> 700)", ("700", "Check constraint")),
    "a narrower column": ("ALTER TABLE mixed MODIFY price DECIMAL(10,3)", ("mixed", "price")),
    "a charset without the character": ("ALTER TABLE mixed MODIFY old varchar(60)"
                                        " character set ascii", ("mixed", "old")),
    "no NULL any more": ("ALTER TABLE mixed MODIFY price DECIMAL(12,3) NOT NULL",
                         ("mixed", "price")),
    "no NULL as a time": ("ALTER TABLE mixed MODIFY at TIMESTAMP(6) NOT NULL", ("mixed", "at")),
    "a column that the link does not know": ("ALTER TABLE mixed ADD more INT NOT NULL",
                                             ("mixed", "more")),
    "a partition": ("ALTER TABLE mixed PARTITION BY RANGE (id)"
                    " (PARTITION p VALUES LESS THAN (700))", ("700", "partition")),
}


@pytest.mark.parametrize("case", SPOILS)
def test_what_an_insert_refuses_stops_the_link(world, route, filled, case):
    spoil, words = SPOILS[case]
    bridge = world.bridge(*route, tables=["mixed"]).start()
    write(bridge.a, "INSERT INTO mixed (id, price, at) VALUES (0, 1, '2026-01-01Z')")
    bridge.drain()          # the link has looked at the table
    write(bridge.b, spoil)
    there = one(bridge.b, "SELECT count(*) FROM mixed")
    before = filled()
    error = bridge.engine.wait_failed()
    assert all(word in error["text"] for word in words), error
    assert one(bridge.b, "SELECT count(*) FROM mixed") == there, "nothing of it is there"
    first_row_says_no = case == "a column that the link does not know"
    assert first_row_says_no or loads(bridge.b) > before
    bridge.engine.close()


def test_a_lock_is_waited_for(world, route, filled):
    bridge = world.bridge(*route, tables=["mixed"]).start()
    with bridge.b.connect(autocommit=False) as c:
        run(c, "INSERT INTO mixed (id) VALUES (700)")
        filled()
        bridge.engine.wait_log("lock", seconds=30)
        c.rollback()
    bridge.prove()
