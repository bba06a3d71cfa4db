"""Explain one enterprise from what the night registered."""

from __future__ import annotations

from stable_jobs.night.desk import Desk
from stable_jobs.policy.explain import explain
from stable_jobs.policy.explain_text import render_text


def explain_enterprise(desk: Desk, uscc: str, *, region: str | None, lang: str) -> str:
    """The explanation as text in `zh` or `en`. UsageError if the night has no such enterprise."""
    with desk.database.connect() as connection:
        found = explain(
            desk.duck,
            connection,
            desk.lake,
            desk.contracts,
            desk.policies,
            uscc.strip().upper(),
            desk.business_date,
            region,
        )
    return render_text(found, lang)
