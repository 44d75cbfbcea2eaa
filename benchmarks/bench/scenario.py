"""What a scenario is, and what it gets.

A scenario is a function in benchmarks/scenarios/*.py. It registers itself, gets a Bench, measures,
and says what came out:

    from bench.scenario import scenario

    @scenario("lag-{0}-{1}", "lag at a steady rate, {0} to {1}",
              each=[("pg", "maria"), ("maria", "pg")])       # one scenario for each tuple
    def lag(bench, source, target):
        a, b = bench.side(source), bench.side(target)        # fresh databases
        WORK_ORDER.create(a); WORK_ORDER.create(b)           # bench.rows: tables and their rows
        bridge = bench.bridge(a, b, ["work_order"])          # an engine, not started yet
        runs = bench.interleave(                             # M A M A ...: bench.runs times each
            millrace=lambda: measure(bridge), native=lambda: ...)
        bench.metric("p99 lag", "ms", runs["millrace"], "native", runs["native"],
                     goal=0.5, better="lower")

Servers  `bench.server(NAME)`: pg, pg2, maria, maria2, mysql, mysql2 are six different servers, each
         started when first asked for and gone with the scenario, with a production's durability
         (bench/park.py). A server that cannot be had raises ServerMissing: the scenario is stored
         as not had.
Sides    `bench.side(NAME)`: a fresh database on that server: harness.compare.Side.
Engine   `bench.bridge(a, b, tables, ways="ab"|"both", first_copy="none", **link options)`:
         harness.bridge.Bridge. bridge.start() waits for streaming, bridge.drain() until all is at
         the target, bridge.engine.stop(), bridge.engine.process.pid, bridge.engine.rss(). Engines
         that still run when the scenario ends are stopped then.
Scale    `bench.quick`; `bench.scaled(n)` is n, or a tenth of it for --quick. Times may be cut the
         same way.
Anchors  A function that measures raises NotHad(why) where its program is missing: it is left out
         from then on, said in the result, and its list is empty. A metric with an empty list is
         not stored.
Results  `bench.metric(...)`: compared with an anchor. `bench.limit(...)`: with an absolute limit.
         Lists of single runs go in; median and spread come out, raw values are kept. The ratio is
         oriented so that larger is better: better="lower" turns it. A goal like "native + 1 ms" is
         an anchor: bench.metric(..., anchor="native + 1 ms", anchor_runs=[v + 1 for v in native],
         goal=1, better="lower").
         `bench.series(plot, label, x, y, xlabel, ylabel)`: one line of a plot; `plot` is its title:
         "lag over time", "lag percentiles", "memory over time". `bench.note(text)`: printed, kept.
Meters   bench.meter: Cpu (user+sys seconds of processes with their children), Memory (RSS sampled).
"""
import contextlib
import os
import shutil
import statistics
import time

from harness.bridge import Bridge
from harness.compare import Side

from .park import Park

SCENARIOS = {}


class NotHad(Exception):
    """Something from outside is not here; the text says what and why."""


class Failed(Exception):
    """A scenario's result is worthless, a wrong checksum say; the text says why."""


class Scenario:
    def __init__(self, name, text, function, arguments):
        self.name, self.text, self.function, self.arguments = name, text, function, arguments


def scenario(name, text, each=((),)):
    """Registers the function below it, once for each tuple of arguments."""
    def register(function):
        for arguments in each:
            made = Scenario(name.format(*arguments), text.format(*arguments), function, arguments)
            assert made.name not in SCENARIOS, made.name
            SCENARIOS[made.name] = made
        return function
    return register


