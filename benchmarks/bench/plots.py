"""docs/plots/*.png from the stored results: throughput with its spread, and one picture for each
kind of series, a panel a scenario."""
import collections
import glob
import math
import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from harness.servers import REPO  # noqa: E402

from . import results  # noqa: E402

DIRECTORY = os.path.join(REPO, "docs", "plots")
OURS, OTHERS = "#1f6fb4", "#b9b9b9"
LOG_SCALE = ("lag over time", "lag percentiles")


def draw_all(quick):
    stored = [results.load(os.path.basename(path)[:-5], quick)
              for path in sorted(glob.glob(results.path("*", quick)))]
    if not stored:
        print("nothing is stored yet: benchmarks/run all")
        return 1
    os.makedirs(DIRECTORY, exist_ok=True)
    throughput(stored)
    panels = collections.defaultdict(dict)
    for result in stored:
        for line in result["series"]:
            panels[line["plot"]].setdefault(result["scenario"], []).append(line)
    for plot, scenarios in panels.items():
        draw_panels(plot, scenarios)
    return 0


def throughput(stored):
    """Bars in shares of the anchor, since rows and bytes do not share an axis; values beside them."""
    bars = [(result, m) for result in stored for m in result["metrics"]
            if m["better"] == "higher"]
    figure, axis = plt.subplots(figsize=(10, 0.5 * len(bars) + 1.5))
    for y, (_, m) in enumerate(bars):
        low, high = min(m["millrace_runs"]), max(m["millrace_runs"])
        share = [v / m["anchor_value"] for v in (m["millrace"], low, high)]
        axis.barh(y, share[0], 0.6, color=OURS, xerr=[[share[0] - share[1]], [share[2] - share[0]]],
                  error_kw={"elinewidth": 1, "capsize": 3})
        if m["goal"]:
            axis.plot([m["goal"]] * 2, [y - 0.4, y + 0.4], color="black", linewidth=2)
        axis.text(1.01, y, f"{m['millrace']:,.0f} : {m['anchor_value']:,.0f} {m['unit']}",
                  transform=axis.get_yaxis_transform(), va="center", fontsize=8)
    axis.axvline(1, color=OTHERS, linewidth=1)
    axis.set_yticks(range(len(bars)))
    axis.set_yticklabels([f"{r['scenario']}: {m['name']}\nagainst {m['anchor']}" for r, m in bars],
                         fontsize=7)
    axis.set_ylim(len(bars) - 0.4, -0.6)
    axis.set_xscale("log")
    axis.set_xlabel("Millrace as a multiple of its anchor: median, least and most; thick: the goal")
    save(figure, "throughput")


def draw_panels(plot, scenarios):
    columns = min(2, len(scenarios))
    rows = math.ceil(len(scenarios) / columns)
    figure, axes = plt.subplots(rows, columns, figsize=(6 * columns, 3.2 * rows), squeeze=False)
    for axis in axes.flat[len(scenarios):]:
        axis.axis("off")
    for axis, (scenario, lines) in zip(axes.flat, scenarios.items()):
        for line in lines:
            axis.plot(line["x"], line["y"], label=line["label"], linewidth=1.2)
        if plot in LOG_SCALE:
            axis.set_yscale("log")
        axis.set_title(scenario, fontsize=10)
        axis.set_xlabel(lines[0]["xlabel"])
        axis.set_ylabel(lines[0]["ylabel"])
        axis.set_ylim(bottom=None if plot in LOG_SCALE else 0)
        axis.grid(color="#eeeeee")
        if len(lines) > 1:
            axis.legend(fontsize=7)
    save(figure, plot.replace(" ", "-"))


def save(figure, name):
    path = os.path.join(DIRECTORY, f"{name}.png")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    print(os.path.relpath(path, REPO))
