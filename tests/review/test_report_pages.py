"""The validation report in the browser, over a made-up night: its pages, and what people do about it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response
from pydantic import SecretStr
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.pool import NullPool

from stable_jobs.report.data import NightReport, report_json
from stable_jobs.review.access import Run
from stable_jobs.settings import Settings
from stable_jobs.store import catalog
from stable_jobs.store.database import APP
from stable_jobs.store.lake import Lake
from stable_jobs.words import Words
from tests.databases import copy_database, drop_database
from tests.ledger.conftest import Books
from tests.lists.test_sheets import ACCOUNT, rows_of, write_quarantine
from tests.report.compared_night import COMPARED
from tests.report.report_night import CODE, DROP, HOSTILE, KEY, NAMES, NIGHT, a_night
from tests.report.test_render import ALLOWED, Page
from tests.review.stand_in import PREFIX, StandIn, client, mounted

pytestmark = pytest.mark.xdist_group("report_pages")
REPORT = f"{PREFIX}/nights/{NIGHT}/report"
TAX, PREMIUM = f"{REPORT}/tax", f"{REPORT}/tax/premium_payments"
PAYEES = f"{REPORT}/finance/payee_accounts"
OFFICER, VIEWER = "wang:officer", "ann:viewer"
OURS = {"form", "input", "label", "select", "option", "textarea", "button", "link", "script", "br"}
SAID = "SELECT rule_id, region_code, person, reason FROM acknowledgements ORDER BY id"
RELEASED = "SELECT rule_id, reason, released_by FROM delivery_releases"


@dataclass(frozen=True)
class Office:
    """A home with one published report, the app over it, and what its catalog has."""

    app: FastAPI
    airflow: StandIn
    out: Path
    books: Books
    held: int
    passed: int
    payees: int

    def get(self, address: str, who: str = OFFICER, lang: str = "en") -> Response:
        response: Response = client(self.app, who).get(address, params={"lang": lang}, follow_redirects=False)
        return response

    def post(self, address: str, who: str = OFFICER, page: str = PREMIUM, **fields: Any) -> Response:
        """What the browser sends of a form of that page."""
        [token, *_] = re.findall(r'name="form_token" value="([^"]+)"', self.get(page, who).text)
        response: Response = client(self.app, who).post(
            address, data={"form_token": token, **fields}, params={"lang": "en"}, follow_redirects=False
        )
        return response

    def publish(self, report: NightReport, name: str = "validation.json") -> None:
        folder = self.out / NIGHT.isoformat() / "validation"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(report_json(report))
        files = {
            path.name: {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
            for path in folder.glob("validation*.json")
        }
        (folder / "manifest.json").write_text(json.dumps({"files": files}), encoding="utf-8")

    def acknowledge(self, **fields: Any) -> Response:
        return self.post(f"{PREMIUM}/acknowledgements", **{"rule_id": CODE, "reason": "known", **fields})

    def release(self, number: int | None = None, **fields: Any) -> Response:
        number = self.held if number is None else number
        return self.post(f"{PREMIUM}/releases/{number}", **{"reason": "moved", **fields})


@contextmanager
def opened(settings: Settings, engine: Engine) -> Iterator[Office]:
    lake = Lake(settings.lake_url)
    name = lake.new_name("quarantine")
    write_quarantine(
        Path(lake.path(name)),
        {"delivery_id": 3, "bank_name": "=HYPERLINK(1)"},
        {"delivery_id": 3, "bank_code": ACCOUNT},
        {"delivery_id": 99},
    )
    numbers = write_catalog(engine, name)
    airflow = StandIn()
    app = mounted(settings, airflow)
    made = Office(app, airflow, settings.out_root, Books(engine, settings.out_root), *numbers)
    made.publish(a_night(comparison=COMPARED))
    yield made
    app.routes[-1].app.state.stores.close()  # type: ignore[attr-defined]  # the only mount


@pytest.fixture
def office(settings_with_database: Settings, engine: Engine) -> Iterator[Office]:
    """For what writes."""
    with opened(settings_with_database, engine) as made:
        yield made


@pytest.fixture(scope="module")
def shown(postgres_url: URL, template_database: str, tmp_path_factory: Any) -> Iterator[Office]:
    """For what only reads: made once."""
    name = copy_database(postgres_url, template_database, "report")
    url = postgres_url.set(username=APP, database=name)
    with pytest.MonkeyPatch.context() as patch:
        for one in [one for one in os.environ if one.startswith("STABLE_JOBS_")]:
            patch.delenv(one)
        settings = Settings(
            _env_file=None,
            home=tmp_path_factory.mktemp("report"),
            database_url=SecretStr(url.render_as_string(hide_password=False)),
        )
    with opened(settings, create_engine(url, poolclass=NullPool)) as made:
        yield made
    drop_database(postgres_url, name)


def write_catalog(engine: Engine, quarantine: str) -> list[int]:
    """Three deliveries of that night: one that a rule holds, one accepted, one with quarantined rows."""
    files = (
        ("premium_payments", "620100", DROP),
        ("premium_payments", "230200", None),
        ("payee_accounts", "220400", None),
    )
    with engine.begin() as connection:
        made = [_delivery(connection, extract, region) for extract, region, _ in files]
        kept = catalog.register_snapshot(
            connection, kind="quarantine", business_date=NIGHT, fingerprint="c" * 64, name=quarantine,
            rows=3, inputs={},
        )  # fmt: skip
        for number, (extract, region, rule) in zip(made, files, strict=True):
            catalog.record_validation(
                connection, business_date=NIGHT, extract=extract,
                fingerprint=catalog.fingerprint(of=number), quarantine_snapshot_id=kept.id, results=[],
                outcomes=[catalog.DeliveryOutcome(number, region, 9, 7, 2, rule, {"rows": 9})],
            )  # fmt: skip
    return made


def _delivery(connection: Any, extract: str, region: str) -> int:
    snapshot = catalog.register_snapshot(
        connection, kind="staged", business_date=NIGHT, fingerprint=catalog.fingerprint(of=extract + region),
        name=f"snapshots/{extract}{region}.parquet", rows=9, inputs={},
    )  # fmt: skip
    delivery = catalog.record_delivery(
        connection, department="tax", extract=extract, business_date=NIGHT, region_code=region, sequence=1,
        file_name=f"{region}.csv", file_format="csv", sha256="ab12cd34" * 8, size_bytes=1, rows=9,
        control_total=None, received_at=datetime(2020, 5, 11, tzinfo=UTC),
    )  # fmt: skip
    catalog.mark_staged(connection, delivery.id, snapshot.id)
    return delivery.id


def kinds(office: Office) -> list[tuple[str, str]]:
    bodies = [json.loads(body) for (body,) in office.books.ask("SELECT body FROM audit_events ORDER BY id")]
    return [(body["kind"], body["actor"]) for body in bodies]


# -- pages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("address", [REPORT, TAX, f"{REPORT}/economy", PREMIUM])
def test_every_page_is_whole_and_runs_nothing(shown: Office, address: str, lang: str) -> None:
    answer = shown.get(address, lang=lang)
    assert answer.status_code == 200, answer.text
    page = Page(answer.content)
    assert {tag for tag, _ in page.elements} <= ALLOWED | OURS
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name == "style"}
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert all(href.startswith((PREFIX, "#")) for href in page.values("href"))


@pytest.mark.parametrize("sent", [pytest.param(s, id=str(i)) for i, s in enumerate(HOSTILE)])
def test_what_departments_send_is_text(shown: Office, sent: str) -> None:
    visible = sent.replace("\u202e", "⟨U+202E⟩")
    visible = visible if len(visible) <= 80 else visible[:80] + "…(+420)"
    page = shown.get(PREMIUM)
    assert visible in Page(page.content).texts
    assert "\u202e" not in page.text


def test_hostile_names_of_regions_stay_text_in_the_form_too(office: Office) -> None:
    bad = "</select></option><script>alert(1)</script>\u202e"
    office.publish(a_night(names={code: Words(bad, bad) for code in NAMES}), "validation.2.json")
    page = office.get(PREMIUM)
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert [tag for tag, _ in Page(page.content).elements].count("script") == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        pytest.param(REPORT, ["3 of 7 regions are held", "Owed by Tax", "882,098,358.11"], id="overview"),
        pytest.param(
            TAX, ["failing for 5 nights", "new tonight", "Rows that match no unit", "Share"], id="department"
        ),
        pytest.param(PREMIUM, ["What is owed of this extract", "8 sample rows, masked"], id="extract"),
        pytest.param(f"{REPORT}/economy", ["This department owes nothing"], id="nothing owed"),
    ],
)
def test_a_page_says(shown: Office, address: str, words: list[str]) -> None:
    text = Page(shown.get(address).content).text
    assert all(word in text for word in words)


def test_a_held_region_leads_to_what_is_owed(shown: Office) -> None:
    hrefs = Page(shown.get(REPORT).content).values("href")
    assert hrefs.count(f"{TAX}#premium_payments") >= 3
    assert f"{TAX}#rule-{CODE}" in hrefs
    assert f"{REPORT}/labor#insured_units" in hrefs
    assert {f"rule-{CODE}", "premium_payments"} <= set(Page(shown.get(TAX).content).values("id"))


def test_links_of_an_extract_stay_on_its_page(shown: Office) -> None:
    page = Page(shown.get(PREMIUM).content)
    anchors = [href[1:] for href in page.values("href") if href.startswith("#")]
    assert f"rule-{CODE}" in anchors
    assert set(anchors) <= set(page.values("id"))


@pytest.mark.parametrize("address", [REPORT, TAX, PREMIUM, f"{PREFIX}/nights/2020-05-12/report"])
def test_back_to_the_run_in_airflow(office: Office, address: str) -> None:
    assert "/dags/" not in office.get(address).text
    on = date.fromisoformat(address.split("/")[3])
    office.airflow.known_runs[on] = Run("success", "/dags/nightly_eligibility/runs/r")
    assert 'href="/dags/nightly_eligibility/runs/r" target="_top"' in office.get(address).text


@pytest.mark.parametrize("path", ["", "/tax", "/tax/premium_payments"])
def test_a_night_without_a_report_says_what_to_do(shown: Office, path: str) -> None:
    answer = shown.get(f"{PREFIX}/nights/{NIGHT + timedelta(1)}/report{path}")
    assert answer.status_code == 404
    assert "No report of this night was published" in answer.text
    assert "trigger the DAG with this business date" in answer.text


def test_a_report_of_an_earlier_version_is_to_be_published_again(office: Office) -> None:
    document = json.loads(report_json(a_night()))
    del document["owed"][0]["anchor"]
    (office.out / str(NIGHT) / "validation" / "validation.2.json").write_text(json.dumps(document))
    answer = office.get(REPORT)
    assert answer.status_code == 404
    assert "publish the night again" in answer.text


def test_the_newest_edition_is_shown(office: Office) -> None:
    for edition in (2, 10):
        office.publish(
            replace(a_night(), versions=(("code", f"edition-{edition}"),)), f"validation.{edition}.json"
        )
        assert f"edition-{edition}" in office.get(REPORT).text


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(f"{REPORT}/taxi", id="no department"),
        pytest.param(f"{REPORT}/policy", id="a debtor without a page"),
        pytest.param(f"{REPORT}/tax/nothing", id="no extract"),
        pytest.param(f"{REPORT}/labor/premium_payments", id="another department's extract"),
        pytest.param(f"{PREFIX}/nights/today/report", id="no date"),
    ],
)
def test_there_is_nothing_else(shown: Office, address: str) -> None:
    assert shown.get(address).status_code == 404


# -- acknowledgements ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("back", "page"), [("department", TAX), ("extract", PREMIUM), ("//evil", PREMIUM)])
def test_an_acknowledgement_goes_back_to_its_page(office: Office, back: str, page: str) -> None:
    answer = office.acknowledge(back=back)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == f"{page}#rule-{CODE}"


def test_an_acknowledgement_is_a_row_an_event_and_on_the_page(office: Office) -> None:
    for who, reason, region in ((OFFICER, HOSTILE[0], "610100"), ("li:officer", "two\nlines", "000000")):
        office.acknowledge(who=who, reason=reason, region_code=region)
    assert office.books.ask(SAID) == [
        (CODE, "610100", "wang", HOSTILE[0]),
        (CODE, "000000", "li", "two\nlines"),
    ]
    assert kinds(office) == [("acknowledgement", "wang"), ("acknowledgement", "li")]
    assert office.books.breaks() == []
    for address in (TAX, PREMIUM):
        page = Page(office.get(address, VIEWER).content)
        assert "2 acknowledgements" in page.text
        assert {"wang", HOSTILE[0], "li", "All regions"} <= {text.strip(" \n") for text in page.texts} | {
            word for text in page.texts for word in text.split(" · ")
        }
    assert "acknowledgement" not in Page(office.get(f"{REPORT}/labor", VIEWER).content).text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({"reason": ""}, 409, id="no reason"),
        pytest.param({"reason": " \n "}, 409, id="a blank reason"),
        pytest.param({"reason": "a\0b"}, 409, id="a reason that cannot be kept"),
        pytest.param({"reason": "x" * 501}, 409, id="a reason too long"),
        pytest.param({"reason": "x" * 10_001}, 404, id="longer than any reason"),
        pytest.param({"reason": "see 6222 0212 3456 7890 123"}, 409, id="an account in groups"),
        pytest.param(
            {"reason": "６２２２０２１２３４５６７８９０１２３"}, 409, id="an account in full width"
        ),
        pytest.param({"rule_id": "premium_payments.nothing"}, 404, id="no rule"),
        pytest.param({"rule_id": KEY}, 404, id="a rule that found nothing"),
        pytest.param({"rule_id": "exclusion_list.uscc.code"}, 404, id="another extract's rule"),
        pytest.param({"region_code": "220400"}, 404, id="a region where it found nothing"),
        pytest.param({"region_code": "x'; --"}, 404, id="no region"),
        pytest.param({"form_token": "rubbish"}, 403, id="a form of somebody else"),
    ],
)
def test_what_is_not_acknowledged(shown: Office, fields: dict[str, str], status: int) -> None:
    assert shown.acknowledge(**fields).status_code == status
    assert shown.books.ask(SAID) == kinds(shown) == []


def test_of_a_night_without_a_report_nothing_is_acknowledged(shown: Office) -> None:
    address = f"{PREFIX}/nights/{NIGHT + timedelta(1)}/report/tax/premium_payments/acknowledgements"
    assert shown.post(address, rule_id=CODE, reason="known").status_code == 404
    assert shown.books.ask(SAID) == []


# -- releases -----------------------------------------------------------------------------------------


def test_a_release_is_bound_to_the_delivery_and_in_the_chain(office: Office) -> None:
    assert f"{PREMIUM}/releases/{office.held}" in office.get(TAX).text
    answer = office.release(reason="两区划转 <b>moved</b>", back="department")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{TAX}#premium_payments")
    assert office.books.ask(RELEASED) == [(DROP, "两区划转 <b>moved</b>", "wang")]
    assert kinds(office) == [("delivery_release", "wang")]
    assert office.books.breaks() == []
    page = office.get(TAX)
    assert "The next run of this date takes it." in page.text
    assert "两区划转 &lt;b&gt;moved" in page.text
    assert "/releases/" not in page.text


def test_released_again_it_stays_as_it_was(office: Office) -> None:
    for reason in ("first", "second"):
        assert office.release(reason=reason).status_code == 303
    assert office.books.ask(RELEASED) == [(DROP, "first", "wang")]


def test_without_a_reason_the_page_says_so(shown: Office) -> None:
    assert "a release needs a reason" in shown.release(reason=" ").text
    assert "an acknowledgement needs a reason" in shown.acknowledge(reason=" ").text


@pytest.mark.parametrize(
    ("which", "fields", "status"),
    [
        pytest.param("held", {"reason": " "}, 409, id="no reason"),
        pytest.param("held", {"reason": "\0"}, 409, id="a reason that cannot be kept"),
        pytest.param("held", {"form_token": ""}, 403, id="no form"),
        pytest.param("passed", {}, 409, id="a delivery that nothing holds"),
        pytest.param("payees", {}, 404, id="another extract's delivery"),
        pytest.param(404, {}, 404, id="no delivery"),
        pytest.param(2**63, {}, 404, id="no number of a delivery"),
    ],
)
def test_what_is_not_released(shown: Office, which: str | int, fields: dict[str, str], status: int) -> None:
    number = which if isinstance(which, int) else getattr(shown, which)
    assert shown.release(number, **fields).status_code == status
    assert shown.books.ask(RELEASED) == kinds(shown) == []


# -- quarantined rows ---------------------------------------------------------------------------------


def test_quarantined_rows_are_taken_away_masked_and_inert(shown: Office) -> None:
    answer = shown.get(f"{PAYEES}/quarantined/{shown.payees}", "eve:engineer")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = "quarantined.payee_accounts.2020-05-11.220400.1.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert ACCOUNT.encode() not in answer.content
    rows = rows_of(answer.content)
    assert [(r["Row"], r["account_no"][-5:], r["bank_name"], r["bank_code"]) for r in rows] == [
        ("1", "*4681", "'=HYPERLINK(1)", "106503155858"),
        ("2", "*4681", "建设银行", "****4681"),
    ]


def test_nothing_is_left_of_what_was_taken_away(shown: Office) -> None:
    shown.get(f"{PAYEES}/quarantined/{shown.payees}")
    assert not (shown.out.parent / "tmp" / ".work").exists()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        pytest.param("finance/payee_accounts/quarantined/{passed}", 404, id="another extract's delivery"),
        pytest.param("tax/payee_accounts/quarantined/{payees}", 404, id="another department"),
        pytest.param("finance/nothing/quarantined/{payees}", 404, id="no extract"),
        pytest.param("finance/payee_accounts/quarantined/404", 404, id="no delivery"),
        pytest.param("finance/payee_accounts/quarantined/0", 404, id="no number"),
        pytest.param("finance/payee_accounts/quarantined/1%20OR%201", 404, id="more than a number"),
        pytest.param("finance/payee_accounts/quarantined/..%2f..%2fx", 404, id="a path"),
    ],
)
def test_nothing_else_is_taken_away(shown: Office, address: str, status: int) -> None:
    asked = f"{REPORT}/{address.format(passed=shown.passed, payees=shown.payees)}"
    assert shown.get(asked).status_code == status


def test_a_delivery_of_another_night_is_not_of_this_one(shown: Office) -> None:
    address = f"{PREFIX}/nights/{NIGHT + timedelta(1)}/report/finance/payee_accounts/quarantined/"
    assert shown.get(f"{address}{shown.payees}").status_code == 404


# -- roles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "acknowledges", "releases", "takes"),
    [
        pytest.param("ann:viewer", False, False, False, id="viewer"),
        pytest.param("bea:officer", True, True, True, id="officer"),
        pytest.param("cid:approver", False, False, False, id="approver"),
        pytest.param("eve:engineer", False, False, True, id="engineer"),
    ],
)
def test_a_page_offers_what_the_person_may(
    shown: Office, who: str, acknowledges: bool, releases: bool, takes: bool
) -> None:
    page = shown.get(TAX, who).text
    assert (f"{PREMIUM}/acknowledgements" in page) is acknowledges
    assert (f"{PREMIUM}/releases/{shown.held}" in page) is releases
    assert (f"{PREMIUM}/quarantined/{shown.passed}" in page) is takes


def test_every_form_carries_its_token_and_names_its_fields(shown: Office) -> None:
    page = Page(shown.get(TAX).content)
    forms = [attributes for tag, attributes in page.elements if tag == "form"]
    tokens = [a for t, a in page.elements if t == "input" and a["name"] == "form_token"]
    assert len(forms) == len(tokens) >= 5
    assert all(form["method"] == "post" for form in forms)
    fields = sum(tag in ("select", "textarea") for tag, _ in page.elements)
    assert fields == sum(tag == "label" for tag, _ in page.elements)
