"""Results: stored one file a scenario, shown as a table, given out as JSON."""
import json
import os

DIRECTORY = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "results")
PUBLIC = ("name", "unit", "millrace", "anchor", "anchor_value", "ratio", "goal")


def path(name, quick):
    return os.path.join(DIRECTORY, "quick" if quick else "full", f"{name}.json")


def store(result):
    where = path(result["scenario"], result["quick"])
    os.makedirs(os.path.dirname(where), exist_ok=True)
    with open(where + ".new", "w") as f:
        json.dump(result, f, indent=1)
    os.replace(where + ".new", where)


def load(name, quick):
    try:
        with open(path(name, quick)) as f:
            return json.load(f)
    except (OSError, ValueError):
        return None


def public(result):
    """The form that others read."""
    return {"scenario": result["scenario"],
            "metrics": [{k: m[k] for k in PUBLIC} for m in result["metrics"]],
            "machine": result["machine"], "versions": result["versions"]}


def met(metric):
    return metric["goal"] is None or metric["ratio"] >= metric["goal"]


def table(result):
    """Lines for people."""
    rows = [("metric", "millrace", "anchor", "", "ratio", "goal", "")]
    for m in result["metrics"]:
        rows.append((f"{m['name']}, {m['unit']}", _spread(m["millrace_runs"]), m["anchor"],
                     _spread(m["anchor_runs"]), f"{m['ratio']:.2f}",
                     "" if m["goal"] is None else f">= {m['goal']:g}",
                     "" if m["goal"] is None else "met" if met(m) else "NOT MET"))
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths)).rstrip() for r in rows]
    lines += [f"not had: {m}" for m in result["not_had"]]
    return [f"== {result['scenario']}: {result['text']}"] + ["  " + l for l in lines]


def markdown(stored):
    """All results in one table, for docs/PERFORMANCE.md."""
    lines = ["| scenario | metric | Millrace | anchor | | ratio | goal |",
             "|---|---|---|---|---|---|---|"]
    for result in stored:
        for m in result["metrics"]:
            goal = "" if m["goal"] is None else f"{m['goal']:g}" + ("" if met(m) else ", **not met**")
            lines.append(f"| {result['scenario']} | {m['name']}, {m['unit']} | "
                         f"{_spread(m['millrace_runs'])} | {m['anchor']} | "
                         f"{_spread(m['anchor_runs'])} | {m['ratio']:.2f} | {goal} |")
    return lines


def _spread(values):
    ordered = sorted(values)
    middle = _number(_median(ordered))
    if len(ordered) == 1:
        return middle
    return f"{middle} ({_number(ordered[0])} - {_number(ordered[-1])})"


def _median(ordered):
    n = len(ordered)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2


def _number(v):
    if abs(v) >= 1000:
        return f"{v:,.0f}"
    return f"{v:.3g}"
