"""Pages of batches over a real ledger: who sees what, whose answer goes where, which files leave."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from stable_jobs.disbursement.approval import CHECKS
from stable_jobs.disbursement.batch_files import TO_TAKE_AWAY
from stable_jobs.ledger import batches, rulings
from stable_jobs.ledger.batches import Batch
from stable_jobs.ledger.event import ledger_event
from stable_jobs.messages import GROUPS
from stable_jobs.review.access import NotAnswered, Question
from stable_jobs.settings import Settings
from tests.ledger.conftest import CODES, REGION, Books, Night, unit
from tests.ledger.full import CLEARED, LATER, end_to_end, formed, person, write
from tests.review.stand_in import PREFIX, StandIn, client, mounted
from tests.review.test_guard import of as token_of
from tests.review.test_nights import text_of

PAGE = f"{PREFIX}/batches"
ACCOUNT = "6222020200112233445"
HOSTILE = "<script>alert(1)</script>\u202e\"'&{{7*7}}有限公司"
PEOPLE = (("first", 1), ("second", 2), ("wang", 1))


@dataclass(frozen=True)
class Bureau:
    """A ledger, its pages, and an Airflow that is asked."""

    books: Books
    app: FastAPI
    airflow: StandIn
    out: Path

    def get(self, path: str, who: str = "ann:officer", **query: Any) -> httpx.Response:
        response: httpx.Response = client(self.app, who).get(f"{PAGE}{path}", params={"lang": "en", **query})
        return response

    def answer(self, batch: Batch, who: str, **fields: str) -> httpx.Response:
        data = {"form_token": token_of(who), **fields}
        signed_in = client(self.app, f"{who}:approver", follow_redirects=False)
        response: httpx.Response = signed_in.post(
            f"{PAGE}/{batch.batch_no}/answer", data=data, params={"lang": "en"}
        )
        return response

    def ask(self, batch: Batch, level: int = 1) -> None:
        """Airflow asks about the batch."""
        question = Question(batch.batch_no, level, "/dags/disbursement/one", "/api/v2/one")
        self.airflow.questions[batch.batch_no] = question

    def given(self) -> list[Any]:
        return self.books.ask("SELECT approver, answer FROM approvals")


@pytest.fixture
def bureau(engine: Engine, settings_with_database: Settings) -> Iterator[Bureau]:
    airflow = StandIn()
    app = mounted(settings_with_database, airflow)
    out = settings_with_database.out_root
    books = Books(engine, out)
    books.assign(*PEOPLE)
    yield Bureau(books, app, airflow, out)
    [inner] = [route.app for route in app.routes if hasattr(route, "app")]
    inner.state.stores.close()


def waiting(bureau: Bureau, level: int = 2) -> Batch:
    """A batch of one unit, prepared by wang."""
    person(bureau.books, "wang", rulings.enter_budget, REGION, 2020, Decimal(10**6), "letter 7", "wang")
    return formed(bureau.books, unit(review_level=level, account_no=ACCOUNT, unit_name=HOSTILE))


def published(bureau: Bureau, *files: tuple[str, bytes], number: int = 1) -> Batch:
    """A published batch with those files."""
    accounts = [ACCOUNT, *(f"{ACCOUNT[:-1]}{n}" for n in range(number - 1))]
    paid = zip(CODES[:number], accounts, strict=True)
    batch = formed(bureau.books, *(unit(code, account_no=account) for code, account in paid))
    folder = f"{CLEARED}/{REGION}/{batch.batch_no}"
    made = [write(bureau.out, folder, name, content) for name, content in files]
    with ledger_event(bureau.books.engine, "publish", business_date=CLEARED) as event:
        batches.instruct(event, batch, made)
    return batch


def test_an_empty_ledger(bureau: Bureau) -> None:
    page = bureau.get("")
    assert page.status_code == 200
    assert "There is no such batch." in page.text


def test_the_list_says_whom_each_waits_for(bureau: Bureau) -> None:
    batch = waiting(bureau)
    page = bureau.get("")
    [row] = re.findall(rf"<tr>\s*<td[^>]*><a href=\"[^\"]*{batch.batch_no}.*?</tr>", page.text, re.S)
    assert "Formed" in text_of(row)
    assert "Approval 1 by one of: first , wang" in text_of(row)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param({}, True, id="all"),
        pytest.param(
            {"state": "formed", "region": REGION, "on": str(CLEARED), "sort": "-yuan"}, True, id="its own"
        ),
        pytest.param({"state": "published"}, False, id="another state"),
        pytest.param({"region": "360100"}, False, id="another region"),
        pytest.param({"on": str(LATER)}, False, id="another date"),
        pytest.param(
            {"state": "formed' OR '1'='1", "sort": "id; DROP TABLE batches", "page": "-1"}, True, id="strange"
        ),
        pytest.param({"region": "' OR '1'='1\0"}, True, id="hostile"),
    ],
)
def test_which_batches(bureau: Bureau, query: dict[str, str], found: bool) -> None:
    batch = waiting(bureau)
    page = bureau.get("", **query)
    assert page.status_code == 200
    assert (f">{batch.batch_no}</a>" in page.text) == found


def test_a_batch_as_its_approver_sees_it(bureau: Bureau) -> None:
    batch = waiting(bureau)
    page = bureau.get(f"/{batch.batch_no}", "first:approver")
    said = text_of(page.text)
    assert batch.hash in said
    assert "none of this region and level was published before" in said
    assert "wang : Entered the budget" in said
    assert "&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩" in page.text
    assert "<script>alert" not in page.text
    assert "***************3445" in page.text


@pytest.mark.parametrize("path", ["", "?state=formed", "/{no}", "/{no}?sort=-amount&page=2&show=paid"])
@pytest.mark.parametrize("who", ["ann:viewer", "first:approver", "ann:officer,engineer"])
def test_no_page_has_a_whole_account(bureau: Bureau, path: str, who: str) -> None:
    batch = waiting(bureau)
    page = bureau.get(path.format(no=batch.batch_no), who)
    assert page.status_code == 200
    assert ACCOUNT not in page.text
    assert "20200112233" not in page.text


@pytest.mark.parametrize("no", ["360100-20200511-L1-9", "nothing", "..%2F..%2Fetc", "' OR 1=1", "%00"])
def test_a_batch_that_is_none(bureau: Bureau, no: str) -> None:
    assert bureau.get(f"/{no}").status_code == 404


@pytest.mark.parametrize(
    ("who", "asked", "said"),
    [
        pytest.param("first:approver", 1, None, id="who is asked"),
        pytest.param("ann:viewer", 1, "no_role", id="a viewer"),
        pytest.param("first:officer", 1, "no_role", id="assigned, in another role"),
        pytest.param("second:approver", 1, "not_assigned", id="assigned to the other level"),
        pytest.param("wang:approver", 1, "prepared", id="who entered the budget"),
        pytest.param("WANG :approver", 1, "prepared", id="the same, otherwise spelled"),
    ],
)
def test_whom_the_form_is_shown_to(bureau: Bureau, who: str, asked: int, said: str | None) -> None:
    batch = waiting(bureau)
    bureau.ask(batch, asked)
    page = bureau.get(f"/{batch.batch_no}", who)
    assert ('method="post"' in page.text) == (said is None)
    if said:
        assert GROUPS["why_not"][said].en in text_of(page.text.replace("&#39;", "'"))


@pytest.mark.parametrize("asked", [None, 2])
def test_without_a_question_there_is_no_form(bureau: Bureau, asked: int | None) -> None:
    batch = waiting(bureau)
    if asked:
        bureau.ask(batch, asked)
    page = bureau.get(f"/{batch.batch_no}", "first:approver")
    assert 'method="post"' not in page.text
    assert "Airflow does not ask you about this batch right now" in page.text


def test_an_airflow_that_does_not_answer_hides_the_form_only(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise NotAnswered("Airflow: 503")

    batch = waiting(bureau)
    monkeypatch.setattr(bureau.airflow, "question", broken)
    assert bureau.get(f"/{batch.batch_no}", "first:approver").status_code == 200


@pytest.mark.parametrize(
    ("fields", "recorded"),
    [
        pytest.param({"answer": "approve"}, (True, ""), id="approve"),
        pytest.param({"answer": "approve", "reason": " seen "}, (True, "seen"), id="with a remark"),
        pytest.param({"answer": "refuse", "reason": "Zhou <b> left"}, (False, "Zhou <b> left"), id="refuse"),
    ],
)
def test_an_answer_goes_to_airflow_and_nowhere_else(
    bureau: Bureau, fields: dict[str, str], recorded: tuple[bool, str]
) -> None:
    batch = waiting(bureau)
    bureau.ask(batch)
    answered = bureau.answer(batch, "first", **fields)
    assert answered.status_code == 303
    assert answered.headers["location"] == f"{PAGE}/{batch.batch_no}?sent={fields['answer']}"
    assert bureau.airflow.answers == [(batch.batch_no, "first", *recorded)]
    assert bureau.given() == []
    after = client(bureau.app, "first:approver").get(answered.headers["location"] + "&lang=en")
    assert "Your answer is on its way" in after.text
    assert 'method="post"' not in after.text


def test_once_the_ledger_has_it_nothing_is_on_its_way(bureau: Bureau) -> None:
    batch = waiting(bureau)
    bureau.books.approve(batch, 1, "first")
    page = bureau.get(f"/{batch.batch_no}", "first:approver", sent="approve")
    assert "on its way" not in page.text
    assert GROUPS["why_not"]["answered"].en in page.text.replace("&#39;", "'")


@pytest.mark.parametrize(
    ("who", "fields", "said"),
    [
        pytest.param("second", {"answer": "approve"}, "not_assigned", id="the other level"),
        pytest.param("wang", {"answer": "approve"}, "prepared", id="a preparer"),
        pytest.param("zhou", {"answer": "refuse", "reason": "no"}, "not_assigned", id="a stranger"),
        pytest.param("first", {"answer": "refuse"}, "no_reason", id="refused without a reason"),
        pytest.param("first", {"answer": "refuse", "reason": " \n"}, "no_reason", id="a blank reason"),
    ],
)
def test_answers_known_not_to_count(bureau: Bureau, who: str, fields: dict[str, str], said: str) -> None:
    batch = waiting(bureau)
    bureau.ask(batch)
    answered = bureau.answer(batch, who, **fields)
    assert answered.status_code == 409
    assert GROUPS["answer_said"][said].en in text_of(answered.text.replace("&#39;", "'"))
    assert bureau.airflow.answers == []


def test_the_second_is_another_person(bureau: Bureau) -> None:
    batch = waiting(bureau)
    bureau.books.assign(("first", 2))
    bureau.books.approve(batch, 1, "first")
    bureau.ask(batch, 2)
    assert bureau.answer(batch, "first", answer="approve").status_code == 409
    assert bureau.answer(batch, "second", answer="approve").status_code == 303


@pytest.mark.parametrize("asked", [None, 2])
def test_what_airflow_does_not_ask_is_not_answered(bureau: Bureau, asked: int | None) -> None:
    batch = waiting(bureau)
    if asked:
        bureau.ask(batch, asked)
    answered = bureau.answer(batch, "first", answer="approve")
    assert answered.status_code == 409
    assert "Airflow does not ask you about this batch right now" in answered.text
    assert bureau.airflow.answers == []


def test_airflow_refuses(bureau: Bureau) -> None:
    batch = waiting(bureau)
    bureau.ask(batch)
    bureau.airflow.refusal = "Airflow: 409 answered by <somebody> else"
    answered = bureau.answer(batch, "first", answer="approve")
    assert answered.status_code == 409
    assert "answered by &lt;somebody&gt; else" in answered.text


@pytest.mark.parametrize(
    ("no", "fields", "status"),
    [
        pytest.param(None, {"answer": "maybe"}, 404, id="another answer"),
        pytest.param(None, {}, 404, id="no answer"),
        pytest.param(None, {"answer": "approve", "reason": "\0"}, 409, id="what no database takes"),
        pytest.param(None, {"answer": "refuse", "reason": "x" * 10_001}, 404, id="longer than any field"),
        pytest.param(None, {"answer": "refuse", "reason": "x" * 501}, 409, id="longer than is kept"),
        pytest.param(None, {"answer": "refuse", "reason": "6222-0212-3456-7890"}, 409, id="an account"),
        pytest.param("360100-20200511-L1-9", {"answer": "approve"}, 404, id="no such batch"),
    ],
)
def test_what_is_no_answer(bureau: Bureau, no: str | None, fields: dict[str, str], status: int) -> None:
    batch = waiting(bureau)
    bureau.ask(batch)
    data = {"form_token": token_of("first"), **fields}
    path = f"{PAGE}/{no or batch.batch_no}/answer"
    assert client(bureau.app, "first:approver").post(path, data=data).status_code == status
    assert bureau.airflow.answers == []


LISTS = (
    ("disbursement_application.csv", b"total\r\n"),
    ("disbursement_detail.csv", ACCOUNT.encode()),
    ("payment.xml", b"<Document/>"),
    ("bank.csv", ACCOUNT.encode()),
    ("manifest.json", b"{}"),
)


def test_files_with_their_hashes_and_the_list_to_take_away(bureau: Bureau) -> None:
    batch = published(bureau, *LISTS)
    page = bureau.get(f"/{batch.batch_no}", "ann:officer")
    for file in bureau.books.ask("SELECT name, sha256 FROM published_files"):
        assert file[0] in page.text
        assert file[1] in page.text
    offered = re.findall(r'href="[^"]*/files/([^"]*)"', page.text)
    assert offered == ["disbursement_application.csv"]
    taken = bureau.get(f"/{batch.batch_no}/files/{offered[0]}")
    assert taken.content == b"total\r\n"
    name = f"{batch.batch_no}-disbursement_application.csv"
    assert taken.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert "/files/" not in bureau.get(f"/{batch.batch_no}", "ann:viewer").text


@pytest.mark.parametrize(
    "name",
    [
        *(name for name, _ in LISTS[1:]),
        "disbursement_application.xlsx",
        "nothing.csv",
        "..%2fdisbursement_application.csv",
        "../disbursement_application.csv",
        "..%5c..%5cbank.csv",
        "%2fetc%2fpasswd",
        "disbursement_application.csv%00",
        "disbursement_application.csv'--",
    ],
)
def test_no_other_file_leaves(bureau: Bureau, name: str) -> None:
    batch = published(bureau, *LISTS)
    taken = bureau.get(f"/{batch.batch_no}/files/{name}", "ann:officer,approver,engineer")
    assert taken.status_code == 404
    assert ACCOUNT not in taken.text


def test_a_list_of_another_batch_does_not_leave(bureau: Bureau) -> None:
    published(bureau, *LISTS)
    assert bureau.get("/360100-20200519-L0-1/files/disbursement_application.csv").status_code == 404


@pytest.mark.parametrize("found", [b"Total\r\n", None])
def test_a_file_that_is_not_as_published_stays(bureau: Bureau, found: bytes | None) -> None:
    batch = published(bureau, *LISTS)
    path = bureau.out / str(CLEARED) / REGION / batch.batch_no / LISTS[0][0]
    path.unlink()
    if found is not None:
        path.write_bytes(found)
    taken = bureau.get(f"/{batch.batch_no}/files/{LISTS[0][0]}")
    assert taken.status_code == 409
    assert "stable-jobs ledger verify" in taken.text


def test_what_the_bank_said_and_its_lists(bureau: Bureau) -> None:
    batch = published(bureau, *LISTS, number=3)
    bureau.books.answer(
        [
            {"end_to_end_id": end_to_end(CODES[0]), "outcome": "paid", "amount": Decimal("100.00")},
            {"end_to_end_id": end_to_end(CODES[1]), "outcome": "returned", "reason_text": "<b>户名不符"},
        ]
    )
    folder = f"{LATER}/{REGION}/{batch.batch_no}-answers"
    files = [write(bureau.out, folder, name, b"x") for name in ("paid.csv", "manifest.json")]
    with ledger_event(bureau.books.engine, "published", business_date=LATER) as event:
        batches.record_files(event, files)
    page = bureau.get(f"/{batch.batch_no}")
    said = text_of(page.text)
    for outcome in ("Paid", "Returned", "Not answered by the bank"):
        assert f"{outcome} 1 100.00" in said
    assert "&lt;b&gt;户名不符" in page.text
    for show in ("paid", "returned", "unanswered"):
        lines = bureau.get(f"/{batch.batch_no}", show=show).text
        assert lines.count('data-label="Line"') == 1
    [href] = re.findall(r'href="[^"]*(/answers/[^"]*)"', page.text)
    taken = bureau.get(f"/{batch.batch_no}{href}")
    assert (taken.content, href) == (b"x", f"/answers/{LATER}/paid.csv")
    assert bureau.get(f"/{batch.batch_no}{href}", "ann:viewer").status_code == 403
    assert bureau.get(f"/{batch.batch_no}/answers/{LATER}/manifest.json").status_code == 404
    assert bureau.get(f"/{batch.batch_no}/answers/{CLEARED}/paid.csv").status_code == 404


@pytest.mark.parametrize("sort", ["line", "-line", "unit", "-amount", "scheme", "attempt"])
def test_every_line_is_on_some_page_once(bureau: Bureau, sort: str) -> None:
    units = [unit(f"91610100MA6T{n:05d}X", entitlement=Decimal(n % 7 + 1)) for n in range(110)]
    night = Night(CLEARED, tuple(units), regions={REGION: {"working_days": 0}})
    bureau.books.apply(night)
    bureau.books.close(CLEARED)
    [batch] = bureau.books.form(night)
    found = []
    for number in (1, 2, 3):
        page = bureau.get(f"/{batch.batch_no}", sort=sort, page=number).text
        found += re.findall(r'enterprises/610100/(\w+)"', page)
    assert sorted(found) == [one["uscc"] for one in units]
    if sort.endswith("line"):
        assert found == sorted(found, reverse=sort.startswith("-"))


def test_every_code_has_its_word() -> None:
    assert set(GROUPS["batch_check"]) == set(CHECKS)
    assert not [name for name in TO_TAKE_AWAY if "detail" in name or name.endswith(".xml")]
