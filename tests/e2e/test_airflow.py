"""The night in a real Airflow: the same bytes as the command line's, whatever happens to runs and workers."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.dag_ids import DISBURSEMENT, NIGHTLY
from stable_jobs.settings import data_folder, now
from tests.e2e.airflow_home import ENDED, Both, Killer, backfill, both_homes, bring_back, drop, runs_of
from tests.e2e.asked import in_ledger
from tests.e2e.home import Home, new_home, tree
from tests.e2e.small import write_small

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("airflow")]

TWICE, KILLED, BROKEN_STEP, WORKER = "2020-05-11", "2020-05-12", "2020-05-13", "2020-05-14"
FIRST, LAST = "2020-05-18", "2020-05-27"
NOT_SENT = {"2020-05-20", "2020-05-24", "2020-05-25"}
TROUBLED = "2020-08-03"
LIAOYUAN = "220400"
ALL = sorted(
    [f"{d}.{step}" for d in DEPARTMENTS for step in ("collect", "validate", "owed")]
    + ["determine", "compare", "lists", "notices", "ready", "report"]
)
SENSOR_SECONDS = 300
NOTICE = "notice-"
"""What a backfill does not publish."""


def days(first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1)]


class Plain(yaml.SafeDumper):
    """Writes out every value: the reader of policies takes no alias."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def policies_of_this_year(folder: Path) -> Path:
    """The nation's and Liaoyuan's values of 2020, as if decided for this year."""
    for name in ("000000", LIAOYUAN):
        (folder / name).mkdir(parents=True)
        for path in (data_folder("policies") / name).glob("*.yaml"):
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            first_day = date(now().year, 1, 1)
            this_year = {"deadline": {"value": date(now().year, 12, 31)}}
            document["parameters"] = {
                key: {
                    **parameter,
                    "values": [{**last[-1], "effective_from": first_day, **this_year.get(key, {})}],
                }
                for key, parameter in document["parameters"].items()
                if (last := [one for one in parameter["values"] if one["effective_from"].year <= 2020])
            }
            (folder / name / path.name).write_text(yaml.dump(document, Dumper=Plain), encoding="utf-8")
    return folder


