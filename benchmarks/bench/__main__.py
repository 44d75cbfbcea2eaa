"""The command line; benchmarks/run says what it knows."""
import argparse
import datetime
import glob
import importlib
import json
import os
import shutil
import signal
import sys
import time
import traceback

from harness.servers import ServerMissing

from . import machine, park, results
from .scenario import SCENARIOS, Bench, NotHad

SCENARIO_FILES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                              "scenarios", "*.py")


def load_scenarios():
    for path in sorted(glob.glob(SCENARIO_FILES)):
        importlib.import_module("scenarios." + os.path.basename(path)[:-3])


def arguments():
    parser = argparse.ArgumentParser(prog="benchmarks/run")
    parser.add_argument("what", nargs="+", help="scenarios, or all, list, plot, table")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--json")
    parser.add_argument("--again", action="store_true")
    return parser.parse_args()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))   # so that servers are stopped
    load_scenarios()
    asked = arguments()
    if asked.what == ["list"]:
        for s in SCENARIOS.values():
            print(f"{s.name:28} {s.text}")
        return 0
    if asked.what == ["plot"]:
        from . import plots     # matplotlib is needed here alone
        return plots.draw_all(asked.quick)
    if asked.what == ["table"]:
        stored = [results.load(name, asked.quick) for name in SCENARIOS]
        print("\n".join(results.markdown([s for s in stored if s])))
        return 0
    if asked.what == ["all"]:
        return run_all(asked)
    unknown = [name for name in asked.what if name not in SCENARIOS]
    if unknown:
        print(f"no scenario {unknown[0]}; benchmarks/run list shows them", file=sys.stderr)
        return 1
    made = [measure(SCENARIOS[name], asked) for name in asked.what]
    return finish(made, asked, single=len(made) == 1)


def run_all(asked):
    began, made = time.monotonic(), []
    for s in SCENARIOS.values():
        stored = results.load(s.name, asked.quick)
        if stored and not asked.again and stored["engine"] == machine.engine_id() \
                and stored["runs"] >= runs_of(asked):
            print(f"{s.name}: as stored, {stored['date']}", flush=True)
            made.append(stored)
        else:
            made.append(measure(s, asked))
    print()
    for result in made:
        if result:
            print("\n".join(results.table(result)))
    print(f"all in {time.monotonic() - began:.0f} s")
    return finish(made, asked, single=False)


def finish(made, asked, single):
    had = [results.public(r) for r in made if r]
    if asked.json:
        with open(asked.json, "w") as f:
            json.dump(had[0] if single and had else had, f, indent=1)
    return 0 if len(had) == len(made) else 1


def runs_of(asked):
    return asked.runs or (1 if asked.quick else 5)


def measure(s, asked):
    """The result, stored; None where the scenario failed."""
    print(f"{s.name}: {s.text}", flush=True)
    began = time.monotonic()
    directory = park.new_directory()
    bench = Bench(directory, asked.quick, runs_of(asked), lambda t: print(t, flush=True))
    result = {
        "scenario": s.name, "text": s.text, "quick": asked.quick, "runs": bench.runs,
        "engine": machine.engine_id(),
        "date": datetime.datetime.now().isoformat(" ", "seconds"),
        "machine": machine.machine(directory), "versions": machine.versions(),
    }
    try:
        run_one(s, bench, result)
    except Exception:
        traceback.print_exc()
        print(f"{s.name} FAILED", file=sys.stderr, flush=True)
        return None
    finally:
        bench.end()
        shutil.rmtree(directory, ignore_errors=True)
    result["seconds"] = round(time.monotonic() - began, 1)
    results.store(result)
    print("\n".join(results.table(result)))
    show_conditions(result)
    print(f"  {s.name}: {result['seconds']:.0f} s\n", flush=True)
    return result


def run_one(s, bench, result):
    try:
        s.function(bench, *s.arguments)
    except (ServerMissing, NotHad) as e:
        bench.not_had(s.name, e)
    result["versions"].update(bench.park.versions())
    result["durability"] = bench.park.settings()
    result.update(metrics=bench.metrics, series=bench.lines, notes=bench.notes,
                  not_had=bench.missing)


def show_conditions(result):
    m = result["machine"]
    print(f"  on {m['cores']} cores, {m['cpu']}, {m['memory_gib']} GiB, data in {m['data']}")
    for name, settings in result["durability"].items():
        print(f"  {name}: " + ", ".join(f"{k}={v}" for k, v in settings.items()))
    print("  " + ", ".join(f"{k} {v}" for k, v in result["versions"].items() if v))


sys.exit(main())
