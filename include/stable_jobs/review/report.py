"""The pages of a night's validation report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection, text

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.people import AIRFLOW, BROWSER, LONGEST_REASON, Hand, acting
from stable_jobs.ledger.rulings import Acknowledgement, acknowledge, acknowledgements
from stable_jobs.regions import NATION
from stable_jobs.report.data import DeliveryLine, ExtractReport, NightReport
from stable_jobs.report.parts import place_of
from stable_jobs.report.render import department_facts, overview_facts
from stable_jobs.review.access import Guard, Permission, Person, WriteGuard
from stable_jobs.review.page import Links, csv_answer, html, stores_of, written
from stable_jobs.review.stores import Stores, names_of, report_of
from stable_jobs.store.catalog import Release, deliveries_for, held_outcomes, releases_shown
from stable_jobs.words import Words

# --- Queries ---
# A report's deliveries as the catalog has them now: held, released since, where quarantined rows lie.

File = tuple[str, str, int, str]
"""Extract, file name, sequence, SHA-256: what a line of the report and a delivery of its date share."""


@dataclass(frozen=True)
class DeliveryNow:
    """A delivery beside what the report says of it. is_held: by a rule from which nobody released it."""

    id: int
    is_held: bool
    releases: tuple[Release, ...]


@dataclass(frozen=True)
class Quarantine:
    """A delivery's quarantined rows: how many, in which Parquet of the lake. The rest names the file."""

    name: str
    rows: int
    region_code: str
    sequence: int


def file_of(extract: str, line: DeliveryLine) -> File:
    """The key by which a line of the report and its delivery are found."""
    return extract, line.file_name, line.sequence, line.sha256


def deliveries_now(connection: Connection, on: date) -> Mapping[File, DeliveryNow]:
    """Every delivery of that date."""
    held = {one.delivery_id for one in held_outcomes(connection, on) if not one.is_released}
    known = releases_shown(connection)
    return {
        (one.extract, one.file_name, one.sequence, one.sha256): DeliveryNow(
            one.id, one.id in held, tuple(r for r in known if r.sha256 == one.sha256)
        )
        for one in deliveries_for(connection, on)
    }


NEWEST_QUARANTINE = """
    SELECT s.name, sum(o.quarantined)::bigint AS rows, d.region_code, d.sequence
    FROM deliveries d
    JOIN delivery_outcomes o ON o.delivery_id = d.id
    JOIN validations v ON v.id = o.validation_id
        AND (v.extract, v.business_date) = (d.extract, d.business_date)
    JOIN snapshots s ON s.id = v.quarantine_snapshot_id
    WHERE (d.id, d.business_date, d.extract) = (:id, :on, :extract)
    GROUP BY v.id, s.name, d.region_code, d.sequence ORDER BY v.id DESC LIMIT 1
"""


def quarantine_of(connection: Connection, on: date, extract: str, delivery_id: int) -> Quarantine | None:
    """The quarantine of the delivery's newest validation; None if it has no row of the delivery."""
    values = {"id": delivery_id, "on": on, "extract": extract}
    found = connection.execute(text(NEWEST_QUARANTINE), values).mappings().one_or_none()
    return Quarantine(**found) if found and found["rows"] else None


# --- Routes ---
# A night's validation report in the browser, and what people do about it.

router = APIRouter()
READ = [Depends(Guard(Permission.READ))]
EXTRACT = "/nights/{on}/report/{department}/{extract}"
BIGGEST_ID = 2**63 - 1
Reason = Annotated[str, Form(max_length=20 * LONGEST_REASON)]
Back = Annotated[str, Form()]
DeliveryId = Annotated[int, Path(ge=1, le=BIGGEST_ID)]


@router.get("/nights/{on}/report", dependencies=READ)
def overview(request: Request, on: date) -> Response:
    """The report's overview: held deliveries, the departments' owed data, regions, reconciliation."""
    report = report_of(stores_of(request), on)
    if report is None:
        return _no_report(request, on)
    return _page(request, "report.html", report, page="index", **overview_facts(report))


@router.get("/nights/{on}/report/{department}", dependencies=READ)
def department_page(request: Request, on: date, department: str) -> Response:
    """One department: the data that it owes, and each of its extracts."""
    if department not in DEPARTMENTS:
        raise HTTPException(404)
    report = report_of(stores_of(request), on)
    if report is None:
        return _no_report(request, on)
    facts = department_facts(report, department)
    return _page(request, "report_department.html", report, **facts, **_said(request, report, department))


@router.get(EXTRACT, dependencies=READ)
def extract_page(request: Request, on: date, department: str, extract: str) -> Response:
    """One extract: its deliveries, rules and rows that match no unit."""
    report = report_of(stores_of(request), on)
    if report is None:
        return _no_report(request, on)
    one = _extract_of(report, department, extract)
    owed = tuple(item for item in report.owed_by(department) if item.extract == extract)
    facts = {"page": department, "extract": one, "owed": owed}
    return _page(request, "report_extract.html", report, **facts, **_said(request, report, department))


