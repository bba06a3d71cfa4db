"""The night beside the one before it, and beside what its own date was decided to be before.

Publishes `<out>/<business date>/comparison/`. Nothing else of the night needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from stable_jobs.lists.changes import Changes, changes_summary, exact_changes, listed_changes
from stable_jobs.messages import words_of
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.night.handed import comparison_of
from stable_jobs.night.step import Result
from stable_jobs.policy.determine import Decision
from stable_jobs.publishing.folders import not_as_published, read_manifest
from stable_jobs.publishing.publish import publish_tables
from stable_jobs.publishing.table import DEMONSTRATION
from stable_jobs.report.comparison import (
    Baseline,
    ComparisonFacts,
    baseline_figures,
    comparison_from_json,
    comparison_json,
    write_differences,
)
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Snapshot

KIND = "eligibility"
FILES = {"night_before": ("changes", "summary"), "earlier_decision": ("corrections", "corrections_summary")}
"""The names of the files of each of `ComparisonFacts`' baselines: every row, and the summary."""


SHEETS = (exact_changes, listed_changes, changes_summary)


@dataclass(frozen=True)
class Comparison(Result[dict[str, str]]):
    """A published comparison, whole in its manifest: `load_comparison` finds it again by its path."""

    folder: Path
    manifest: Path
    facts: ComparisonFacts

    @property
    def baselines(self) -> Mapping[str, Baseline]:
        """By name, those there are: business date, rows by kind of change, difference in yuan."""
        return self.facts.baselines

    def as_json(self, night: NightContext) -> dict[str, str]:
        """`manifest` (path)."""
        return {"manifest": str(self.manifest)}

    @classmethod
    def from_json(cls, night: NightContext, handed: object) -> Self:
        """As `comparison_of` checks the path."""
        found = load_comparison(comparison_of(night, handed))
        return cls(found.folder, found.manifest, found.facts)


def compare_night(night: NightContext, decision: Decision, versions: Mapping[str, str]) -> Comparison:
    """Compare the decision with the newest earlier business date's, and with its own date's before it.

    With equal inputs nothing is written. versions: for the manifest, as on the report. The manifest names
    business dates only: a night that was killed and run again has other ids and fingerprints. StepError where
    a file does not say what was compared.
    """
    with scratch(night) as work:
        found = {
            name: _compared(night, work, name, before, decision.eligibility)
            for name, before in _baselines(night, decision).items()
        }
        tables = [sheet(one) for _, one in found.values() for sheet in SHEETS]
        published = publish_tables(
            night.duck,
            night.settings.out_root / night.business_date.isoformat() / "comparison",
            tables,
            _manifest(night, {name: figures for name, (figures, _) in found.items()}, versions),
            night.settings.workbook_rows,
        )
    return load_comparison(published.manifest)


def load_comparison(manifest: Path) -> Comparison:
    """The comparison of that manifest. StepError if it is none as `compare_night` publishes it."""
    content, _ = read_manifest(manifest)
    try:
        facts = comparison_from_json(content["baselines"])
    except (KeyError, ValueError) as problem:
        raise not_as_published(manifest, problem) from None
    return Comparison(manifest.parent, manifest, facts)


def _baselines(night: NightContext, decision: Decision) -> dict[str, Snapshot]:
    """The eligibility tables to compare with, by name."""
    with night.database.connect() as connection:
        found = {
            "night_before": catalog.newest_before(connection, KIND, night.business_date),
            "earlier_decision": catalog.earlier_of_date(connection, decision.eligibility),
        }
    return {name: snapshot for name, snapshot in found.items() if snapshot is not None}


def _compared(
    night: NightContext, work: Path, name: str, before: Snapshot, after: Snapshot
) -> tuple[Baseline, Changes]:
    """Two eligibility tables compared: the figures, and the lists of what differs, from a scratch folder."""
    sides = (night.lake.path(before.name), night.lake.path(after.name))
    differences = write_differences(night.computing, *sides, work / name)
    figures = baseline_figures(night.duck, before.business_date, *sides, differences, night.names)
    rows_name, summary_name = FILES[name]
    return figures, Changes(
        name=rows_name,
        summary_name=summary_name,
        title=words_of("baseline", name).both,
        rows_path=str(differences.rows),
        summary_path=str(differences.sums),
        rows=figures.rows,
        difference=figures.payable_difference,
        names={code: words.both for code, words in night.names.items()},
        remarks={r.place.code: words_of("one_sided", r.sides).both for r in figures.regions if r.sides},
        notes=_notes(night, figures),
    )


def _notes(night: NightContext, figures: Baseline) -> tuple[str, ...]:
    """Above a workbook's header: which dates, and that there are demonstration values."""
    dates = (
        f"业务日期 business date {night.business_date.isoformat()}"
        f" · 对比 against {figures.business_date.isoformat()}"
    )
    return (dates, DEMONSTRATION) if night.demo_regions else (dates,)


def _manifest(
    night: NightContext, figures: Mapping[str, Baseline], versions: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "business_date": night.business_date.isoformat(),
        "versions": dict(versions),
        "demonstration": DEMONSTRATION if night.demo_regions else None,
        "baselines": comparison_json(ComparisonFacts(**{name: figures.get(name) for name in FILES})),
        "without": {name: asdict(words_of("no_baseline", name)) for name in FILES if name not in figures},
    }
