"""What is written to a database, transaction by transaction, as its own log tells.

    log = Log(side)
    ...
    log.transactions()   # [[("x_mes_job_response", "INSERT"), ...], ...] since the last call

Without what lies in `millrace`; a transaction that has nothing else is left out. On MySQL and
MariaDB an entry is a row event of the binlog, which may hold several rows.
"""
import re

from .servers import run

KINDS = {"write": "INSERT", "update": "UPDATE", "delete": "DELETE"}


class Log:
    def __init__(self, side):
        self.side = side
        if side.family == "postgres":
            self.slot = f"watch_{side.database}"
            with side.connect() as c:
                run(c, "SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", (self.slot,))
        else:
            self.at = self._end()

    def transactions(self):
        all_ = self._postgres() if self.side.family == "postgres" else self._binlog()
        return [t for t in all_ if t]

    # -- PostgreSQL

    def _postgres(self):
        with self.side.connect() as c:
            lines = run(c, "SELECT data FROM pg_logical_slot_get_changes(%s, NULL, NULL)", (self.slot,))
        for line, in lines:
            if line.startswith("BEGIN"):
                rows = []
            elif line.startswith("COMMIT"):
                yield rows
            else:
                found = re.match(r'table (?:"?(\w+)"?)\.(?:"([^"]+)"|(\w+)): (\w+):', line)
                if found and found[1] != "millrace":
                    rows.append((found[2] or found[3], found[4]))

    # -- MySQL, MariaDB

    def _end(self):
        with self.side.connect() as c:
            try:
                return run(c, "SHOW MASTER STATUS")[0][:2]
            except Exception:
                return run(c, "SHOW BINARY LOG STATUS")[0][:2]

    def _binlog(self):
        file, position = self.at
        with self.side.connect() as c:
            events = run(c, f"SHOW BINLOG EVENTS IN '{file}' FROM {position}")
        rows, tables, kind = [], {}, None
        for _, _, kind, _, end, info in events:
            found = re.search(r"table_id: (\d+)(?: \((.*?)\.(.*)\))?", info)
            if kind == "Table_map":
                tables[found[1]] = found[2], found[3]
            elif re.match("(Write|Update|Delete)_rows", kind):
                schema, name = tables[found[1]]
                if schema == self.side.database:
                    rows.append((name, KINDS[kind.split("_")[0].lower()]))
            elif kind == "Xid":
                self.at = file, end
                yield rows
                rows = []
