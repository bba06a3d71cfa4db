"""What the files say of a region's money, and what happens when a file changes under a night's hands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from stable_jobs.acts import decide_proposal
from stable_jobs.bank.banks import load_banks, load_sound_banks
from stable_jobs.contracts.model import Contract, SendingRegion, Terms
from stable_jobs.disbursement.steps import publish
from stable_jobs.errors import StepError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.night.alerts import tell_suspended
from stable_jobs.night.context import NightContext
from stable_jobs.night.policies import (
    note_policies,
    policy_facts,
    propose_policy,
    region_values,
    require_same_files,
)
from stable_jobs.policy.load import load_policies, load_sound
from stable_jobs.settings import Settings, data_folder
from stable_jobs.store import catalog
from stable_jobs.store.engine import quote_literal
from tests.disbursement.bank_desk import CONTRACTS, POLICIES, BankDesk, D, bank_desk
from tests.ledger.conftest import REGION

BANKS = load_banks(data_folder("banks"))
YEAR = date(2020, 5, 19)


@pytest.fixture
def desk(engine: Engine, settings: Settings, tmp_path: Path) -> BankDesk:
    """A ledger and folders of its own, with a copy of the packaged bank profiles."""
    shutil.copytree(data_folder("banks"), tmp_path / "banks")
    return bank_desk(engine, settings.model_copy(update={"banks": tmp_path / "banks"}))


def agree(desk: NightContext, area: str = "000000") -> None:
    with ledger_event(desk.database, "policy proposed", actor="li") as event:
        number, _ = propose_policy(desk, event, area, "a letter", "li")
    with ledger_event(desk.database, "proposal answered", actor="wang") as event:
        decide_proposal(event, number, "confirmed", "", "wang")


def formed(desk: BankDesk) -> None:
    """A batch that needs nobody, under values that two people confirmed."""
    with desk.at() as opened:
        agree(opened)
        note_policies(opened)
    night = desk.night(2)
    desk.books.apply(night)
    desk.books.close(D)
    desk.books.form(night)


def states(desk: BankDesk) -> list[str]:
    return [state for (state,) in desk.books.ask("SELECT state FROM batches")]


def published(desk: BankDesk) -> list[str]:
    with desk.at() as opened:
        publish(opened)
    return states(desk)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def profile_of(desk: BankDesk) -> Path:
    root = desk.settings.banks_root
    return next(f for f in (root / f"{c}.yaml" for c in (REGION, "610000", "000000")) if f.exists())


def test_confirmed_values_are_paid_by(desk: BankDesk) -> None:
    formed(desk)
    assert published(desk) == ["published"]


def test_another_account_of_ours_waits_for_two_people(desk: BankDesk) -> None:
    formed(desk)
    old = BANKS.of(REGION).debtor.account_no
    edit(profile_of(desk), old, "9" * len(old))
    assert published(desk) == ["formed"]
    with desk.at() as opened:
        changes = [c for c in policy_facts(opened).changes if c.place.code == REGION]
        assert [c.name for c in changes] == ["bank.debtor.account_no"]
        assert all(old not in value for value in (changes[0].old, changes[0].new))
        agree(opened, REGION)
    assert published(desk) == ["published"]


def test_a_broken_profile_stops_its_own_region_and_nothing_breaks(desk: BankDesk) -> None:
    formed(desk)
    profile_of(desk).write_text("region: [", encoding="utf-8")
    assert published(desk) == ["formed"]
    with desk.at() as opened:
        assert [c.name for c in policy_facts(opened).changes if c.place.code == REGION] == ["bank.fault"]


def test_of_a_broken_policy_file_its_fault_alone_is_told(desk: BankDesk, tmp_path: Path) -> None:
    formed(desk)
    shutil.copytree(data_folder("policies"), tmp_path / "policies")
    edit(tmp_path / "policies" / REGION / "general.yaml", '"0.5"', '"5.0"')
    with desk.at() as opened:
        broken = replace(opened, policies=load_sound(tmp_path / "policies"))
        note_policies(broken)
        told = [(c.name, c.old, c.new) for c in policy_facts(broken).changes if c.place.code == REGION]
    ((name, old, new),) = told
    assert (name, old) == ("fault", "")
    assert "5.0" in new


def test_the_mail_about_a_held_region_says_what_is_wrong(
    desk: BankDesk, caplog: pytest.LogCaptureFixture
) -> None:
    with desk.at() as opened:
        path = Path(opened.lake.path("held.parquet"))
        path.parent.mkdir(parents=True, exist_ok=True)
        opened.duck.execute(f"COPY ({HELD}) TO {quote_literal(str(path))} (FORMAT parquet)")
        held, decided = SimpleNamespace(name="held.parquet"), SimpleNamespace(fingerprint="f")
        tell_suspended(opened, cast(Any, SimpleNamespace(held=held, eligibility=decided)))
    assert "2 regions are held" in caplog.text
    assert "610100 bad_parameters general.yaml: 5.0 | 610122 missing_delivery tax taxpayers" in caplog.text


HELD = """
    SELECT * FROM (VALUES
        ('610100', 'bad_parameters', '', '', 'general.yaml: 5.0'),
        ('610122', 'missing_delivery', 'tax', 'taxpayers', 'no accepted delivery')
    ) held (region_code, reason, department, extract, detail)
