"""A run that is waited for: what is told, and what becomes of one that fails or takes too long."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from stable_jobs.errors import StepError, UsageError
from stable_jobs.local import session
from stable_jobs.local.session import Client, LocalAirflow, free_port, local_airflow, run_key, wait_for_people
from stable_jobs.settings import Settings

States = dict[str, str | None]
Look = tuple[str, States]


class Scripted(Client):
    """A client to whom a run happens, one look after the other."""

    def __init__(self, *looks: Look) -> None:
        self.looks = list(looks)
        self.tasks: States = {}

    def trigger(self, key: str, _dag_id: str = "") -> str:
        return f"manual__{key}"

    def runs_of(self, _dag_id: str, key: str) -> list[str]:
        return [f"asset_triggered__{key}"] if self.looks else []

    def run_state(self, _run_id: str, _dag_id: str = "") -> str:
        state, self.tasks = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return state

    def task_states(self, _run_id: str, _dag_id: str = "") -> States:
        return self.tasks


def airflow(*looks: Look, ended: int | None = None) -> LocalAirflow:
    return LocalAirflow("http://x", Scripted(*looks), SimpleNamespace(poll=lambda: ended))  # type: ignore[arg-type]  # a stand-in


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LOOK_SECONDS", 0)


def test_each_task_is_told_once_in_words() -> None:
    said: list[str] = []
    looks: list[Look] = [
        ("queued", {}),
        ("running", {"tax.collect": "up_for_reschedule", "tax.owed": None}),
        ("running", {"tax.collect": "success", "tax.owed": "running"}),
        ("running", {"tax.collect": "success", "tax.owed": "skipped", "labor.owed": "success"}),
        ("success", {"tax.collect": "success", "tax.owed": "skipped", "report": "success"}),
    ]
    assert run_key(airflow(*looks), "2020-05-11", said.append, 60) == "manual__2020-05-11"
    assert said == [
        "tax.collect: waits",
        "tax.collect: done",
        "tax.owed: the department owes deliveries, see the report",
        "labor.owed: nothing is owed",
        "report: done",
    ]


def test_a_failed_run_names_what_broke_but_not_who_owes() -> None:
    tasks: States = {"tax.owed": "skipped", "lists": "failed", "report": "failed", "determine": "success"}
    with pytest.raises(StepError, match=r"failed in lists, report;"):
        run_key(airflow(("failed", tasks)), "2020-05-11", lambda _: None, 60)


def test_a_run_that_is_not_over_in_time_says_where_to_look() -> None:
    with pytest.raises(StepError, match=r"still running after 0 s; see http://x"):
        run_key(airflow(("running", {})), "2020-05-11", lambda _: None, 0)


def test_an_airflow_that_ended_is_not_waited_for() -> None:
    with pytest.raises(StepError, match="Airflow ended"):
        run_key(airflow(("running", {}), ended=1), "2020-05-11", lambda _: None, 60)


ASKED = {"form": "success", "review.first_approval[0]": "awaiting_input", "list_waiting": "success"}


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param([("running", {"form": "running"}), ("success", {"form": "success"})], id="it has ended"),
        pytest.param(
            [("running", ASKED | {"list_waiting": "queued"}), ("running", ASKED)],
            id="only people are awaited",
        ),
        pytest.param(
            [("running", ASKED | {"list_waiting": None}), ("running", ASKED)],
            id="the list of waiting payments is not scheduled yet",
        ),
    ],
)
def test_a_disbursement_is_waited_for_as_far_as_it_goes(looks: list[Look]) -> None:
    said: list[str] = []
    found = airflow(*looks)
    wait_for_people(found, "2020-05-11", said.append, 60)
    assert isinstance(found.client, Scripted)
    assert len(found.client.looks) == 1
    assert "disbursement.form: done" in said
    if "list_waiting" in looks[-1][1]:
        assert "disbursement.list_waiting: done" in said


@pytest.mark.parametrize(
    ("looks", "why"),
    [
        pytest.param([], "no disbursement of 2020-05-11 has begun", id="none begins"),
        pytest.param([("running", {"form": "running"})], "still running", id="it does not end"),
        pytest.param([("failed", {"form": "failed"})], "failed in form", id="it breaks"),
    ],
)
def test_a_disbursement_that_does_not_get_there_is_an_error(looks: list[Look], why: str) -> None:
    with pytest.raises(StepError, match=why):
        wait_for_people(airflow(*looks), "2020-05-11", lambda _: None, 0)


def test_a_port_that_is_taken_is_said_before_anything_starts(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(UsageError, match=f"port {port} .* is taken"),
            local_airflow(settings, port, print),
        ):
            pass
    assert not (settings.home / "airflow").exists()


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())):
        pass
