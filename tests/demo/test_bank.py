"""The bank stand-in: what it answers, in which format, once, and the same again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from stable_jobs.bank import payment_files
from stable_jobs.bank.answer_reading import read_answer
from stable_jobs.bank.answers import Answer
from stable_jobs.bank.banks import load_banks
from stable_jobs.bank.batch import Batch, BatchHead
from stable_jobs.errors import StepError, UsageError
from stable_jobs.publishing.publish import publish_folder
from stable_jobs.settings import data_folder
from stable_jobs_demo.bank import BankDay, answer_payments
from tests.bank.answers.messages import assert_valid

BANKS = load_banks(data_folder("banks"))
DAY = date(2020, 5, 19)
EVEN, ODD = "610100-20200519-L1-1", "610100-20200519-L2-1"
"""The first file of the one is answered in XML, of the other in CSV."""


def line_sql(count: int) -> str:
    code = "format('91610100MA6T{:06}', line_no)"
    return (
        f"(SELECT line_no, format('20-610100-{{}}-01-01', {code}) AS end_to_end_id, {code} AS uscc,"
        " '610100' AS region_code, (line_no * 100.25)::DECIMAL(18, 2) AS amount, '甲公司' AS account_name,"
        " '6222021234567890123' AS account_no, '102100000009' AS bank_code"
        f" FROM (SELECT unnest(range(1, {count} + 1)) AS line_no))"
    )


def head(batch_no: str, count: int) -> BatchHead:
    total = Decimal("100.25") * (count * (count + 1) // 2)
    return BatchHead(batch_no, "610100", DAY, 2020, 1, count, total, "0" * 64, ("西安", "Xi'an"), True, ())


def publish(out: Path, batch_no: str, count: int, per_file: int = 10_000) -> Path:
    """A batch's folder with its payment files alone, as the product writes and publishes them."""
    profile = BANKS.of("610100").model_copy(update={"transactions_per_file": per_file})
    folder, work = out / batch_no, out / "work" / batch_no
    work.mkdir(parents=True)
    with duckdb.connect() as con:
        batch = Batch(head(batch_no, count), line_sql(count))
        messages = payment_files.pain001_messages(con, batch, profile)
        for message in messages:
            payment_files.write_pain001(con, message, work / message.file_name)
    publish_folder(folder, {m.file_name: work / m.file_name for m in messages}, {"batch_no": batch_no})
    return folder


def answered(answers: Path, batch_no: str) -> Answer:
    (path,) = answers.glob(f"{batch_no}-001.*")
    return read_answer(path, BANKS.of("610100"))


def outcomes(answer: Answer) -> list[str]:
    told: list[str] = answer.rows.column("outcome").to_pylist()
    return told


@pytest.mark.parametrize("batch_no", [pytest.param(EVEN, id="XML"), pytest.param(ODD, id="CSV")])
@pytest.mark.parametrize(
    ("count", "least_returned", "least_forgotten"),
    [
        pytest.param(1, 0, 0, id="one line"),
        pytest.param(9, 0, 0, id="nine"),
        pytest.param(10, 1, 0, id="ten"),
        pytest.param(29, 1, 0, id="twenty-nine"),
        pytest.param(30, 1, 1, id="thirty"),
    ],
)
def test_most_are_paid_some_returned_a_few_forgotten(
    tmp_path: Path, batch_no: str, count: int, least_returned: int, least_forgotten: int
) -> None:
    publish(tmp_path / "out", batch_no, count)

    day = answer_payments(tmp_path / "out", tmp_path / "answers", 7, banks=BANKS)

    told = outcomes(answered(tmp_path / "answers", batch_no))
    assert (day.paid, day.returned) == (told.count("paid"), told.count("returned"))
    assert day.paid + day.returned + day.forgotten == count
    assert day.paid > count // 2
    assert day.returned >= least_returned
    assert day.forgotten >= least_forgotten


def test_shares_over_many_lines(tmp_path: Path) -> None:
    publish(tmp_path / "out", EVEN, 8_000)

    day = answer_payments(tmp_path / "out", tmp_path / "answers", 7, banks=BANKS)

    assert 150 <= day.returned <= 250
    assert 20 <= day.forgotten <= 60


