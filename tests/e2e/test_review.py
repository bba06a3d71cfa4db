"""The review pages in a real Airflow: who gets in, what leads there, how an answer gets into the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from stable_jobs.dag_ids import NIGHTLY
from tests.e2e.asked import DAG, Asked, batch, runs
from tests.e2e.reviewed import FIRST, LATER, PAGES, PLAIN, TWICE, Reviewed

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("airflow")]

ADDRESSES = [pytest.param(path, id=name) for name, path in PAGES.items()]
ANSWER = f"/batches/{PLAIN}/answer"
NEVER_FORMED = "220500-20200511-L1-1"


@pytest.mark.parametrize("path", [*ADDRESSES, pytest.param("/static/review.css", id="style")])
def test_nobody_gets_in_without_signing_in(reviewed: Reviewed, path: str) -> None:
    assert reviewed.get(None, path).status_code == 401


@pytest.mark.parametrize("token", ["rubbish", "a.b.c", ""])
def test_a_token_that_is_none_is_asked_to_sign_in(reviewed: Reviewed, token: str) -> None:
    reviewed.tokens["nobody"] = token
    assert reviewed.get("nobody", "/").status_code == 401


@pytest.mark.parametrize("user", ["viewer", "first", "preparer", "engineer"])
@pytest.mark.parametrize("path", ADDRESSES)
def test_everybody_who_is_signed_in_reads(reviewed: Reviewed, user: str, path: str) -> None:
    assert reviewed.get(user, path).status_code == 200


@pytest.mark.parametrize(("user", "status"), [("viewer", 403), ("engineer", 403), (None, 401)])
def test_an_answer_is_for_approvers(reviewed: Reviewed, user: str | None, status: int) -> None:
    assert reviewed.post(user, ANSWER, data={"answer": "approve"}).status_code == status
    assert reviewed.asked.is_waiting(PLAIN, 1)


@pytest.mark.parametrize(
    ("token_of", "headers"),
    [
        pytest.param(None, {}, id="no token"),
        pytest.param("second", {}, id="another's token"),
        pytest.param("first", {"sec-fetch-site": "cross-site"}, id="from another site"),
        pytest.param("first", {"origin": "https://elsewhere.example"}, id="from another origin"),
    ],
)
def test_a_form_from_elsewhere_answers_nothing(
    reviewed: Reviewed, token_of: str | None, headers: dict[str, str]
) -> None:
    token = reviewed.form_token(token_of) if token_of else ""
    data = {"answer": "approve", "reason": "", "form_token": token}
    assert reviewed.post("first", ANSWER, data=data, headers=headers).status_code == 403
    assert reviewed.asked.is_waiting(PLAIN, 1)


def test_the_navigation_has_an_entry(reviewed: Reviewed) -> None:
    http = reviewed.both.client.http
    [ours] = [one for one in http.get("/api/v2/plugins").json()["plugins"] if one["name"] == "stable_jobs"]
    [entry] = ours["external_views"]
    assert (entry["name"], entry["href"], entry["destination"], entry["url_route"]) == (
        "复核 Review",
        "/stable-jobs/",
        "nav",
        "stable-jobs",
    )
    assert http.get("/api/v2/plugins/importErrors").json()["total_entries"] == 0
    assert reviewed.get("viewer", "/static/icon.svg").headers["content-type"] == "image/svg+xml"


def links_of(reviewed: Reviewed, dag_id: str, task_id: str, place: int = -1) -> dict[str, Any]:
    run_id = runs(reviewed.both, dag_id, LATER)[0]["dag_run_id"]
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/links"
    answer = reviewed.both.client.http.get(path, params={"map_index": place}).raise_for_status()
    return {name: url for name, url in answer.json()["extra_links"].items() if url}


@pytest.mark.parametrize(
    ("task_id", "url"),
    [
        ("report", f"/stable-jobs/nights/{LATER}/report"),
        ("tax.owed", f"/stable-jobs/nights/{LATER}/report/tax"),
        ("compare", f"/stable-jobs/comparison?night={LATER}"),
    ],
)
def test_a_night_s_tasks_lead_to_its_pages(reviewed: Reviewed, task_id: str, url: str) -> None:
    assert list(links_of(reviewed, NIGHTLY, task_id).values()) == [url]
    assert reviewed.get("viewer", url.removeprefix("/stable-jobs")).status_code == 200


def test_an_approval_leads_to_its_batch(reviewed: Reviewed) -> None:
    found = links_of(reviewed, DAG, "review.first_approval", reviewed.asked.place(TWICE))
    assert list(found.values()) == [f"/stable-jobs/batches/{TWICE}"]


def test_the_night_leads_to_its_newest_run(reviewed: Reviewed) -> None:
    newest = runs(reviewed.both, NIGHTLY, FIRST)[0]["dag_run_id"]
    [href] = [
        one
        for one in reviewed.get("viewer", f"/nights/{FIRST}").text.split('"')
        if one.startswith(f"/dags/{NIGHTLY}/runs/")
    ]
    shown = reviewed.both.client.http.get(f"/api/v2{href.replace('/runs/', '/dagRuns/')}")
    assert shown.json()["dag_run_id"] == newest


def test_who_is_not_asked_may_not_answer(reviewed: Reviewed) -> None:
    assert reviewed.answer("preparer", PLAIN, "approve") == 409
    assert reviewed.asked.is_waiting(PLAIN, 1)
    assert batch(reviewed.both.home, PLAIN) == ("formed", [])


def test_an_approval_goes_its_one_way_into_the_ledger(reviewed: Reviewed) -> None:
    assert reviewed.answer("first", PLAIN, "approve", "看过 <b>seen</b>") == 303
    reviewed.both.until(lambda: reviewed.asked.is_settled(PLAIN))
    assert batch(reviewed.both.home, PLAIN) == (
        "published",
        [(1, "first", "approved", "看过 <b>seen</b>", "airflow")],
    )
    assert "看过 &lt;b&gt;seen" in reviewed.get("viewer", f"/batches/{PLAIN}").text


def test_what_nobody_is_asked_about_is_not_answered(reviewed: Reviewed) -> None:
    assert reviewed.answer("first", PLAIN, "approve") == 409
    assert reviewed.answer("first", NEVER_FORMED, "approve") in (404, 409)


def test_the_same_person_is_refused_a_second_time(reviewed: Reviewed) -> None:
    """By the page or by the ledger: the batch goes on waiting for another."""
    assert reviewed.answer("first", TWICE, "approve") == 303
    reviewed.both.until(lambda: asked_for_the_second(reviewed.asked))
    assert reviewed.answer("first", TWICE, "approve") in (303, 409)
    state, given = batch(reviewed.both.home, TWICE)
    assert (state, [one[:3] for one in given]) == ("formed", [(1, "first", "approved")])


def test_a_refusal_says_why(reviewed: Reviewed) -> None:
    reviewed.asked.until_settled(TWICE, lambda: reviewed.answer("second", TWICE, "refuse", "名单有误"))
    state, given = batch(reviewed.both.home, TWICE)
    assert (state, given[-1]) == ("refused", (2, "second", "refused", "名单有误", "airflow"))


def asked_for_the_second(asked: Asked) -> bool:
    """The second person is waited for, at whatever try."""
    return asked.states(TWICE)["second_approval"] == "awaiting_input"
