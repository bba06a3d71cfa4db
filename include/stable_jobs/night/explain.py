"""Explain one enterprise from what the night registered."""

from __future__ import annotations

from stable_jobs.night.context import NightContext
from stable_jobs.policy.explain import explain
from stable_jobs.policy.explain_text import render_text


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
