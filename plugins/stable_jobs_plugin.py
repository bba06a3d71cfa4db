"""The review pages in Airflow: the app, its entry in the navigation, and links to it from tasks.

Every process of Airflow imports this file. Modules that only the API server needs are imported when it asks.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseOperatorLink

from stable_jobs.dag_ids import COMPARE, DISBURSEMENT, NIGHTLY

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

PREFIX = "stable-jobs"
BATCH_NO = re.compile(r"\d{6}-\d{8}-L\d+-\d+")


def address(*parts: str, **query: str) -> str:
    """Where a page of the app is on this server, behind whatever path its base URL has."""
    above = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    page = "/".join([above, PREFIX, *(quote(part, safe="") for part in parts)])
    return page + (f"?{urlencode(query)}" if query else "")


class _Link(BaseOperatorLink):
    """A button at a task. Airflow asks for it at every task of every DAG; an empty answer shows none."""

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address for this try of a task; empty if the task has none, or its run no business date."""
        if not self.is_about(ti_key.dag_id, ti_key.task_id):
            return ""
        business_date = _business_date(ti_key)
        return self.page(business_date, ti_key) if business_date else ""

    def is_about(self, dag_id: str, task_id: str) -> bool:
        """Whether the task has this link."""
        raise NotImplementedError

    def page(self, business_date: str, ti_key: TaskInstanceKey) -> str:
        """The address."""
        raise NotImplementedError


class ReportLink(_Link):
    """From a night's tasks to its validation report; from a department's to that department's part."""

    name = "验证报告 Validation report"

    def is_about(self, dag_id: str, task_id: str) -> bool:
        """All of the night, but the comparison."""
        return dag_id == NIGHTLY and task_id != COMPARE

    def page(self, business_date: str, ti_key: TaskInstanceKey) -> str:
        """The department is the task's group."""
        group = ti_key.task_id.rpartition(".")[0]
        return address("nights", business_date, "report", *filter(None, [group]))


class ComparisonLink(_Link):
    """From the night's comparison to its page."""

    name = "两夜比对 Comparison"

    def is_about(self, dag_id: str, task_id: str) -> bool:
        """One task."""
        return (dag_id, task_id) == (NIGHTLY, COMPARE)

    def page(self, business_date: str, ti_key: TaskInstanceKey) -> str:
        """Against the night before it."""
        return address("comparison", night=business_date)


class BatchLink(_Link):
    """From disbursement to its batches; from an approval to the batch that it asks about."""

    name = "批次 Batches"

    def is_about(self, dag_id: str, task_id: str) -> bool:
        """All of disbursement."""
        return dag_id == DISBURSEMENT

    def page(self, business_date: str, ti_key: TaskInstanceKey) -> str:
        """While a task is tried again Airflow does not know its batch: then the night's."""
        batch_no = _name_of_mapped(ti_key)
        if BATCH_NO.fullmatch(batch_no):
            return address("batches", batch_no)
        return address("batches", on=business_date)


def _business_date(ti_key: TaskInstanceKey) -> str:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    asked = select(DagRun.partition_key).where(DagRun.dag_id == ti_key.dag_id, DagRun.run_id == ti_key.run_id)
    with create_session(scoped=False) as session:
        return session.scalar(asked) or ""


def _name_of_mapped(ti_key: TaskInstanceKey) -> str:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    shown: Any = TaskInstance.rendered_map_index  # Airflow types it as the function behind the column
    asked = select(shown).where(
        TaskInstance.dag_id == ti_key.dag_id,
        TaskInstance.run_id == ti_key.run_id,
        TaskInstance.task_id == ti_key.task_id,
        TaskInstance.map_index == ti_key.map_index,
    )
    with create_session(scoped=False) as session:
        return str(session.scalar(asked) or "")


class StableJobsPlugin(AirflowPlugin):
    """The parts of the product that Airflow's server loads."""

    name = "stable_jobs"
    global_operator_extra_links = [ReportLink(), ComparisonLink(), BatchLink()]  # noqa: RUF012  # Airflow's

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]  # made where it is asked for
        """The app. Only the API server asks, and starts without it if forms could not be signed."""
        from stable_jobs_server import AirflowServer

        from stable_jobs.review.app import create_app

        app = create_app(AirflowServer())
        return [{"app": app, "url_prefix": f"/{PREFIX}", "name": "stable-jobs review"}]

    @cached_property
    def external_views(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The entry in the navigation, for everybody; the pages themselves say who may."""
        entry = {
            "name": "复核 Review",
            "href": f"{address()}/",
            "destination": "nav",
            "url_route": PREFIX,
            "icon": address("static", "icon.svg"),
            "nav_top_level": True,
        }
        return [entry]