@router.get(EXTRACT + "/quarantined/{delivery_id}", dependencies=[Depends(Guard(Permission.QUARANTINE))])
def quarantined(
    request: Request, on: date, department: str, extract: str, delivery_id: DeliveryId
) -> Response:
    """A delivery's quarantined rows as CSV, accounts masked."""
    stores = stores_of(request)
    contract = stores.contracts(on).get(extract)
    if contract is None or contract.department != department:
        raise HTTPException(404)
    with stores.database.connect() as connection:
        found = quarantine_of(connection, on, extract, delivery_id)
    if found is None:
        raise HTTPException(404)
    from stable_jobs.lists.sheets import quarantined_rows

    table = quarantined_rows(contract, stores.lake.path(found.name), delivery_id, found.rows)
    place = f"{on.isoformat()}.{found.region_code}.{found.sequence}"
    return csv_answer(stores, table, f"quarantined.{contract.extract}.{place}.csv")


@router.post(EXTRACT + "/acknowledgements")
def add_acknowledgement(
    request: Request,
    on: date,
    department: str,
    extract: str,
    person: Annotated[Person, Depends(WriteGuard(Permission.ACKNOWLEDGE))],
    rule_id: Annotated[str, Form()],
    region_code: Annotated[str, Form()] = NATION,
    reason: Reason = "",
    back: Back = "",
) -> Response:
    """Put the person's name and reason to what a rule found; 404 for a rule that found nothing there."""
    stores = stores_of(request)
    found = _extract_of(_published(stores, on), department, extract)
    rule = next((one for one in found.rules if one.rule_id == rule_id and one.failed), None)
    if rule is None or region_code not in {NATION, *(one.place.code for one in rule.regions)}:
        raise HTTPException(404)
    subject = f"{on.isoformat()} {rule_id}"
    said = written(reason, "acknowledgement")
    with (
        acting(Hand(AIRFLOW, BROWSER)),
        ledger_event(stores.ledger, "acknowledgement", actor=person.name, subject=subject) as event,
    ):
        acknowledge(
            event,
            business_date=on,
            extract=extract,
            rule_id=rule_id,
            region_code=region_code,
            person=person.name,
            reason=said,
        )
    return _back(request, on, department, extract, back, rule.anchor)


@router.post(EXTRACT + "/releases/{delivery_id}")
def add_release(
    request: Request,
    on: date,
    department: str,
    extract: str,
    delivery_id: DeliveryId,
    person: Annotated[Person, Depends(WriteGuard(Permission.RELEASE))],
    reason: Reason = "",
    back: Back = "",
) -> Response:
    """Release a delivery of the report from the rules that hold it; the next run of its date takes it."""
    from stable_jobs.night.owed import accept_held_delivery

    stores = stores_of(request)
    found = _extract_of(_published(stores, on), department, extract)
    with stores.database.connect() as connection:
        now = deliveries_now(connection, on)
    lines = (now.get(file_of(extract, line)) for line in found.deliveries)
    if not any(one is not None and one.id == delivery_id for one in lines):
        raise HTTPException(404)
    said = written(reason, "release")
    try:
        with acting(Hand(AIRFLOW, BROWSER)):
            accept_held_delivery(stores.ledger, delivery_id, reason=said, released_by=person.name)
    except UsageError as problem:
        raise LedgerRefused(problem.said or Words.as_written(str(problem))) from None
    return _back(request, on, department, extract, back, extract)


def _published(stores: Stores, on: date) -> NightReport:
    report = report_of(stores, on)
    if report is None:
        raise HTTPException(404)
    return report


def _extract_of(report: NightReport, department: str, extract: str) -> ExtractReport:
    found = next((one for one in report.of_department(department) if one.extract == extract), None)
    if found is None:
        raise HTTPException(404)
    return found


def _no_report(request: Request, on: date) -> Response:
    run = request.app.state.airflow.runs([on]).get(on)
    return html(request, "no_report.html", "nights", status=404, day=on.isoformat(), run=run)


def _page(request: Request, template: str, report: NightReport, **context: Any) -> Response:
    on = report.business_date
    run = request.app.state.airflow.runs([on]).get(on)
    shown = {"report": report, "departments": DEPARTMENTS, "day": on.isoformat(), "run": run}
    return html(request, template, "nights", **shown, **context)


def _said(request: Request, report: NightReport, department: str) -> dict[str, Any]:
    """People's acknowledgements and releases since, as the department's templates look them up."""
    stores = stores_of(request)
    names = names_of(stores)
    extracts = [one.extract for one in report.of_department(department)]
    with stores.database.connect() as connection:
        said = acknowledgements(connection, report.business_date, extracts)
        deliveries = deliveries_now(connection, report.business_date)
    return {
        "said": _by_rule(said),
        "deliveries": deliveries,
        "file_of": file_of,
        "places": {one.region_code: place_of(one.region_code, names) for one in said},
        "all_regions": NATION,
        "longest_reason": LONGEST_REASON,
    }


def _by_rule(said: Sequence[Acknowledgement]) -> Mapping[str, Sequence[Acknowledgement]]:
    return {rule: [one for one in said if one.rule_id == rule] for rule in {one.rule_id for one in said}}


def _back(
    request: Request, on: date, department: str, extract: str, back: str, anchor: str
) -> RedirectResponse:
    """To the page on which the form stood, where it stood."""
    parts = (department,) if back == "department" else (department, extract)
    address = Links(request)("nights", on, "report", *parts)
    return RedirectResponse(f"{address}#{anchor}", 303)
