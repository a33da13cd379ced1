"""The plot in the documentation."""

from __future__ import annotations

import statistics
from pathlib import Path

import matplotlib
from cases import BY_ETAG, CODED
from peers import EXPRESS, HOOK, LANE
from results import Results

matplotlib.use("svg")
import matplotlib.pyplot as plt

_OURS, _OTHERS = "#c2410c", "#94a3b8"


def draw(results: Results, path: Path) -> None:
    """Write the plot as SVG: in-process calls, CPU behind servers, and start-up by files."""
    # Text stays text, and equal figures make equal files.
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.size": 9})
    figure, ((first, second), (third, fourth)) = plt.subplots(2, 2, figsize=(11, 8))
    for axes, case in zip((first, second), (CODED, BY_ETAG), strict=True):
        _bars(axes, _in_process(results, case), f"In-process, {case}", "CPU µs, logarithmic")
    server, cases = next(
        ((name, found) for name, found in results.behind.items() if name == "gunicorn gthread"),
        (None, {}),
    )
    if server:
        cpu = {name: statistics.median(its.cpu) * 1e6 for name, its in cases[CODED].items()}
        _bars(third, cpu, f"Behind {server}, {CODED}", "CPU µs, logarithmic")
    _growth(fourth, results)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _in_process(results: Results, case: str) -> dict[str, float]:
    return {
        name: statistics.median(times) * 1e6
        for name, times in results.inprocess.seconds[case].items()
    }


def _bars(axes: plt.Axes, figures: dict[str, float], title: str, unit: str) -> None:
    names = list(figures)[::-1]
    colours = [_OURS if name in (HOOK, LANE, EXPRESS) else _OTHERS for name in names]
    bars = axes.barh(names, [figures[name] for name in names], color=colours)
    axes.bar_label(
        bars, fmt=lambda value: f"{value:,.0f}" if value > 99 else f"{value:.3g}", padding=3
    )
    axes.set_xscale("log")
    axes.set_xlim(min(figures.values()) / 2, max(figures.values()) * 2)
    axes.set_title(title)
    axes.set_xlabel(unit)
    axes.spines[["top", "right"]].set_visible(False)


def _growth(axes: plt.Axes, results: Results) -> None:
    starts = results.growth.starts
    for name in next(iter(starts.values())):
        milliseconds = [starts[count][name].seconds * 1e3 for count in starts]
        style = {"color": _OURS, "ls": "--" if name == LANE else "-"}
        axes.plot(
            list(starts),
            milliseconds,
            marker="o",
            label=name,
            **(style if name in (HOOK, LANE, EXPRESS) else {}),
        )
    axes.set(xscale="log", yscale="log", xlabel="files", ylabel="ms")
    axes.set_title("Start and first request")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
