"""What the DAGs have in common: dates, retries, the pool, and how a task calls a step of the package."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

from airflow.sdk import Asset, CronPartitionTimetable
from airflow.sdk.exceptions import AirflowFailException

from stable_jobs.errors import ContractError, PolicyError, StepsMissing, UsageError
from stable_jobs.settings import SHANGHAI, Settings

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
"""Nothing is scheduled from here on back; what is triggered or backfilled runs."""
RETRIES: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
}
"""For a killed worker or a database away. AirflowFailException ends a task without them."""
ENGINE: dict[str, Any] = {"pool": "engine", "execution_timeout": timedelta(hours=2)}
"""Two engines never share one machine's memory unasked."""
DEFAULTS: dict[str, Any] = {"owner": "stable-jobs", **RETRIES}
DAY = timedelta(hours=24)
POKES: dict[str, Any] = {"mode": "reschedule", "poke_interval": 300, "timeout": DAY.total_seconds()}
EVERY_NIGHT = CronPartitionTimetable("0 0 * * *", timezone="Asia/Shanghai", key_format="%Y-%m-%d")
BACKFILL = "backfill"
DECIDED = ("determine", "compare", "lists", "notices", "report")
"""Steps about the decision: a backfill's is never the one in force."""
WAIT = "等到约定时限。 Wait for what may still come until it is due."


def first_night() -> datetime:
    """Midnight of STABLE_JOBS_FIRST_NIGHT, or never."""
    day = Settings().first_night
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) if day else NEVER


def tonight(step: str, context: Any, *given: Any) -> Any:
    """Call a step of `night.tasks` for the run's business date, as known then if the run asks for it."""
    from stable_jobs.night import tasks

    more = {"known_at": context["params"]["known_at"]}
    if step in DECIDED:
        more["is_backfill"] = context["dag_run"].run_type == BACKFILL
    elif step == "collect":
        more["waits"] = context["params"]["wait"]
    return _step(tasks, step, context, *given, **more)


def disbursing(step: str, context: Any, *given: Any) -> Any:
    """Call a step of `night.disbursement_tasks` for the run's business date."""
    from stable_jobs.disbursement import disbursement_tasks

    return _step(disbursement_tasks, step, context, *given)


def returning(step: str, context: Any, *given: Any) -> Any:
    """Call a step of `night.returns_tasks` for the run's business date."""
    from stable_jobs.disbursement import returns_tasks

    return _step(returns_tasks, step, context, *given)


def _step(module: ModuleType, step: str, context: Any, *given: Any, **more: Any) -> Any:
    """What no repetition mends is not retried."""
    try:
        return getattr(module, step)(context["dag_run"].partition_key, *given, **more)
    except (ContractError, PolicyError, UsageError, StepsMissing) as error:
        raise AirflowFailException(str(error)) from error


def measured(asset: Asset, context: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Show counts and yuan on the asset; hand on all of it."""
    context["outlet_events"][asset].extra = {k: v for k, v in found.items() if k != "validations"}
    return found


def not_succeeded(context: Any, task_ids: list[str]) -> list[str]:
    """Those of the run's tasks that ended neither in success nor skipped; of a mapped one each by number."""
    ti, run_id = context["ti"], context["dag_run"].run_id
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[run_id])[run_id]
    broken = []
    for name in task_ids:
        of_it = {k: v for k, v in states.items() if re.fullmatch(rf"{re.escape(name)}(_\d+)?", k)}
        broken += sorted(k for k, v in (of_it or {name: None}).items() if v not in ("success", "skipped"))
    return broken
