"""Disbursement in a real Airflow: two nights, people who answer, and everything that must not pay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from stable_jobs.bank.banks import load_banks
from stable_jobs.dag_ids import NIGHTLY, RETURNS
from stable_jobs.ledger.people import kept_reason
from stable_jobs.local.configuration import METADATA, dags_folder
from stable_jobs.settings import data_folder
from stable_jobs.store.embedded import embedded_server
from stable_jobs_demo.bank import answer_payments
from tests.e2e.airflow_home import Both, backfill, both_homes
from tests.e2e.asked import APPROVE, DAG, REJECT, Asked, batch, in_ledger, runs
from tests.e2e.home import Home, new_home, tree
from tests.e2e.reviewed import assign
from tests.e2e.small import write_small

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("airflow")]

FIRST, LATER = "2020-05-11", "2020-05-19"
OPEN = "360100-20200511-L2-1"
ONE, TWO = "610100-20200519-L1-1", "610100-20200519-L2-1"
MARKED, REJECTED, LEFT = "620100-20200519-L1-1", "620100-20200519-L2-1", "230200-20200519-L2-1"
NEVER_BACKFILLED = (DAG, RETURNS)
A_LOOK = 60.0


def write_nights(folder: Path) -> Path:
    landing, first = folder / "landing", date.fromisoformat(FIRST)
    write_small(landing, folder / "first.json", first)
    write_small(landing, folder / "later.json", date.fromisoformat(LATER), first)
    return landing


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    with new_home() as common, new_home() as one, new_home() as other:
        more = {"STABLE_JOBS_LANDING": str(write_nights(common.path))}
        with both_homes(Home(one.path, more), Home(other.path, more)) as running:
            yield running


@pytest.fixture(scope="module")
def first(both: Both) -> Asked:
    """Disbursement of the first night, for which nobody is assigned yet."""
    return disbursed(both, FIRST)


@pytest.fixture(scope="module")
def later(both: Both, first: Asked) -> Asked:
    """Disbursement of the second night, while the first one's batch waits for somebody."""
    both.until(lambda: both.client.run_state(first.run_id, DAG) == "success")
    for person, level in (("first", 1), ("first", 2), ("second", 2)):
        assign(both, person, level)
    again = disbursed(both, FIRST)
    both.until(lambda: again.is_waiting(OPEN, 1))
    asked = disbursed(both, LATER)
    assert again.is_waiting(OPEN, 1), "the next night ran while people were waited for"
    for batch_no in (OPEN, ONE, TWO, MARKED, REJECTED, LEFT):
        both.until(partial(asked.is_waiting, batch_no, 1))
    return asked


def disbursed(both: Both, key: str) -> Asked:
    """Run the night of the key; the run of disbursement that it started."""
    known = len(runs(both, DAG, key))
    assert both.wait(both.run(key)) == "success"
    both.until(lambda: len(runs(both, DAG, key)) == known + 1, A_LOOK)
    return Asked(both, runs(both, DAG, key)[0]["dag_run_id"])


LISTS = {
    "disbursement_application",
    "disbursement_detail",
    "eligibility",
    "manifest",
    "notice",
    "orphans",
    "quarantined",
    "rejected",
    "work_list",
}
"""What a night lists of a region for its own date: `notice` is who would be announced, `notice-1` who was."""


def files(home: Home, batch_no: str) -> list[str]:
    return sorted(path.name for path in (home.path / "out").glob(f"*/*/{batch_no}/*"))


def log(both: Both, asked: Asked, task: str, batch_no: str) -> str:
    place = f"map_index={asked.place(batch_no)}"
    folder = (
        both.home.path
        / "airflow/logs"
        / f"dag_id={DAG}"
        / f"run_id={asked.run_id}"
        / f"task_id=review.{task}"
    )
    return "\n".join(path.read_text() for path in sorted((folder / place).glob("*.log")))


def test_the_night_starts_it_and_what_needs_nobody_goes_out(both: Both, first: Asked) -> None:
    both.until(lambda: both.client.run_state(first.run_id, DAG) in ("success", "failed"))
    assert [(r["run_type"], r["state"]) for r in runs(both, DAG, FIRST)][-1:] == [
        ("asset_triggered", "success")
    ]
    assert batch(both.home, "360100-20200511-L0-1") == ("published", [])
    assert "manifest.json" in files(both.home, "360100-20200511-L0-1")


def test_where_nobody_is_assigned_the_task_says_what_to_do(both: Both, first: Asked) -> None:
    both.until(lambda: first.is_settled(OPEN))
    assert first.states(OPEN)["first_approval"] == "failed"
    assert "stable-jobs approver add" in log(both, first, "first_approval", OPEN)
    assert batch(both.home, OPEN) == ("formed", [])


