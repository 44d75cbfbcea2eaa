"""Two sides and an engine between them: the usual shape of a test.

    b = Bridge(engine_dir, a, b, tables=["item", "journal"], ways="ab", first_copy="none")
    b.start()
    ... writes ...
    b.prove()          # drains, compares row by row, and fails on any difference
"""
import itertools
import time

from . import compare
from .engine import Engine, EngineFailed, _slow, system
from .servers import run
from .tables import PROBE, full_name

_numbers = itertools.count(1)


class Bridge:
    """`ways`: "ab" one link from a to b; "both": a pair. The probe table is always mapped."""

    def __init__(self, directory, a, b, tables, ways="ab", first_copy="none", crash=False,
                 a_port=None, b_port=None, renames=None, env=None, create_probe=True,
                 system_options=None, **link_options):
        self.a, self.b, self.ways = a, b, ways
        self.tables = [t if isinstance(t, tuple) else (t, t) for t in tables]
        self.renames = renames
        options = system_options or {}
        self.name = "a-b"
        if create_probe:
            PROBE.create(a)
            PROBE.create(b)
        mapped = {full_name(a, s): full_name(b, t) for s, t in self.tables}
        mapped[full_name(a, "probe")] = full_name(b, "probe")
        link = {"tables": {**mapped, **link_options.pop("tables_yaml", {})}, **link_options}
        if ways == "both":
            link = {"between": ["a", "b"], **link,
                    "first_copy": {"from": "a", "mode": first_copy}}
        else:
            link = {"name": "a-b", "from": "a", "to": "b", **link,
                    "first_copy": {"mode": first_copy}}
        self.engine = Engine(directory, {
            "systems": {"a": system(a, a_port, **options.get("a", {})),
                        "b": system(b, b_port, **options.get("b", {}))},
            "links": [link]}, crash=crash, env=env)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.engine.close()
        else:
            self.engine.kill()

    def start(self, seconds=30, env=None):
        self.engine.start(env=env)
        self.engine.wait_streaming(seconds=seconds)
        return self

    def restart_after_kill(self, seconds=40):
        self.engine.kill()
        return self.start(seconds)

    def directions(self):
        yield self.a, self.b
        if self.ways == "both":
            yield self.b, self.a

    def drain(self, seconds=60):
        """Until all that was committed before this call is on the other side: one more row is sent
        along each link, and links keep the order."""
        sent = []
        for source, target in self.directions():
            key = time.time_ns() // 1000 * 1000 + next(_numbers)
            with source.connect() as c:
                run(c, "INSERT INTO probe VALUES (%s)", (key,))
            sent.append((target, key))
        end = time.monotonic() + seconds * _slow()
        for target, key in sent:
            self._wait_probe(target, key, end)

    def _wait_probe(self, target, key, end):
        with target.connect() as c:
            while not run(c, "SELECT 1 FROM probe WHERE id = %s", (key,)):
                if time.monotonic() > end:
                    raise EngineFailed(f"the links do not drain: {self.engine.status()}\n"
                                       + self.engine.tail())
                self._still_alive()
                time.sleep(0.02)

    def _still_alive(self):
        if not self.engine.running():
            raise EngineFailed(f"ended with {self.engine.process.returncode}\n"
                               + self.engine.tail())
        if "state=failed" in self.engine.tail(5) or "state=stopped" in self.engine.tail(5):
            status = self.engine.status() or {}
            bad = [l for l in status.values() if l["state"] in ("failed", "stopped")]
            if bad:
                raise EngineFailed(f"{bad}\n" + self.engine.tail())

    def compare(self):
        return compare.compare(self.a, self.b, self.tables + [("probe", "probe")],
                               renames=self.renames)

    def prove(self, seconds=60):
        self.drain(seconds)
        report = self.compare()
        assert report.equal, f"{report}\n{self.engine.tail()}"
        return report

    # -- what is in the databases

    def checkpoint(self, target=None, link=None, lane=0):
        """(seq, position, writer) of the last checkpoint in the target."""
        target = target or self.b
        with target.connect() as c:
            rows = run(c, "SELECT c.seq, c.position, c.writer FROM millrace.checkpoint c "
                       "JOIN millrace.link l ON l.id = c.link WHERE l.name = %s AND c.lane = %s "
                       "ORDER BY c.seq DESC LIMIT 1", (link or self.name, lane))
        return tuple(rows[0]) if rows else None
