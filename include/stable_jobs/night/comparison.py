"""The night beside the one before it, and beside what its own date was decided to be before.

Publishes `<out>/<business date>/comparison/`. Nothing else of the night needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stable_jobs.lists.sheets.changes import Changes, changes_summary, exact_changes, listed_changes
from stable_jobs.messages import words_of
from stable_jobs.night.context import NightContext
from stable_jobs.policy.determine import Decision
from stable_jobs.publishing.checked import fits_workbook, without, write_checked
from stable_jobs.publishing.manifest import file_entry, not_as_published, read_manifest, workbooks_entry
from stable_jobs.publishing.publish import publish_folder
from stable_jobs.publishing.table import Sum
from stable_jobs.publishing.words import DEMONSTRATION
from stable_jobs.publishing.workspace import workspace
from stable_jobs.report.comparison import (
    Baseline,
    ComparisonFacts,
    comparison_from_json,
    comparison_json,
)
from stable_jobs.report.comparison_figures import baseline_figures, write_differences
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Snapshot
from stable_jobs.words import words_json

KIND = "eligibility"
FILES = {"night_before": ("changes", "summary"), "earlier_decision": ("corrections", "corrections_summary")}
"""What the files of each of `ComparisonFacts`' baselines are called: every row, and the summary."""


@dataclass(frozen=True)
class Comparison:
    """A published comparison, whole in its manifest: `load_comparison` finds it again by its path."""

    folder: Path
    manifest: Path
    facts: ComparisonFacts

    @property
    def baselines(self) -> Mapping[str, Baseline]:
        """By name, those there are: business date, rows by kind of change, difference in yuan."""
        return self.facts.baselines


@dataclass(frozen=True)
class _Part:
    """What one baseline adds: its figures, file name → what the file says, and the workbooks left out."""

    figures: Baseline
    files: Mapping[str, Sum]
    csv_only: tuple[str, ...]


def compare_night(night: NightContext, decision: Decision, versions: Mapping[str, str]) -> Comparison:
    """Compare the decision with the newest earlier business date's, and with its own date's before it.

    With equal inputs nothing is written. versions: for the manifest, as on the report. The manifest names
    business dates only: a night that was killed and run again has other ids and fingerprints. StepError where
    a file does not say what was compared.
    """
    folder = night.settings.out_root / night.business_date.isoformat() / "comparison"
    folder.mkdir(parents=True, exist_ok=True)
    with workspace(folder) as work:
        parts = {
            name: _part(night, work, name, before, decision.eligibility)
            for name, before in _baselines(night, decision).items()
        }
        files = {name: work / name for part in parts.values() for name in part.files}
        published = publish_folder(folder, files, _manifest(night, parts, versions))
    return load_comparison(published.manifest)


def load_comparison(manifest: Path) -> Comparison:
    """The comparison of that manifest. StepError if it is none as `compare_night` publishes it."""
    content, _ = read_manifest(manifest)
    try:
        facts = comparison_from_json(content["baselines"])
    except (KeyError, TypeError, ValueError, ArithmeticError) as problem:
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


def _part(night: NightContext, work: Path, name: str, before: Snapshot, after: Snapshot) -> _Part:
    """Compare two eligibility tables and write the files into the workspace."""
    tables = (night.lake.path(before.name), night.lake.path(after.name))
    differences = write_differences(night.duck, *tables, work / name)
    figures = baseline_figures(night.duck, before.business_date, *tables, differences, night.names)
    found = _changes(night, name, figures, str(differences.rows), str(differences.sums))
    listed = listed_changes(found)
    is_short = fits_workbook(listed, night.settings.workbook_rows)
    left_out = f"{listed.name}.{'csv' if is_short else 'xlsx'}"
    lists = (exact_changes(found), without(listed, [left_out]), changes_summary(found))
    files = {file: said for table in lists for file, said in write_checked(night.duck, table, work).items()}
    return _Part(figures, files, () if is_short else (left_out,))


def _changes(night: NightContext, name: str, figures: Baseline, rows: str, sums: str) -> Changes:
    title = words_of("baseline", name)
    rows_name, summary_name = FILES[name]
    return Changes(
        name=rows_name,
        summary_name=summary_name,
        title=title.both,
        rows_path=rows,
        summary_path=sums,
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


def _manifest(night: NightContext, parts: Mapping[str, _Part], versions: Mapping[str, str]) -> dict[str, Any]:
    facts = ComparisonFacts(**{name: parts[name].figures if name in parts else None for name in FILES})
    csv_only = [workbook for part in parts.values() for workbook in part.csv_only]
    return {
        "business_date": night.business_date.isoformat(),
        "versions": dict(versions),
        "demonstration": DEMONSTRATION if night.demo_regions else None,
        "baselines": comparison_json(facts),
        "without": {name: words_json(words_of("no_baseline", name)) for name in FILES if name not in parts},
        "workbooks": workbooks_entry(csv_only, night.settings.workbook_rows),
        "files": {name: file_entry(said) for part in parts.values() for name, said in part.files.items()},
    }