def contracts_due_in_two_days(folder: Path) -> Path:
    """The packaged contracts, by which nothing of today is due before the day after tomorrow."""
    shutil.copytree(data_folder("contracts"), folder)
    for path in folder.rglob("*.odcs.yaml"):
        due = "property: dueTime, value: {}, unit: h"
        contract = path.read_text(encoding="utf-8")
        path.write_text(contract.replace(due.format(20), due.format(48)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    with new_home() as common, new_home() as one, new_home() as other:
        landing = common.path / "landing"
        for day in (TWICE, KILLED, BROKEN_STEP, WORKER, TROUBLED, *days(FIRST, LAST)):
            if day not in NOT_SENT:
                write_small(landing, common.path / f"{day}.json", date.fromisoformat(day))
        more = {"STABLE_JOBS_LANDING": str(landing)}
        with both_homes(Home(one.path, more), Home(other.path, more)) as running:
            running.pause(DISBURSEMENT)
            yield running


def owing(states: dict[str, str | None]) -> set[str]:
    return {
        name.partition(".")[0]
        for name, state in states.items()
        if name.endswith(".owed") and state == "skipped"
    }


def test_the_same_key_twice_at_once(both: Both) -> None:
    first, second = both.client.trigger(TWICE), both.client.trigger(TWICE)
    assert (both.wait(first), both.wait(second)) == ("success", "success")
    both.night(TWICE)
    assert both.differing(TWICE) == []


def test_rows_and_yuan_stand_on_the_assets(both: Both) -> None:
    both.run(TWICE)
    events = both.client.http.get("/api/v2/assets/events", params={"limit": 200}).json()["asset_events"]
    shown = {one["name"]: one["extra"] for one in events if one["partition_key"] == TWICE}
    assert shown.keys() == {
        "eligibility",
        "eligibility_ready",
        *(f"{department}_deliveries" for department in DEPARTMENTS),
    }
    for department in DEPARTMENTS:
        rows = shown[f"{department}_deliveries"]
        assert rows["received"] == rows["accepted"] + rows["quarantined"] > 0
    manifests = [
        json.loads(path.read_text()) for path in (both.home.path / "out" / TWICE).glob("*/manifest.json")
    ]
    paid = sum(Decimal(one["total"]) for one in manifests if one.get("is_held") is False)
    assert Decimal(shown["eligibility"]["payable"]) == paid > 0


def test_a_worker_killed_in_each_step(both: Both) -> None:
    run_id = both.client.trigger(KILLED)
    killer = Killer(both.client, run_id)
    killer.start()
    assert both.wait(run_id) == "success"
    killer.join()
    assert sorted(killer.killed) == ALL
    both.night(KILLED)
    assert both.differing(KILLED) == []


def test_a_worker_of_the_executor_killed(both: Both) -> None:
    """The process above the task's: Airflow misses its heartbeat and tries again."""
    run_id = both.client.trigger(WORKER)
    both.until(lambda: bool(both.pid_of(run_id, "determine")))
    above = psutil.Process(both.pid_of(run_id, "determine")).parent()
    assert above is not None
    above.kill()
    assert both.wait(run_id) == "success"
    both.night(WORKER)
    assert both.differing(WORKER) == []


def test_a_step_that_breaks_turns_the_leaf_red(both: Both) -> None:
    blocked = both.home.path / "out" / BROKEN_STEP / LIAOYUAN
    blocked.parent.mkdir(parents=True)
    blocked.write_text("in the way")
    run_id = both.run(BROKEN_STEP)
    states = both.states(run_id)
    assert (both.client.run_state(run_id), states["lists"], states["report"]) == (
        "failed",
        "failed",
        "failed",
    )
    assert (states["determine"], states["compare"]) == ("success", "success")
    assert "did not succeed: lists" in both.of_log(run_id, "report")

    blocked.unlink()
    assert both.wait(both.run(BROKEN_STEP)) == "success"
    both.night(BROKEN_STEP)
    assert both.differing(BROKEN_STEP) == []


def test_a_backfill_and_the_same_again(both: Both) -> None:
    backfill(both, FIRST, LAST)
    made = [run for run in runs_of(both) if run["run_type"] == "backfill"]
    assert sorted(run["partition_key"] for run in made) == days(FIRST, LAST)
    ended = {run["partition_key"]: both.wait(run["dag_run_id"]) for run in made}
    assert ended == {day: "failed" if day in NOT_SENT else "success" for day in days(FIRST, LAST)}
    runs = {run["partition_key"]: run["dag_run_id"] for run in made}
    for day in days(FIRST, LAST):
        if day in NOT_SENT:
            assert f"no department delivered anything for {day}" in both.of_log(runs[day], "labor.collect")
            assert both.mirror.run("night", "--date", day).returncode == 2
        else:
            both.night(day)
    differing = {day: both.differing(day, NOTICE) for day in days(FIRST, LAST)}
    assert differing == {day: [] for day in days(FIRST, LAST)}
    assert [
        path for path in (both.home.path / "out").glob(f"*/*/{NOTICE}*") if FIRST <= path.parts[-3] <= LAST
    ] == []

    before = tree(both.home.path / "out")
    backfill(both, FIRST, LAST, "--reprocess-behavior", "completed")
    again = [run for run in runs_of(both) if run["run_type"] == "backfill"]
    assert sorted(run["partition_key"] for run in again) == sorted([*days(FIRST, LAST), *days(FIRST, LAST)])
    for run in again:
        assert both.wait(run["dag_run_id"]) == ("failed" if run["partition_key"] in NOT_SENT else "success")
    assert tree(both.home.path / "out") == before


def test_missing_broken_and_corrected(both: Both, tmp_path: Path) -> None:
    landing = Path(both.home.more["STABLE_JOBS_LANDING"])
    drop(landing, tmp_path / "tax", f"tax/premium_payments/{TROUBLED}/{LIAOYUAN}.*")
    balance = next(landing.glob(f"finance/fund_balances/{TROUBLED}/620100.csv"))
    whole = balance.read_bytes()
    balance.write_bytes(whole[: len(whole) // 2])

    troubled = both.run(TROUBLED)
    states = both.states(troubled)
    assert both.client.run_state(troubled) == "success"
    assert states["report"] == "success"
    assert {"tax", "finance"} <= owing(states)
    assert f"premium_payments {LIAOYUAN}" in both.of_log(troubled, "tax.owed")
    assert "[missing]" in both.of_log(troubled, "tax.owed")
    assert "fund_balances 620100" in both.of_log(troubled, "finance.owed")
    assert "[refused]" in both.of_log(troubled, "finance.owed")
    assert held(both.home, TROUBLED) >= {LIAOYUAN, "620100"}
    assert "230200" not in held(both.home, TROUBLED)
    both.night(TROUBLED)
    assert both.differing(TROUBLED) == []

    bring_back(landing, tmp_path / "tax")
    send_again(balance, whole)
    corrected = both.run(TROUBLED)
    assert both.client.run_state(corrected) == "success"
    assert not {LIAOYUAN, "620100"} & held(both.home, TROUBLED)
    both.night(TROUBLED)
    assert both.differing(TROUBLED) == []


def send_again(path: Path, content: bytes) -> None:
    """The whole file as the second of its slot, with a manifest of its own."""
    manifest = json.loads(path.with_suffix(".manifest.json").read_text(encoding="utf-8"))
    manifest["sha256"] = hashlib.sha256(content).hexdigest()
    path.with_suffix(".2.csv").write_bytes(content)
    path.with_suffix(".2.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def held(home: Home, day: str) -> set[str]:
    """Regions whose manifest in force says that they are held."""
    found = set()
    for folder in (home.path / "out" / day).iterdir():
        newest = max(folder.glob("manifest*.json"), key=lambda p: (len(p.name), p.name))
        if json.loads(newest.read_text(encoding="utf-8")).get("is_held"):
            found.add(folder.name)
    return found


def test_an_older_decision_put_in_by_hand_is_refused(both: Both) -> None:
    """An engineer edits what `determine` handed on and clears `notices`: the ledger keeps its night."""
    older, newer = both.run(TWICE), both.run(KILLED)
    before = nights(both)
    entry = f"/api/v2/dags/{NIGHTLY}/dagRuns/{newer}/taskInstances/determine/xcomEntries/return_value"
    own = both.client.returned(newer, "determine")
    other = both.client.returned(older, "determine")["decision"]
    assert own["decision"] != other
    both.client.http.patch(entry, json={"value": own | {"decision": other}}).raise_for_status()
    clear = {"dry_run": False, "dag_run_id": newer, "task_ids": ["notices"], "only_failed": False}
    both.client.http.post(f"/api/v2/dags/{NIGHTLY}/clearTaskInstances", json=clear).raise_for_status()
    both.until(lambda: both.states(newer)["notices"] in ENDED)
    assert both.states(newer)["notices"] == "failed"
    said = f"was handed `decision` {other}: expected a decision of {KILLED}, found a decision of {TWICE}"
    assert said in both.of_log(newer, "notices")
    assert nights(both) == before


def nights(both: Both) -> list[Any]:
    """Region, date and decision of every night that the ledger took over."""
    query = "SELECT region_code, business_date, decision_id FROM region_nights ORDER BY 1, 2, 3"
    found = in_ledger(both.home, query)
    assert found
    return found


def test_nothing_is_scheduled_without_a_first_night(both: Both) -> None:
    assert {run["run_type"] for run in runs_of(both)} <= {"manual", "backfill"}


def test_it_is_scheduled_and_waits_without_a_worker() -> None:
    """Today's night comes by itself, and waits for each department until its deliveries are due."""
    today = now().date().isoformat()
    with new_home() as common, new_home() as one, new_home() as other:
        landing = common.path / "landing"
        write_small(landing, common.path / "key.json", date.fromisoformat(TWICE))
        more = {
            "STABLE_JOBS_LANDING": str(landing),
            "STABLE_JOBS_POLICIES": str(policies_of_this_year(common.path / "policies")),
            "STABLE_JOBS_CONTRACTS": str(contracts_due_in_two_days(common.path / "contracts")),
            "STABLE_JOBS_FIRST_NIGHT": today,
        }
        with both_homes(Home(one.path, more), Home(other.path, more)) as both:
            both.until(lambda: bool(runs_of(both)), 60)
            assert [(r["run_type"], r["partition_key"]) for r in runs_of(both)] == [("scheduled", today)]
            run_id = runs_of(both)[0]["dag_run_id"]
            both.until(lambda: waiting(both, run_id) == set(DEPARTMENTS), SENSOR_SECONDS)
            assert both.states(run_id)["labor.validate"] is None
            for path in sorted(landing.glob(f"development/*/{TWICE}/*")):
                relabel(path, today)
            both.until(lambda: both.states(run_id)["development.validate"] == "success", SENSOR_SECONDS + 120)
            both.until(lambda: waiting(both, run_id) == set(DEPARTMENTS) - {"development"}, SENSOR_SECONDS)
            assert both.states(run_id)["determine"] is None


def relabel(path: Path, day: str) -> None:
    """Send the same file labelled with another date."""
    target = path.parent.with_name(day) / path.name
    target.parent.mkdir(exist_ok=True)
    if path.name.endswith(".manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        target.write_text(json.dumps({**manifest, "business_date": day}), encoding="utf-8")
    else:
        shutil.copyfile(path, target)


def waiting(both: Both, run_id: str) -> set[str]:
    """Departments whose deliveries are waited for, by no process."""
    states = both.states(run_id)
    return {d for d in DEPARTMENTS if states[f"{d}.collect"] == "up_for_reschedule"}
