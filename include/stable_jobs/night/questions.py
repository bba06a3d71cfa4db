"""Questions to a night that change nothing: one enterprise explained, and other policies tried."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.compare import changes, summary
from stable_jobs.errors import UsageError
from stable_jobs.night.context import NightContext
from stable_jobs.night.notices import paid_by_us
from stable_jobs.night.steps import deliveries_in_force
from stable_jobs.policy.determine import decide, input_files, keep_in
from stable_jobs.policy.explain import explain
from stable_jobs.policy.explanation import render_text
from stable_jobs.policy.extracts import Inputs
from stable_jobs.policy.load import Policies, load_policies
from stable_jobs.store.validations import registered_codes

if TYPE_CHECKING:
    from ibis.backends import BaseBackend
    from pandas import DataFrame


# --- explain ---
# Explain one enterprise from what the night registered.


def explain_enterprise(night: NightContext, uscc: str, *, region: str | None, lang: str) -> str:
    """The explanation as text in `zh` or `en`. UsageError if the night has no such enterprise."""
    with night.database.connect() as connection:
        found = explain(
            night.duck,
            connection,
            night.lake,
            night.contracts,
            night.policies,
            uscc.strip().upper(),
            night.business_date,
            region,
        )
    return render_text(found, lang)


# --- what-if ---
# A night under other parameters: decided into a scratch folder, compared with the night as it is.
#
# Of the catalog and the lake it adds at most what the ledger paid; it decides into the folder.


@dataclass(frozen=True)
class WhatIf:
    """The differences. `changes` and `summary` are compare.py's tables; the folder contains them too."""

    folder: Path
    changes: DataFrame
    summary: DataFrame


def what_if(night: NightContext, policies_root: Path, folder: Path) -> WhatIf:
    """Decide the date under the night's policies and under `policies_root`, side by side, into `folder`.

    The folder is emptied first if it is a what-if's. UsageError if it holds anything else, or if no validated
    delivery is in force; PolicyError for the other files.
    """
    import ibis

    other = load_policies(policies_root)
    backend = night.computing.backend
    inputs = _inputs(night)
    _fresh(folder)
    tables = [
        _decided(night, backend, inputs, policies, folder / name)
        for name, policies in (("as_is", night.policies), ("what_if", other))
    ]
    changes(*tables).to_parquet(str(folder / "changes.parquet"))
    changed = ibis.duckdb.from_connection(night.duck).read_parquet(str(folder / "changes.parquet"))
    changed.to_csv(str(folder / "changes.csv"))
    summed = summary(changed)
    summed.to_csv(str(folder / "summary.csv"))
    return WhatIf(folder, changed.to_pandas(), summed.to_pandas())


MARK = "this-is-a-what-if"


def _fresh(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise UsageError(f"--scratch {folder} holds something else; give an empty or a new folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def _inputs(night: NightContext) -> Inputs:
    in_force, held = deliveries_in_force(night)
    if not in_force:
        raise UsageError(
            f"no validated delivery is in force on {night.business_date}; "
            f"run `stable-jobs night --date {night.business_date}` first"
        )
    ours, _ = paid_by_us(night)
    with night.database.connect() as connection:
        registered = registered_codes(connection, night.known_at)
    return Inputs(input_files(night.lake, in_force), night.contracts, held, ours, registered)


def _decided(
    night: NightContext, backend: BaseBackend, inputs: Inputs, policies: Policies, folder: Path
) -> object:
    folder.mkdir()
    keep = keep_in(backend, str(folder))
    return decide(backend, inputs, policies, night.business_date, keep)["eligibility"]
