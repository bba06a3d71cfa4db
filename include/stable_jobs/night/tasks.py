"""The steps as a scheduler's tasks: each in a process of its own, plain values in, ids and counts out.

What goes from task to task is small JSON. Rows stay in the lake, promises in the database, and a task asks
for what the one before registered by its id. Each holds the business date while it works: a second run of
the same date waits, finds what the first made, and ends in the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.errors import StepError, StepsMissing, UsageError
from stable_jobs.garbage import collect_rarely
from stable_jobs.settings import instant, read_settings

if TYPE_CHECKING:
    from stable_jobs.night.context import NightContext
    from stable_jobs.policy.determine import Decision
    from stable_jobs.store.catalog import Validation

Result = dict[str, Any]
"""Plain JSON: counts, ids, yuan as text."""
log = logging.getLogger(__name__)
OWED_SHOWN = 60
"""Lines of what is owed that a log gets; all of it is on the report."""


@contextmanager
def open_date(business_date: str | None, known_at: str | None = None) -> Iterator[NightContext]:
    """The stores of a business date (`YYYY-MM-DD`), not held. UsageError for no date or a future one."""
    from stable_jobs.night.context import open_night
    from stable_jobs.night.dates import refuse_future

    collect_rarely()
    on, moment = read_date(business_date), _instant(known_at)
    refuse_future(on)
    with open_night(read_settings(), on, moment) as night:
        yield night


@contextmanager
def night_of(business_date: str | None, known_at: str | None = None) -> Iterator[NightContext]:
    """The same, the date held by this process while it works."""
    from stable_jobs.store.database import business_date_lock

    with open_date(business_date, known_at) as night, business_date_lock(night.database, night.business_date):
        yield night


def read_date(text: str | None) -> date:
    """The business date of a run's partition key. UsageError for any other spelling than YYYY-MM-DD."""
    try:
        found = date.fromisoformat(text or "")
        if found.isoformat() != text:  # another spelling would be another partition of the same night
            raise ValueError(text)
        return found
    except ValueError as error:
        raise UsageError(
            f"the run has no business date: its partition key is {text!r}; trigger it with a partition key"
            " such as 2020-05-11"
        ) from error


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return instant(text)
    except ValueError as error:
        raise UsageError(f"known_at {text!r} is not an instant such as 2020-05-11T20:00+08:00") from error


def collect(
    business_date: str | None, department: str, known_at: str | None = None, waits: bool = False
) -> Result:
    """Land what the department has sent so far: how many `deliveries`, `refused` by now, and `awaited` (may
    still come before they are due).

    waits: the run waits for those. UsageError where nobody sent anything and nothing is waited for.
    """
    from stable_jobs.night import owed, steps
    from stable_jobs.night.dates import require_came

    with night_of(business_date, known_at) as night:
        landing = night.settings.landing_root
        if not landing.is_dir():
            raise StepError(f"there is no landing folder {landing}: mount it, or set STABLE_JOBS_LANDING")
        found = steps.collect(night, department)
        awaited = owed.still_awaited(night, department)
        if not (waits and any(owed.still_awaited(night, other) for other in DEPARTMENTS)):
            require_came(night)
    for problem in found.problems:
        log.warning("%s", problem.sentence())
    if awaited:
        log.info("awaited until due: %s", ", ".join(f"{extract} {region}" for extract, region in awaited))
    refused = sum(one.status == "refused" for one in found.deliveries)
    return {"deliveries": len(found.deliveries), "refused": refused, "awaited": len(awaited)}


def validate(business_date: str | None, department: str, known_at: str | None = None) -> Result:
    """Stage and validate: `validations` (ids), `received`, `accepted`, `quarantined` rows."""
    from stable_jobs.night import steps

    with night_of(business_date, known_at) as night:
        made = steps.validate(night, department)
    result = {"validations": [one.id for one in made], **_rows(made)}
    log.info("%s: %s", department, result)
    return result


def _rows(validations: Iterable[Validation]) -> dict[str, int]:
    outcomes = [o for one in validations for o in one.outcomes]
    return {name: sum(getattr(o, name) for o in outcomes) for name in ("received", "accepted", "quarantined")}


def owed(
    business_date: str | None, department: str, validated: Mapping[str, Any], known_at: str | None = None
) -> list[str]:
    """A sentence for each delivery the department owes: missing, refused or held."""
    from stable_jobs.night.handed import validations_of
    from stable_jobs.night.owed import owed_by

    with night_of(business_date, known_at) as night:
        made = validations_of(night, validated, (department,))
        sentences = [one.sentence() for one in owed_by(night, department, made)]
    shown = sentences[:OWED_SHOWN]
    more = len(sentences) - len(shown)
    return [*shown, f"and {more} more, see the report"] if more else shown


