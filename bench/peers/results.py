"""The figures of `make bench-peers`: one result a tier in results.json, and their table."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
FIGURES = FOLDER / "results.json"
README = FOLDER.parent / "README.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
QUIET = 0.3
"""Below this load before a run nobody else works on the machine."""


@dataclass(frozen=True)
class Figures:
    """Medians of one: seconds by the clock, processor seconds and peak megabytes of all its processes."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_mb: int


@dataclass(frozen=True)
class Result:
    """One command over one tier. load: of the machine before, by others."""

    tier: str
    units: int
    runs: int
    measured_on: str
    machine: str
    load: float
    command: str
    figures: tuple[Figures, ...]

    @property
    def is_quiet(self) -> bool:
        """Whether nobody else worked on the machine when it began."""
        return self.load < QUIET


def machine() -> str:
    """Processors, memory and system of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    model = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    processor = model[0] if model else platform.machine()
    return f"{os.cpu_count()} × {processor}, {memory:.0f} GB, Linux {platform.release()}"


def read_results(path: Path = FIGURES) -> list[Result]:
    """Every tier's result, the smallest first."""
    if not path.exists():
        return []
    said = json.loads(path.read_text(encoding="utf-8"))
    made = [Result(**one | {"figures": tuple(Figures(**f) for f in one["figures"])}) for one in said]
    return sorted(made, key=lambda result: result.units)


def with_result(result: Result, path: Path = FIGURES, readme: Path = README) -> None:
    """Write a result in the place of the tier's earlier one, and the table again."""
    others = [one for one in read_results(path) if one.tier != result.tier]
    every = sorted([*others, result], key=lambda one: one.units)
    text = json.dumps([asdict(one) for one in every], indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    page = readme.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{render(every)}\n{END}{after}", encoding="utf-8")


def render(results: Sequence[Result]) -> str:
    """Results as Markdown."""
    return "\n".join(_table(result) for result in results)


def _table(result: Result) -> str:
    state = "" if result.is_quiet else (
        f" **Others used the machine meanwhile (load {result.load:.1f} before): "
        "only the processor seconds compare, and those loosely.**"
    )  # fmt: skip
    rounds = f"medians of {result.runs} rounds" if result.runs > 1 else "one round: no median"
    lines = [
        f"### {result.tier}: {result.units:,} units",
        "",
        f"`{result.command}`, {rounds}, {result.measured_on}, {result.machine}.{state}",
        "",
        "| | seconds | processor seconds | peak MB |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {f.name} | {f.seconds:,.1f} | {f.cpu_seconds:,.1f} | {f.peak_mb:,} |" for f in result.figures),
        "",
    ]
    return "\n".join(lines)
