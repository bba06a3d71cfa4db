"""The stack's roles Officer, Approver and Engineer, with what each may do in Airflow itself.

`python -m stable_jobs_roles`, as `init` does at every start: adds what is missing and takes nothing away.
`stable_jobs.review.access` says by the roles' names what each may do on the review pages.
"""

from __future__ import annotations

from collections.abc import Mapping

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride
from airflow.providers.fab.www.security import permissions as fab

from stable_jobs.dag_ids import DISBURSEMENT

Permissions = frozenset[tuple[str, str]]

ENTRY: Permissions = frozenset({(fab.ACTION_CAN_READ, fab.RESOURCE_PLUGIN)})
"""Airflow's interface asks for its plugins to show their entries in the navigation."""
VIEWS: Permissions = ENTRY | frozenset(FabAirflowSecurityManagerOverride.VIEWER_PERMISSIONS)
RUNS: Permissions = frozenset(
    (*FabAirflowSecurityManagerOverride.USER_PERMISSIONS, *FabAirflowSecurityManagerOverride.OP_PERMISSIONS)
)
ANSWERS: Permissions = frozenset(
    {
        (fab.ACTION_CAN_EDIT, fab.RESOURCE_HITL_DETAIL),
        (fab.ACTION_CAN_ACCESS_MENU, fab.RESOURCE_HITL_DETAIL),
        # Airflow takes an answer only from who may edit the DAG that asks: this one, no other.
        (fab.ACTION_CAN_EDIT, fab.resource_name(DISBURSEMENT, fab.RESOURCE_DAG)),
    }
)
ROLES: Mapping[str, Permissions] = {
    "Viewer": ENTRY,
    "User": ENTRY,
    "Officer": VIEWS,
    "Approver": VIEWS | ANSWERS,
    "Engineer": (VIEWS | RUNS) - {(fab.ACTION_CAN_EDIT, fab.RESOURCE_HITL_DETAIL)},
}


def main() -> None:
    """Make the roles, and give each what it lacks."""
    with get_application_builder() as builder:
        manager = builder.sm
        for name, permissions in ROLES.items():
            role = manager.add_role(name)
            for action, resource in sorted(permissions):
                manager.add_permission_to_role(role, manager.create_permission(action, resource))


if __name__ == "__main__":
    main()