def determine(
    business_date: str | None,
    validated: Sequence[Mapping[str, Any]],
    known_at: str | None = None,
    is_backfill: bool = False,
) -> Result:
    """Decide: `decision` (id), `validations` (ids of the night's, those about units too), `units` decided,
    `enterprises` taken, `payable` (yuan).

    What is decided as known now, and not in a backfill, is the date's decision in force from here on.
    """
    from stable_jobs.night import steps
    from stable_jobs.night.dates import require_came
    from stable_jobs.night.figures import region_figures
    from stable_jobs.night.handed import decide_in_force, require_newest, validations_of

    with night_of(business_date, known_at) as night:
        require_came(night)
        found = [made for one in validated for made in validations_of(night, one)]
        require_newest(night, found)
        ids = [made.id for made in found]
        decision = steps.determine_eligibility(night, ids)
        if known_at is None and not is_backfill:
            decide_in_force(night, decision)
        checks = steps.check_units(night, decision)
        regions = region_figures(night, decision, {})
    result = {
        "decision": decision.id,
        "validations": [*ids, *(one.id for one in checks)],
        "rows": decision.eligibility.rows,
        "held_regions": sum(bool(one.held) for one in regions),
        "enterprises": sum(one.enterprises for one in regions),
        "payable": str(sum((one.payable for one in regions), Decimal("0.00"))),
    }
    log.info("decided: %s", result)
    return result


def compare(
    business_date: str | None,
    determined: Mapping[str, Any],
    known_at: str | None = None,
    is_backfill: bool = False,
) -> Result:
    """Beside the night before: `manifest` (path of what was published)."""
    from stable_jobs.night import steps

    with night_of(business_date, known_at) as night:
        found = steps.compare(night, _decision(night, determined, is_backfill))
    return {"manifest": str(found.manifest)}


def lists(
    business_date: str | None,
    determined: Mapping[str, Any],
    known_at: str | None = None,
    is_backfill: bool = False,
) -> Result:
    """Publish the lists: `regions`, of them `held`; `listed` units, `payable` (yuan); `changed` regions."""
    from stable_jobs.night import steps

    with night_of(business_date, known_at) as night:
        made = steps.lists(night, _decision(night, determined, is_backfill))
    result = {
        "regions": len(made),
        "held": sum(one.is_held for one in made),
        "listed": sum(one.units for one in made),
        "payable": str(sum((one.payable for one in made), Decimal("0.00"))),
        "changed": sum(one.is_new for one in made),
    }
    log.info("published: %s", result)
    return result


def notices(
    business_date: str | None,
    determined: Mapping[str, Any],
    known_at: str | None = None,
    is_backfill: bool = False,
) -> Result:
    """Open notices: `opened`, with `units` and `payable` (yuan); regions `taken` over by the ledger as their
    newest night, and `older` ones, of which it knows a newer night.

    A night as known then, or a backfill's, opens none.
    """
    from stable_jobs.night.alerts import tell_anchor, tell_held
    from stable_jobs.night.notices import open_notices

    if known_at is not None or is_backfill:
        return {"opened": 0, "units": 0, "payable": "0.00", "taken": 0, "older": 0}
    with night_of(business_date) as night:
        decision = _decision(night, determined, is_backfill)
        made = open_notices(night, decision)
        tell_held(night, decision)
        tell_anchor(night)
        taken = _taken(night)
    result = {
        "opened": made.opened,
        "units": made.units,
        "payable": str(made.payable),
        "taken": taken,
        "older": len(made.older),
    }
    log.info("announced: %s", result)
    return result


def _taken(night: NightContext) -> int:
    from stable_jobs.ledger.standing import newest_of

    with night.database.connect() as connection:
        return newest_of(connection, night.business_date)


def late(business_date: str | None) -> list[str]:
    """Tell of the regions that promised an answer on the same day; their codes and names."""
    from stable_jobs.night.alerts import tell_late
    from stable_jobs.policy.parameters import regions_taking_part, resolve

    with open_date(business_date) as night:
        policies, on = night.policies, night.business_date
        promised = [
            code
            for code in regions_taking_part(policies, on)
            if resolve(policies, code, "general", "same_day_promise", on).value
        ]
        named = [f"{code} {night.names[code].both}" for code in promised]
        if named:
            tell_late(night, named)
    return named


def report(
    business_date: str | None,
    determined: Mapping[str, Any] | None,
    compared: Mapping[str, Any] | None,
    broken: Sequence[str] = (),
    known_at: str | None = None,
    is_backfill: bool = False,
) -> Result:
    """Publish the report: `path` of its first page. StepsMissing, once it stands, if others did not succeed
    or a region's lists do not add up.

    broken: names of the night's steps that did not succeed. Without a comparison the report says so.
    """
    from stable_jobs.night import steps
    from stable_jobs.night.handed import comparison_of
    from stable_jobs.night.unlisted import require_listed

    if determined is None:
        raise StepsMissing(f"no decision to report on; steps that did not succeed: {', '.join(broken)}")
    with night_of(business_date, known_at) as night:
        decision, made = _decision(night, determined, is_backfill), _validations(night, determined)
        manifest = None if compared is None else comparison_of(night, compared)
        path = steps.report(night, decision, made, manifest)
        if broken:
            raise StepsMissing(f"the report is at {path}, but steps did not succeed: {', '.join(broken)}")
        require_listed(night, decision)
    return {"path": str(path)}


def _decision(night: NightContext, determined: Mapping[str, Any], is_backfill: bool) -> Decision:
    """What promises or replaces nothing (a backfill, a night as known then) needs not be in force."""
    from stable_jobs.night.handed import decision_of

    return decision_of(night, determined, is_in_force=night.known_at is None and not is_backfill)


def _validations(night: NightContext, determined: Mapping[str, Any]) -> list[Validation]:
    from stable_jobs.night.handed import validations_of

    return validations_of(night, determined, with_units=True)