class Bench:
    """What one scenario works with."""

    def __init__(self, directory, quick, runs, say=print):
        self.dir, self.quick, self.runs, self.say = directory, quick, runs, say
        self.park = Park(directory)
        self.metrics, self.lines, self.notes, self.missing = [], [], [], []
        self.bridges, self.closers = [], []
        self.databases = 0

    # -- what to work with

    def scaled(self, n):
        return n // 10 if self.quick else n

    def server(self, name):
        return self.park.get(name)

    def side(self, name, zone="UTC"):
        server = self.server(name)
        self.databases += 1
        database = f"b{self.databases}"
        server.create_database(database)
        return Side(server, database, zone)

    def drop(self, side):
        side.server.drop_database(side.database)

    def bridge(self, a, b, tables, **options):
        directory = os.path.join(self.dir, f"engine{len(self.bridges)}")
        self.bridges.append(Bridge(directory, a, b, tables, **options))
        return self.bridges[-1]

    def directory(self, name):
        """A directory for an anchor's files, empty."""
        path = os.path.join(self.dir, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    def defer(self, close):
        """Called when the scenario ends, however it ends."""
        self.closers.append(close)

    # -- measuring

    def interleave(self, settings_of_one=(), **functions):
        """Calls each in turn, `runs` times: {name: [what each call gave]}. `settings_of_one`: names
        of an anchor's settings, which give seconds and of which the best counts: one that is half
        as slow again as the best in the first run is not measured further."""
        results = {name: [] for name in functions}
        gone = set()
        for n in range(self.runs):
            if n == 1:
                gone |= self._hopeless({s: results[s][0] for s in settings_of_one if results[s]})
            for name, function in functions.items():
                if name in gone:
                    continue
                try:
                    began = time.monotonic()
                    results[name].append(function())
                    self.say(f"  run {n + 1}/{self.runs} {name}: {_shown(results[name][-1])}"
                             f"  [{time.monotonic() - began:.1f} s]")
                except NotHad as e:
                    gone.add(name)
                    self.not_had(name, e)
        return results

    def _hopeless(self, seconds):
        slow = {name for name, s in seconds.items() if s > 1.5 * min(seconds.values())}
        for name in slow:
            self.note(f"{name} is left out after one run: {seconds[name]:.1f} s")
        return slow

    # -- what came out

    def metric(self, name, unit, millrace_runs, anchor, anchor_runs, goal=None, better="higher"):
        if not millrace_runs or not anchor_runs:
            return
        value, other = statistics.median(millrace_runs), statistics.median(anchor_runs)
        self.metrics.append({
            "name": name, "unit": unit, "millrace": value, "anchor": anchor,
            "anchor_value": other, "ratio": ratio(value, other, better), "goal": goal,
            "better": better, "millrace_runs": list(millrace_runs),
            "anchor_runs": list(anchor_runs)})

    def limit(self, name, unit, millrace_runs, limit):
        """The value may be `limit` at most."""
        self.metric(name, unit, millrace_runs, "limit", [limit], goal=1, better="lower")

    def series(self, plot, label, x, y, xlabel="seconds", ylabel=""):
        self.lines.append({"plot": plot, "label": label, "x": list(x), "y": list(y),
                           "xlabel": xlabel, "ylabel": ylabel})

    def note(self, text):
        self.notes.append(str(text))
        self.say(f"  {text}")

    def not_had(self, what, why):
        self.missing.append(f"{what}: {why}")
        self.say(f"  not had: {what}: {why}")

    # -- the end

    def end(self):
        for close in self.closers[::-1]:
            with contextlib.suppress(Exception):
                close()
        for bridge in self.bridges:
            bridge.engine.kill()
        self.park.stop()


def ratio(value, anchor, better):
    """Larger is better; a division by nothing is a thousand times better, or no better."""
    above, below = (value, anchor) if better == "higher" else (anchor, value)
    if below > 0:
        return above / below
    return 1000.0 if above > 0 else 1.0


def best_of(runs, *names, better="higher"):
    """Of several settings of one anchor the better counts: (name, its runs)."""
    had = [(name, runs[name]) for name in names if runs.get(name)]
    if not had:
        return names[0], []
    pick = max if better == "higher" else min
    return pick(had, key=lambda pair: statistics.median(pair[1]))


def _shown(result):
    if isinstance(result, float):
        return f"{result:,.1f}"
    if isinstance(result, dict):
        return ", ".join(f"{k} {_shown(v)}" for k, v in result.items()
                         if isinstance(v, (int, float)))
    return str(result)
