"""A batch whose file says another total stays as it is; the other regions' batches are published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from stable_jobs.bank import pain001
from stable_jobs.disbursement.steps import publish
from stable_jobs.errors import StepError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.proposal_kinds import decide_proposal
from stable_jobs.night.policies import note_policies, propose_policy
from stable_jobs.publishing.table import Sum
from stable_jobs.settings import Settings
from tests.disbursement.bank_desk import BankDesk, D, bank_desk
from tests.ledger.conftest import CODES, REGION, Night, unit

OTHER = "620100"


@pytest.fixture
def desk(engine: Engine, settings: Settings) -> BankDesk:
    """Two regions with a batch each that needs nobody: one unit's in the first, two in the other."""
    made = bank_desk(engine, settings)
    with made.at() as opened:
        with ledger_event(opened.database, "policy proposed", actor="li") as event:
            number, _ = propose_policy(opened, event, "000000", "a letter", "li")
        with ledger_event(opened.database, "proposal answered", actor="wang") as event:
            decide_proposal(event, number, "confirmed", "", "wang")
        note_policies(opened)
    regions = (REGION, OTHER, OTHER)
    units = tuple(unit(CODES[n], region_code=region) for n, region in enumerate(regions))
    night = Night(D, units, regions={code: {"working_days": 0, "stopping_doubts": ""} for code in regions})
    made.books.apply(night)
    made.books.close(D)
    assert len(made.books.form(night)) == 2
    return made


def states(desk: BankDesk) -> dict[str, str]:
    return dict(desk.books.ask("SELECT region_code, state FROM batches"))


def test_a_batch_that_does_not_add_up_stops_itself_alone(
    desk: BankDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = pain001.measure

    def one_lost(path: Path) -> Sum:
        found = measure(path)
        return replace(found, count=0) if found.count == 1 else found

    with monkeypatch.context() as patch, desk.at() as opened:
        patch.setattr(pain001, "measure", one_lost)
        with pytest.raises(StepError, match=rf"^batch {REGION}-.* is not published: payment"):
            publish(opened)
    assert states(desk) == {REGION: "formed", OTHER: "published"}
    assert not list(desk.settings.out_root.glob(f"*/{REGION}/*"))
    with desk.at() as opened:
        publish(opened)
    assert states(desk) == {REGION: "published", OTHER: "published"}
