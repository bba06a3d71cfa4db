"""Run as a program: reads a DAG file as Airflow does and prints what it says as JSON.

A connection or a query while it is read is an error.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from importlib import import_module
from typing import Any, NoReturn

import airflow.sdk  # noqa: F401  # what Airflow itself loads before it reads a file
from airflow.models.serialized_dag import SerializedDagModel
from airflow.providers.standard.decorators import python, sensor  # noqa: F401  # likewise
from airflow.providers.standard.operators import hitl  # noqa: F401  # likewise
from airflow.serialization.serialized_objects import DagSerialization
from sqlalchemy import event
from sqlalchemy.engine import Engine


def forbidden(*_arguments: Any, **_more: Any) -> NoReturn:
    raise AssertionError("a connection while the file is read")


def main(folder: str, name: str) -> None:
    sys.path.insert(0, folder)
    loaded = set(sys.modules)
    socket.socket.connect = forbidden  # type: ignore[method-assign]  # nothing is asked over a network
    event.listen(Engine, "do_connect", forbidden)
    started = time.process_time()
    module = import_module(name)
    seconds = time.process_time() - started
    dag = getattr(module, name)()
    serialized = DagSerialization.to_dict(dag)
    said = {
        "seconds": seconds,
        "loaded": sorted({m.partition(".")[0] for m in set(sys.modules) - loaded}),
        "hash": SerializedDagModel.hash(serialized),  # type: ignore[no-untyped-call]
        "timetable": serialized["dag"]["timetable"],
        "tasks": {task.task_id: about_task(task) for task in dag.tasks},
        "leaves": [task.task_id for task in dag.leaves],
        **about_dag(dag),
    }
    print(json.dumps(said))


def about_task(task: Any) -> dict[str, Any]:
    group = task.get_closest_mapped_task_group()
    return {
        "owner": task.owner,
        "pool": task.pool,
        "retries": task.retries,
        "not_retried": sorted(one.__name__ for rule in policy_rules(task) for one in rule.exception),
        "timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
        "trigger_rule": task.trigger_rule.value,
        "mode": getattr(task, "mode", None),
        "display": task.task_display_name,
        "doc": task.doc_md or type(task).__doc__,
        "outlets": [asset.name for asset in task.outlets],
        "upstream": sorted(task.upstream_task_ids),
        "mapped_in": group and group.group_id,
        "level": getattr(task, "level", None),
        "templates": sorted(task.template_fields),
    }


def policy_rules(task: Any) -> list[Any]:
    """Rules by which an error ends a task at once."""
    rules = task.retry_policy.rules if task.retry_policy else []
    assert {rule.action.value for rule in rules} <= {"fail"}
    return list(rules)


def about_dag(dag: Any) -> dict[str, Any]:
    return {
        "id": dag.dag_id,
        "display": dag.dag_display_name,
        "tags": sorted(dag.tags),
        "max_active_runs": dag.max_active_runs,
        "timeout": dag.dagrun_timeout.total_seconds(),
        "start": dag.start_date and dag.start_date.isoformat(),
        "doc": dag.doc_md,
        "catchup": dag.catchup,
        "params": sorted(dag.params),
        "run_types": sorted(dag.allowed_run_types or ()),
        "deadlines": [about_deadline(one) for one in dag.deadline or ()],
    }


def about_deadline(alert: Any) -> list[Any]:
    return [alert.reference.reference_name, alert.interval.total_seconds(), alert.callback.path]


if __name__ == "__main__":
    main(*sys.argv[1:])