def test_the_answer_is_what_our_reader_takes(tmp_path: Path) -> None:
    for batch_no in (EVEN, ODD):
        publish(tmp_path / "out", batch_no, 40)

    answer_payments(tmp_path / "out", tmp_path / "answers", 7, banks=BANKS)

    assert sorted(path.name for path in (tmp_path / "answers").iterdir()) == [
        f"{EVEN}-001.xml",
        f"{ODD}-001.csv",
    ]
    assert_valid((tmp_path / "answers" / f"{EVEN}-001.xml").read_bytes())
    xml, csv = (answered(tmp_path / "answers", batch_no) for batch_no in (EVEN, ODD))
    assert xml.heading.original_message_id == f"{EVEN}-001"
    assert xml.problems == csv.problems == ()
    assert xml.rows.equals(csv.rows)
    amounts = {row["end_to_end_id"]: row["amount"] for row in xml.rows.to_pylist()}
    assert amounts.items() <= {
        f"20-610100-91610100MA6T{n:06}-01-01": Decimal("100.25") * n for n in range(1, 41)
    }.items()  # fmt: skip
    reasons = {
        (r["reason_code"], r["reason_text"]) for r in xml.rows.to_pylist() if r["outcome"] == "returned"
    }
    assert reasons <= {("AC01", "账号不存在"), ("AC04", "账户已销户"), ("BE01", "户名不符")}
    assert {r["booked_on"] for r in xml.rows.to_pylist()} == {DAY}


def test_each_file_of_a_split_batch_is_answered(tmp_path: Path) -> None:
    publish(tmp_path / "out", EVEN, 7, per_file=3)

    day = answer_payments(tmp_path / "out", tmp_path / "answers", 7, banks=BANKS)

    assert sorted(path.name for path in day.files) == [
        f"{EVEN}-001.xml",
        f"{EVEN}-002.csv",
        f"{EVEN}-003.xml",
    ]
    assert (day.paid + day.returned, day.forgotten) == (7, 0)


def test_a_message_is_answered_once(tmp_path: Path) -> None:
    publish(tmp_path / "out", EVEN, 40)
    answer_payments(tmp_path / "out", tmp_path / "answers", 7, banks=BANKS)
    before = (tmp_path / "answers" / f"{EVEN}-001.xml").read_bytes()
    publish(tmp_path / "out", ODD, 3)

    again = answer_payments(tmp_path / "out", tmp_path / "answers", 8, banks=BANKS)

    assert [path.name for path in again.files] == [f"{ODD}-001.csv"]
    assert (tmp_path / "answers" / f"{EVEN}-001.xml").read_bytes() == before
    assert answer_payments(tmp_path / "out", tmp_path / "answers", 9, banks=BANKS) == BankDay((), 0, 0, 0)


@pytest.mark.parametrize("batch_no", [pytest.param(EVEN, id="XML"), pytest.param(ODD, id="CSV")])
def test_the_same_bytes_again(tmp_path: Path, batch_no: str) -> None:
    publish(tmp_path / "out", batch_no, 40)
    written = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        day = answer_payments(tmp_path / "out", tmp_path / name, seed, banks=BANKS)
        written.append(day.files[0].read_bytes())

    assert written[0] == written[1]
    assert written[0] != written[2]


def test_a_day_of_booking(tmp_path: Path) -> None:
    publish(tmp_path / "out", ODD, 3)

    answer_payments(tmp_path / "out", tmp_path / "answers", 7, banks=BANKS, on=date(2020, 5, 20))

    rows = answered(tmp_path / "answers", ODD).rows.to_pylist()
    assert {row["booked_on"] for row in rows} == {date(2020, 5, 20)}


def test_what_is_not_published_is_not_answered(tmp_path: Path) -> None:
    folder = publish(tmp_path / "out", EVEN, 3)
    (folder / "manifest.json").unlink()

    assert answer_payments(tmp_path / "out", tmp_path / "answers", 7, banks=BANKS).files == ()


def test_nobody_answers_for_a_real_bank(tmp_path: Path) -> None:
    publish(tmp_path / "out", EVEN, 3)
    real = BANKS.of("610100").model_copy(update={"demo": False})

    with pytest.raises(UsageError, match="not a demonstration's"):
        answer_payments(
            tmp_path / "out", tmp_path / "answers", 7, banks=replace(BANKS, profiles={"000000": real})
        )

    assert list((tmp_path / "answers").iterdir()) == []


def test_a_message_id_is_no_path(tmp_path: Path) -> None:
    payment_file = (publish(tmp_path / "out", EVEN, 3) / "payment.001.xml").read_text()
    hostile = payment_file.replace(f"{EVEN}-001", "../../escaped")
    publish_folder(tmp_path / "other", {"payment.001.xml": hostile.encode()}, {})

    with pytest.raises(StepError, match="expected a MsgId"):
        answer_payments(tmp_path / "other", tmp_path / "answers", 7, banks=BANKS)
