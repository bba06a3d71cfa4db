"""`python -m stable_jobs.review.comparing`: two decisions compared, in a process of its own.

It takes the memory of a night's step, not that of a page, and gives all of it back. The settings come from
the environment, the job from standard input, as `job` writes it.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.report.comparison import (
    ComparisonFacts,
    baseline_figures,
    comparison_json,
    write_differences,
)
from stable_jobs.review.stores import Stores, names_of
from stable_jobs.settings import Settings
from stable_jobs.store.engine import Computing, connect
from stable_jobs.store.snapshots import Snapshot

if TYPE_CHECKING:
    import duckdb

FIGURES, ROWS, LIST = "figures.json", "changes_rows.parquet", "changes.csv"
"""Names of the files written: figures as in the night's report, every row that differs, the list of them."""


def job(before: Snapshot, after: Snapshot, folder: Path) -> str:
    """To compare an eligibility table with an earlier one, into an existing folder. JSON."""
    return json.dumps(
        {
            "before": before.name,
            "before_on": before.business_date.isoformat(),
            "after": after.name,
            "folder": str(folder),
        }
    )


def main() -> None:
    """Do the job. An error ends it with a traceback on standard error, and exit 1."""
    asked = json.loads(sys.stdin.read())
    settings = Settings()
    stores = Stores(settings)
    with connect(settings) as duck:
        before, after = (stores.lake.path(asked[which]) for which in ("before", "after"))
        write(duck, stores, date.fromisoformat(asked["before_on"]), before, after, Path(asked["folder"]))


def write(
    duck: duckdb.DuckDBPyConnection, stores: Stores, before_on: date, before: str, after: str, folder: Path
) -> None:
    """Compare two eligibility tables (Parquet paths) into the folder."""
    from stable_jobs.lists.changes import Changes, listed_changes
    from stable_jobs.publishing.files import write_csv

    names = names_of(stores)
    found = write_differences(Computing(duck), before, after, folder / "changes")
    figures = baseline_figures(duck, before_on, before, after, found, names)
    listed = listed_changes(
        Changes(
            name="changes",
            summary_name="summary",
            title="",
            rows_path=str(found.rows),
            summary_path=str(found.sums),
            rows=figures.rows,
            difference=figures.payable_difference,
            names={code: words.both for code, words in names.items()},
            remarks={},
            notes=(),
        )
    )
    write_csv(duck, listed, folder / LIST)
    facts = comparison_json(ComparisonFacts(night_before=figures, earlier_decision=None))
    (folder / FIGURES).write_text(json.dumps(facts), encoding="utf-8")


if __name__ == "__main__":
    main()
