"""The values on which a night's money rests, as the files give them: policies, bank profiles, contracts.

Everybody who may write the files can edit them. Every step that moves money records their values in the
ledger, and a region whose values two people have not confirmed stays as it is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.bank.banks import Banks, load_sound_banks
from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract
from stable_jobs.errors import PolicyError, StepError
from stable_jobs.ledger.event import Event, ledger_event
from stable_jobs.ledger.policies import (
    Content,
    PolicyChange,
    RegionTotal,
    confirm_demonstration,
    differences_of,
    note_banks,
    note_values,
    noted,
    policy_changes,
    propose_values,
    totals_beyond,
    unconfirmed,
)
from stable_jobs.ledger.views import Listing
from stable_jobs.night.context import NightContext
from stable_jobs.policy.determine import Decision
from stable_jobs.policy.load import Policies, load_sound
from stable_jobs.policy.parameters import participating_regions, region_faults, resolved_parameters
from stable_jobs.regions import NATION
from stable_jobs.report.parts import NO_POLICY, PolicyFacts, PolicyLine, TotalLine, place_of
from stable_jobs.settings import data_folder
from stable_jobs.store.catalog import fingerprint
from stable_jobs.store.database import is_demonstration
from stable_jobs.words import Words

SECRET = "bank.debtor.account_no"  # noqa: S105 - where our account stands
"""Kept as a hash: no account number leaves the payment files."""
FAULTS = frozenset({"fault", "bank.fault"})
"""The value in place of a file that cannot be read."""


def note_policies(night: NightContext) -> None:
    """Note what the files say for the business date; in a demonstration its own files count as confirmed."""
    values = _now(night, None)
    with ledger_event(night.database, "policy values", business_date=night.business_date) as event:
        note_values(event, values)
        _confirm_own(event, night.business_date)
        event.detail.update(regions=len(values), policies=night.policies.fingerprint)


def note_profiles(night: NightContext) -> Banks:
    """Record the bank profiles as they are now beside the values by which the night was decided.

    Returns the profiles that were recorded.
    """
    banks = load_sound_banks(night.settings.banks_root)
    with ledger_event(night.database, "bank profiles", business_date=night.business_date) as event:
        note_banks(event, {region: _bank(banks, region) for region in noted(event.connection)})
        _confirm_own(event, night.business_date)
        event.detail.update(banks=banks.fingerprint)
    return banks


def _confirm_own(event: Event, on: date) -> None:
    if not unconfirmed(event.connection) or not is_demonstration(event.connection):
        return
    policies = load_sound(data_folder("policies"))
    banks = load_sound_banks(data_folder("banks"))
    contracts = contracts_as_of(data_folder("contracts"), on)
    files = fingerprint(
        policies=policies.fingerprint,
        banks=banks.fingerprint,
        contracts={name: contract.fingerprint for name, contract in contracts.items()},
    )
    confirm_demonstration(event, region_values(policies, banks, contracts, on), files)


def propose_policy(night: NightContext, event: Event, area: str, reason: str, person: str) -> tuple[int, int]:
    """A person proposes the files' values for the night's date, in a region and those below it.

    The proposal's number and the number of its regions. Regions whose files have a fault are left out.
    """
    values = {code: found for code, found in _now(night, area).items() if not FAULTS & found.keys()}
    return propose_values(event, values, area, night.business_date, reason, person)


def policy_differences(night: NightContext, connection: Connection, area: str | None) -> Listing:
    """The values of the files for the night's date beside those that are confirmed for it."""
    return differences_of(connection, _now(night, area), night.business_date)


def _now(night: NightContext, area: str | None) -> dict[str, Content]:
    banks = load_sound_banks(night.settings.banks_root)
    return region_values(night.policies, banks, night.contracts, night.business_date, area)


def policy_facts(night: NightContext) -> PolicyFacts:
    """The changed values and totals beyond their factor on the date, for the report; a night as known then
    moves no money, and has nothing to show."""
    if night.known_at is not None:
        return NO_POLICY
    with night.database.connect() as connection:
        changes = policy_changes(connection, night.business_date)
        totals = totals_beyond(connection, night.business_date)
    return PolicyFacts(
        tuple(policy_line(one, night.names) for one in changes),
        tuple(total_line(one, night.names) for one in totals),
    )


