"""Two sides and an engine that carries events between them, over small tables of the test's own.

    b = EventBridge(engine_dir, a, b, events={"Item": {"of": "item", ...}},
                    flows=[{"event": "Item", "write": [...]}], first_copy="none")
    b.start(); ...; b.drain(); b.rows(b.b, "SELECT ...")

The events are the vocabulary's own types. One event more, of the table `probe`, is always there: it
tells when all that came before is written, or held.
"""
import itertools
import time

from .engine import Engine, EngineFailed, _slow, system
from .servers import run
from .tables import PROBE

_numbers = itertools.count(1)

PROBE_EVENT = {"type": "OperationsEvent", "of": "probe", "key": "id",
               "sql": "select 'probe:' || id as id, id as description from probe where id = :object"}


class EventBridge:
    def __init__(self, directory, a, b, events, flows, first_copy="none", crash=False, env=None,
                 config=None, **link_options):
        self.a, self.b = a, b
        for side in (a, b):
            PROBE.create(side)
        link = {"name": "a-b", "from": "a", "to": "b", "first_copy": first_copy,
                "retry_every": "1 s", **link_options, "flows": [*flows, self._probe_flow()]}
        if first_copy != "none":
            link["first_copy"] = {"mode": first_copy}
        events = {**events, "Probe": PROBE_EVENT}
        self.engine = Engine(directory, {
            "vocabulary": ["isa95/v1.proto"],
            "systems": {"a": system(a), "b": system(b)},
            "events": {n: {"from": "a", **e} for n, e in events.items()},
            "links": [link], **(config or {})}, crash=crash, env=env)

    def _probe_flow(self):
        number = "e.description::int8" if self.b.family == "postgres" \
            else "cast(e.description as signed)"   # `+ 0` is a double
        return {"event": "Probe", "write": [{
            "table": "probe", "key": "id",
            "sql": f"select e.event, {number} as id from event e"}]}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.engine.kill() if kind else self.engine.close()

    def start(self, seconds=30, env=None):
        self.engine.start(env=env)
        self.engine.wait_streaming(seconds=seconds)
        return self

    def drain(self, seconds=30):
        """Until all that was committed before this call is written or held."""
        key = time.time_ns() // 1000 * 1000 + next(_numbers)
        with self.a.connect() as c:
            run(c, "INSERT INTO probe VALUES (%s)", (key,))
        self.wait(lambda: self.rows(self.b, "SELECT id FROM probe WHERE id = %s", key), seconds)

    def wait(self, what, seconds=30):
        """Until what() is true; its value."""
        end = time.monotonic() + seconds * _slow()
        while True:
            value = what()
            if value:
                return value
            self.still_alive()
            if time.monotonic() > end:
                raise EngineFailed(f"it does not come: {self.engine.status()}\n" + self.engine.tail())
            time.sleep(0.05)

    def still_alive(self):
        if not self.engine.running():
            raise EngineFailed(f"ended with {self.engine.process.returncode}\n" + self.engine.tail())
        if self.engine.failed_links():
            raise EngineFailed(f"{self.engine.status()}\n" + self.engine.tail())

    # -- what is there

    def rows(self, side, sql, *args):
        with side.connect() as c:
            return run(c, sql, args or None)

    def held(self):
        """[(flow, key, op, reason, tab, col, text)] in order."""
        return self.rows(self.b, "SELECT flow, event_key, op, reason, tab, col, text "
                         "FROM millrace.held ORDER BY n")