@contextmanager
def edited_hash(asked: Asked, batch_no: str) -> Iterator[None]:
    """An engineer edits what `form` handed on while the question waits: the answer is of what was asked."""
    client, entry = asked.both.client, f"{asked.path}/form/xcomEntries/return_value"
    handed = client.returned(asked.run_id, "form", DAG)
    edited = [one | {"batch_hash": "0" * 64} if one["batch_no"] == batch_no else one for one in handed]
    assert edited != handed
    client.http.patch(entry, json={"value": edited}).raise_for_status()
    yield
    client.http.patch(entry, json={"value": handed}).raise_for_status()


def test_one_approval_publishes_one_batch_while_others_wait(both: Both, later: Asked) -> None:
    question = later.question(ONE, 1)
    assert [one["id"] for one in question["assigned_users"]] == ["first"]
    assert ONE in question["subject"]
    assert (later.answer("second", ONE, 1, APPROVE), later.answer("viewer", ONE, 1, APPROVE)) == (403, 403)
    with edited_hash(later, ONE):
        assert later.answer("first", ONE, 1, APPROVE, "{{ 1 / 0 }}") == 200
        both.until(lambda: later.is_settled(ONE))
    assert batch(both.home, ONE) == ("published", [(1, "first", "approved", "{{ 1 / 0 }}", "airflow")])
    assert "payment.001.xml" in files(both.home, ONE)
    assert later.is_waiting(TWO, 1)


def test_the_same_person_twice_is_refused_and_asked_again(both: Both, later: Asked) -> None:
    assert later.answer("first", TWO, 1, APPROVE) == 200
    both.until(lambda: later.is_waiting(TWO, 2))
    assert later.answer("first", TWO, 2, APPROVE) == 200
    both.until(lambda: "the question is asked again" in log(both, later, "second_approval", TWO))
    both.until(lambda: later.is_waiting(TWO, 2))
    assert later.tries(TWO, 2) == 1, "no try fails by an answer that does not count"
    state, given = batch(both.home, TWO)
    assert (state, [one[:3] for one in given]) == ("formed", [(1, "first", "approved")])
    assert files(both.home, TWO) == []
    later.until_settled(TWO, lambda: later.answer("second", TWO, 2, APPROVE))
    state, given = batch(both.home, TWO)
    assert (state, [one[:3] for one in given]) == (
        "published",
        [(1, "first", "approved"), (2, "second", "approved")],
    )


def test_a_rejection_is_an_answer(both: Both, later: Asked) -> None:
    given = "名单有误 6222 0212 3456 7890 123 " + "很长" * 400
    assert later.answer("first", REJECTED, 1, REJECT, given) == 200
    both.until(lambda: later.is_settled(REJECTED))
    assert later.states(REJECTED) == dict.fromkeys(
        ("first_approval", "second_approval", "publish"), "success"
    )
    assert batch(both.home, REJECTED) == (
        "refused",
        [(1, "first", "refused", kept_reason(given), "airflow")],
    )
    assert files(both.home, REJECTED) == []


def test_a_task_marked_as_success_publishes_nothing(both: Both, later: Asked) -> None:
    assert later.mark_success("preparer", MARKED, 1) == 200
    both.until(lambda: later.is_settled(MARKED))
    assert later.states(MARKED)["second_approval"] == "success"
    assert batch(both.home, MARKED) == ("formed", [])
    assert files(both.home, MARKED) == []


def test_what_nobody_answers_in_time_stays_open(both: Both, later: Asked) -> None:
    waits = waited_for(both.home, LEFT)
    assert abs(waits - timedelta(hours=20)) < timedelta(minutes=5)
    expire(both.home, LEFT)
    both.until(lambda: later.is_settled(LEFT))
    assert later.states(LEFT) == {
        "first_approval": "skipped",
        "second_approval": "skipped",
        "publish": "success",
    }
    assert batch(both.home, LEFT) == ("formed", [])


def waited_for(home: Home, batch_no: str) -> timedelta:
    """How long the question is open, from the task's start."""
    query = """
        SELECT trigger_timeout - start_date FROM task_instance
        WHERE state = 'awaiting_input' AND rendered_map_index = :no ORDER BY start_date DESC LIMIT 1
    """
    with metadata(home) as connection:
        found: timedelta = connection.execute(text(query), {"no": batch_no}).scalar_one()
        return found


def expire(home: Home, batch_no: str) -> None:
    """As if the twenty hours were over."""
    query = """
        UPDATE task_instance SET trigger_timeout = now() - interval '1 second'
        WHERE state = 'awaiting_input' AND rendered_map_index = :no
    """
    with metadata(home) as connection:
        assert connection.execute(text(query), {"no": batch_no}).rowcount == 1


def metadata(home: Home) -> Any:
    """A transaction on Airflow's own database."""
    with embedded_server(home.path) as server:
        return create_engine(server.set(database=METADATA), poolclass=NullPool).begin()