def policy_line(one: PolicyChange, names: Mapping[str, Words]) -> PolicyLine:
    """A change as it is shown to people."""
    return PolicyLine(
        place=place_of(one.region_code, names),
        name=one.name,
        old=one.old,
        new=one.new,
        old_reference=one.old_reference,
        new_reference=one.new_reference,
        first_night=one.first_night,
        proposed_by=one.proposed_by,
        confirmed_by=one.confirmed_by,
    )


def total_line(one: RegionTotal, names: Mapping[str, Words]) -> TotalLine:
    """A total as it is shown to people."""
    return TotalLine(
        place=place_of(one.region_code, names),
        total=one.total,
        factor=one.factor,
        last_date=one.last_date,
        last_total=one.last_total,
        ruled_by=one.ruled_by,
    )


def require_same_files(night: NightContext, connection: Connection, decision: Decision) -> None:
    """StepError where the decision was made by other policy files or contracts than those that are noted."""
    query = """
        SELECT inputs -> 'policies' AS policies, inputs -> 'contracts' AS contracts
        FROM snapshots WHERE id = :id
    """
    made = connection.execute(text(query), {"id": decision.id}).mappings().one()
    now = {
        "policies": night.policies.fingerprint,
        "contracts": {name: contract.fingerprint for name, contract in night.contracts.items()},
    }
    changed = [name for name, value in now.items() if made[name] != value]
    if changed:
        raise StepError(
            f"notices: decision {decision.id} was made by other {' and '.join(changed)} than are there now;"
            " nothing was taken over; next: run the night again from determine"
        )


def region_values(
    policies: Policies, banks: Banks, contracts: Mapping[str, Contract], on: date, area: str | None = None
) -> dict[str, Content]:
    """Region taking part → every value that is set for it: `<scheme>.<parameter>[.<size>]`, `bank.<field>`,
    `contract.<extract>`; of a region whose files have a fault, that fault alone.

    area: only this region and those below it.
    """
    found: dict[str, Content] = {
        region: {
            **_parameters(policies, region, on),
            **_bank(banks, region),
            **_agreed(contracts, region, on),
        }
        for region in participating_regions(policies, on)
        if _is_in(region, area)
    }
    broken = region_faults(policies, on).items()
    return found | {region: {"fault": _value(why)} for region, why in broken if _is_in(region, area)}


def _agreed(contracts: Mapping[str, Contract], region: str, on: date) -> dict[str, Content]:
    """By contract, the terms of the region's own files and of those that are sent for all regions.

    If nothing differs for them, that is the contract without its sending regions: agreements with
    other regions do not matter here.
    """
    return {
        f"contract.{name}": _value(_agreed_with(one, region, on)) for name, one in sorted(contracts.items())
    }


def _agreed_with(contract: Contract, region: str, on: date) -> str:
    if not contract.sending_regions:
        return contract.common
    own, of_all = (contract.for_region(slot, on).agreed for slot in (region, NATION))
    is_common = own == of_all == contract.agreed
    return contract.common if is_common else fingerprint(common=contract.common, own=own, of_all=of_all)


def _is_in(region: str, area: str | None) -> bool:
    return area is None or region.startswith(area.removesuffix("00").removesuffix("00").removesuffix("00"))


def _parameters(policies: Policies, region: str, on: date) -> dict[str, dict[str, Any]]:
    return {
        name: _value(one.value, one.source.effective_from.isoformat(), one.source.reference)
        for name, one in resolved_parameters(policies, region, on).items()
        if one.source is not None
    }


def _bank(banks: Banks, region: str) -> dict[str, dict[str, Any]]:
    try:
        profile = banks.nearest(region)
    except PolicyError as error:
        return {"bank.fault": _value(str(error))}
    if profile is None:
        return {}
    fields = dict(_flat("bank", profile.model_dump(mode="json")))
    fields[SECRET] = "sha256:" + hashlib.sha256(fields[SECRET].encode()).hexdigest()
    return {name: _value(value) for name, value in fields.items()}


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    else:
        yield name, json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _value(value: object, since: str = "", reference: str = "") -> dict[str, Any]:
    """In one spelling, so that equal values have equal hashes."""
    plain: object = value
    if isinstance(value, Decimal):
        plain = format(value.normalize(), "f")
    elif isinstance(value, date):
        plain = value.isoformat()
    elif isinstance(value, tuple):
        plain = list(value)
    return {"value": plain, "from": since, "reference": reference}
