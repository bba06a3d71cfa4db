"""Every reason code has both sentences, and every test reads what explaining it shows."""

from __future__ import annotations

import pytest

from stable_jobs.messages.decision import REASON
from stable_jobs.policy.catalogue import CATALOGUE
from stable_jobs.policy.explanation import READS
from stable_jobs.policy.verdict import BY_CODE, COLUMNS, TESTS, Reason
from stable_jobs.settings import data_folder


@pytest.mark.parametrize("reason", [pytest.param(r, id=r.code) for r in Reason])
def test_both_sentences(reason: Reason) -> None:
    assert REASON[reason.code].zh
    assert REASON[reason.code].en.isascii()
    assert reason.reference
    assert (reason.department != "") == (
        reason.code.endswith("_unknown") or reason.code in ("size_known", "account_known")
    )


def test_every_outcome_has_a_code() -> None:
    amounts = {"already_paid_unknown", "entitlement_unknown"}
    assert set(BY_CODE) == {c for t in TESTS for c in (t, f"{t}_unknown")} | amounts
    assert list(REASON) == list(BY_CODE)


def test_what_tests_read() -> None:
    """In the order of the table; parameters are of the catalogue; extracts have a contract."""
    extracts = {p.name.split(".")[0] for p in data_folder("contracts").glob("*/*.yaml")}
    assert list(READS) == list(TESTS)
    assert [c for c in COLUMNS if c.startswith("meets_")] == [f"meets_{t}" for t in TESTS]
    assert {p for r in READS.values() for p in r.parameters} <= set(CATALOGUE)
    assert {e for r in READS.values() for e in r.extracts} <= extracts