def test_the_bank_answers_and_the_run_takes_it(both: Both, later: Asked) -> None:
    banks, out = load_banks(data_folder("banks")), both.home.path / "out"
    day = answer_payments(out, both.home.path / "bank" / "answers", 7, banks=banks)
    run_id = both.client.trigger(LATER, RETURNS)
    both.until(lambda: both.client.run_state(run_id, RETURNS) in ("success", "failed"))
    told = both.client.returned(run_id, "lists", RETURNS)
    assert both.client.run_state(run_id, RETURNS) == "success"
    assert (told["paid"], told["returned"], told["refused"]) == (day.paid, day.returned, 0)
    [(paid,)] = in_ledger(both.home, "SELECT count(*) FROM payments WHERE state = 'paid'")
    assert paid == day.paid > 0


def test_nobody_starts_it_by_hand(both: Both, later: Asked) -> None:
    body = {"logical_date": None, "partition_key": LATER}
    answer = both.client.http.post(f"/api/v2/dags/{DAG}/dagRuns", json=body)
    assert (answer.status_code, "does not allow manual runs" in answer.text) == (400, True)


@pytest.mark.parametrize("dag_id", NEVER_BACKFILLED)
def test_no_backfill_starts_it(both: Both, later: Asked, dag_id: str) -> None:
    moment = f"{LATER}T00:00:00Z"
    body = {"dag_id": dag_id, "from_date": moment, "to_date": moment, "max_active_runs": 1}
    answer = both.client.http.post("/api/v2/backfills", json=body)
    assert answer.is_client_error, answer.text
    assert [run["run_type"] for run in runs(both, dag_id) if run["run_type"] == "backfill"] == []


def test_a_backfill_over_a_paid_night_promises_nothing(both: Both, later: Asked) -> None:
    """What the bank returned on the date is not paid by then: the night's own lists say so, in an edition."""
    events, known = in_ledger(both.home, "SELECT max(hash) FROM audit_events"), len(runs(both))
    rows, published = ledger_rows(both.home), tree(both.home.path / "out")
    backfill(both, LATER, LATER, "--reprocess-behavior", "completed")
    run_id = next(r["dag_run_id"] for r in runs(both, NIGHTLY) if r["run_type"] == "backfill")
    assert both.wait(run_id) == "success"
    states = both.states(run_id)
    assert (states["notices"], states["ready"], states["report"]) == ("skipped", "skipped", "success")
    assert in_ledger(both.home, "SELECT max(hash) FROM audit_events") == events
    assert ledger_rows(both.home) == rows
    left = tree(both.home.path / "out")
    assert published.items() <= left.items()
    fresh = {name.partition("/")[2] for name in left.keys() - published.keys()}
    assert {name for name in fresh if "notice-" in name or "-L" in name or "waiting" in name} == set()
    assert {name.partition("/")[2].partition(".")[0] for name in fresh if name[:6].isdigit()} <= LISTS
    assert len(runs(both)) == known


def ledger_rows(home: Home) -> dict[str, int]:
    """Rows of every table that belongs to an event, and of the events."""
    query = "SELECT table_name FROM information_schema.columns WHERE column_name = 'event_id' ORDER BY 1"
    names = ["audit_events", *(name for (name,) in in_ledger(home, query))]
    assert {"payments", "instructions", "notices", "region_nights"} < set(names)
    return {name: in_ledger(home, f"SELECT count(*) FROM {name}")[0][0] for name in names}


def test_the_ledger_verifies(both: Both, later: Asked) -> None:
    done = both.home.run("ledger", "verify")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_promise_of_the_same_day_that_is_broken_is_told() -> None:
    """With a day of one second: the alert is of the DAG as it is, its interval apart."""
    with new_home() as common, new_home() as one, new_home() as other:
        copied = common.path / "dags"
        shutil.copytree(dags_folder(), copied, ignore=shutil.ignore_patterns("__pycache__"))
        shorten(copied / "stable_jobs_handover.py")
        bundle = {
            "name": "dags-folder",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(copied)},
        }
        more = {
            "STABLE_JOBS_LANDING": str(write_nights(common.path)),
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        }
        with both_homes(Home(one.path, more), Home(other.path, more)) as both:
            both.client.trigger(FIRST)
            both.until(lambda: "deadline_missed" in told(both.home), 240)
            assert "360100" in told(both.home)


def shorten(path: Path) -> None:
    whole = path.read_text(encoding="utf-8")
    short = whole.replace("timedelta(hours=24)", "timedelta(seconds=1)")
    assert short != whole
    path.write_text(short, encoding="utf-8")


def told(home: Home) -> str:
    """What callbacks logged."""
    logs = home.path / "airflow" / "logs" / "executor_callbacks"
    return "\n".join(path.read_text() for path in sorted(logs.rglob("*")) if path.is_file())