"""


def test_values_name_their_law_and_no_account() -> None:
    found = region_values(POLICIES, BANKS, CONTRACTS, YEAR)
    rate = found["360100"]["general.refund_rate.large"]
    assert rate == {"value": "0.5", "from": "2020-01-01", "reference": "人社部发〔2019〕23号"}
    assert found["610100"]["general.approvals.large"]["value"] == 2
    assert "difficult.scheme_open" in found["360100"]
    assert "difficult.benefit_months" not in found["360100"], "of a closed scheme only that it is closed"
    assert {f"contract.{name}" for name in CONTRACTS} <= set(found["360100"])
    text = json.dumps(found, ensure_ascii=False)
    assert all(profile.debtor.account_no not in text for profile in BANKS.profiles.values())


def changed_terms(region: str, on: date = YEAR, **terms: Any) -> dict[str, Contract]:
    """The contracts: `taxpayers` has an entry of that region, `premium_payments` one of Tibet."""
    far, entry = (SendingRegion(code, on, "来函", Terms(**terms)) for code in ("540000", region))
    changed = {"taxpayers": (entry,), "premium_payments": (far,)}
    return {
        name: replace(contract, sending_regions=changed.get(name, ())) for name, contract in CONTRACTS.items()
    }


@pytest.mark.parametrize(
    ("contracts", "asked"),
    [
        pytest.param(changed_terms("610122", encoding="utf-8"), {"610122"}, id="a county"),
        pytest.param(
            changed_terms("610100", tolerance=Decimal("0.2")), {"610100", "610122", "610124"}, id="a city"
        ),
        pytest.param(changed_terms("610122", due_hours=23), {"610122"}, id="only its due time"),
        pytest.param(changed_terms("610122", encoding="gb18030"), set(), id="what held anyway"),
        pytest.param(changed_terms("610122", date(2119, 1, 1), encoding="utf-8"), set(), id="not in force"),
    ],
)
def test_people_are_asked_about_the_regions_whose_files_it_concerns(
    contracts: dict[str, Contract], asked: set[str]
) -> None:
    before, after = (region_values(POLICIES, BANKS, one, YEAR) for one in (CONTRACTS, contracts))
    changed = {
        (region, name)
        for region in before
        for name in before[region]
        if before[region][name] != after[region][name]
    }
    assert changed == {(region, "contract.taxpayers") for region in asked}


def test_what_differs_in_the_file_for_all_concerns_everybody() -> None:
    before = region_values(POLICIES, BANKS, CONTRACTS, YEAR)
    after = region_values(POLICIES, BANKS, changed_terms("000000", encoding="utf-8"), YEAR)
    assert {region for region in before if before[region] != after[region]} == set(before)


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        pytest.param("000000", 8, id="all"),
        pytest.param("610000", 3, id="a province"),
        pytest.param("610100", 3, id="a city and its counties"),
        pytest.param("610122", 1, id="a county"),
    ],
)
def test_values_of_an_area(area: str, expected: int) -> None:
    assert len(region_values(POLICIES, BANKS, CONTRACTS, YEAR, area)) == expected


def test_of_a_region_with_a_fault_the_fault_alone(tmp_path: Path) -> None:
    shutil.copytree(data_folder("policies"), tmp_path / "policies")
    edit(tmp_path / "policies" / "610100" / "general.yaml", '"0.5"', '"5.0"')
    found = region_values(load_sound(tmp_path / "policies"), BANKS, CONTRACTS, YEAR)
    assert {code for code, content in found.items() if "fault" in content} == {"610100", "610122", "610124"}
    assert "general.refund_rate.large" in found["360100"]


@contextmanager
def decision_by(desk: BankDesk, **changed: str) -> Iterator[tuple[NightContext, Any]]:
    """A registered decision that was made by the desk's files, or by others."""
    contracts = {name: contract.fingerprint for name, contract in CONTRACTS.items()}
    inputs = {"policies": POLICIES.fingerprint, "contracts": contracts} | changed
    with desk.books.engine.begin() as connection:
        made = catalog.register_snapshot(
            connection, kind="eligibility", business_date=D, fingerprint="a" * 64,
            name="snapshots/x.parquet", rows=1, inputs=inputs,
        )  # fmt: skip
    with desk.at() as opened:
        yield opened, cast(Any, SimpleNamespace(id=made.id))


def test_a_decision_made_by_other_files_is_not_taken_over(desk: BankDesk) -> None:
    with decision_by(desk) as (opened, decision), opened.database.connect() as connection:
        require_same_files(opened, connection, decision)
        other = replace(opened, policies=replace(POLICIES, fingerprint="b" * 64))
        with pytest.raises(StepError, match="was made by other policies than are there now"):
            require_same_files(other, connection, decision)


def test_no_profile_at_all_is_no_fault(tmp_path: Path) -> None:
    banks = load_sound_banks(tmp_path)
    found = region_values(load_policies(data_folder("policies")), banks, CONTRACTS, YEAR)
    assert not any(name.startswith("bank.") for name in found["360100"])
