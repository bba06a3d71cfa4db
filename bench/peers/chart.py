"""The chart of bench/README.md from results.json: time and memory against units, both axes logarithmic."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.peers.results import README, Result, read_results

TARGET = README.with_name("peers.svg")
MARKERS = "osD^vP"
PANELS = (("seconds", "seconds"), ("peak_mb", "peak memory, MB"))


def main() -> None:
    """Write the chart; the same figures give the same bytes."""
    mpl.rcParams["svg.hashsalt"] = "stable-jobs"
    results = read_results()
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    for axes, (field, label) in zip(figure.subplots(1, 2), PANELS, strict=True):
        axes.set(xscale="log", yscale="log", xlabel="units", ylabel=label)
        axes.grid(visible=True, which="both", alpha=0.25)
        for marker, name in zip(MARKERS, _names(results), strict=False):
            points = [
                (result.units, getattr(one, field))
                for result in results
                for one in result.figures
                if one.name == name
            ]
            axes.plot(*zip(*points, strict=True), marker=marker, label=name)
    figure.axes[0].legend()
    if not all(result.is_quiet for result in results):
        figure.suptitle("measured beside other work on the machine", fontsize=9)
    figure.savefig(TARGET, format="svg", metadata={"Date": None})


def _names(results: list[Result]) -> list[str]:
    return list(dict.fromkeys(one.name for result in results for one in result.figures))


if __name__ == "__main__":
    main()
