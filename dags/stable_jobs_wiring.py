"""What the DAGs have in common: dates, retries, the pool, and how a task calls a step of the package."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException

from stable_jobs.errors import ContractError, PolicyError, UsageError
from stable_jobs.settings import SHANGHAI, Settings

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
"""Nothing is scheduled from here on back; what is triggered or backfilled runs."""
RETRIES = {"retries": 2, "retry_delay": timedelta(seconds=30), "retry_exponential_backoff": True}
"""For a killed worker or a database away. AirflowFailException ends a task without them."""
ENGINE = {"pool": "engine", "execution_timeout": timedelta(hours=2)}
"""Two engines never share one machine's memory unasked."""


def first_night() -> datetime:
    """Midnight of STABLE_JOBS_FIRST_NIGHT, or never."""
    day = Settings().first_night
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) if day else NEVER


def tonight(step: str, context: Any, *given: Any) -> Any:
    """Call a step of `night.tasks` for the run's business date; what no repetition mends is not retried."""
    from stable_jobs.night import tasks

    known_at = context["params"]["known_at"]
    try:
        return getattr(tasks, step)(context["dag_run"].partition_key, *given, known_at=known_at)
    except (ContractError, PolicyError, UsageError) as error:
        raise AirflowFailException(str(error)) from error


def measured(asset: Asset, context: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Show counts and yuan on the asset; hand on all of it."""
    context["outlet_events"][asset].extra = {k: v for k, v in found.items() if k != "validations"}
    return found


def not_succeeded(context: Any, task_ids: list[str]) -> list[str]:
    """Those of the run's tasks that did not end in success."""
    ti, run_id = context["ti"], context["dag_run"].run_id
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[run_id])[run_id]
    return [name for name in task_ids if states.get(name) != "success"]
