"""The product among its peers: a whole night, as `stable-jobs night` runs it, with or without its ledger.

Without: as in a backfill, which decides, compares, and publishes lists and report, and promises nothing.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from bench.worker import BUSINESS_DATE

ELIGIBILITY = "lake/snapshots/eligibility/*.parquet"


def main() -> None:
    """Home and landing come from the environment, as for the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger", choices=("with", "without"))
    is_backfill = parser.parse_args().ledger == "without"
    from stable_jobs.night.context import open_night
    from stable_jobs.night.steps import run_night
    from stable_jobs.settings import Settings

    with open_night(Settings(), BUSINESS_DATE, is_backfill=is_backfill) as night:
        run_night(night, lambda _: None)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what DuckDB's binding says of its leaks at the end


def general_rows(home: Path) -> set[tuple[str, str, str, str]]:
    """The general scheme's payments of the one night under `home`: region, code, name, yuan left to pay."""
    return set(_rows(home))


def _rows(home: Path) -> Iterator[tuple[str, str, str, str]]:
    import duckdb

    query = """SELECT region_code, uscc, unit_name, payable::VARCHAR FROM read_parquet(?)
        WHERE scheme = 'general' AND decision = 'eligible' AND payable > 0"""
    with duckdb.connect() as con:
        yield from con.execute(query, [str(home / ELIGIBILITY)]).fetchall()


if __name__ == "__main__":
    main()
