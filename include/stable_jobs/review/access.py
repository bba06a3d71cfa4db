"""Who may do what: roles of this product, what each may do, and which of Airflow's roles have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """One thing that a route asks for. Every route asks for exactly one."""

    READ = "read"
    """Pages: nights, reports, enterprises, parameters, batches, comparisons. Accounts and names masked."""
    QUARANTINE = "quarantine"
    """Take away the quarantined rows of a delivery."""
    LISTS = "lists"
    """Take away lists and comparisons. Payment files nobody takes from here."""
    ACKNOWLEDGE = "acknowledge"
    """Put a name and a reason to a finding of a validation report."""
    RELEASE = "release"
    """Let a delivery through that a rule holds."""
    APPROVE = "approve"
    """Answer for a batch. The ledger says whether this person may, for this batch."""
    WORK = "work"
    """What an officer decides of units, accounts, budgets and recoveries, and stopping a region's money."""
    CONFIRM = "confirm"
    """Confirm or reject what another person proposed or entered."""
    MANAGE = "manage"
    """Say who may approve where."""


class Role(StrEnum):
    """What a person is at the bureau."""

    VIEWER = "viewer"
    OFFICER = "officer"
    APPROVER = "approver"
    ENGINEER = "engineer"


GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.OFFICER: frozenset(
        {
            Permission.READ,
            Permission.QUARANTINE,
            Permission.LISTS,
            Permission.ACKNOWLEDGE,
            Permission.RELEASE,
            Permission.WORK,
            Permission.CONFIRM,
        }
    ),
    Role.APPROVER: frozenset({Permission.READ, Permission.LISTS, Permission.APPROVE, Permission.CONFIRM}),
    Role.ENGINEER: frozenset({Permission.READ, Permission.QUARANTINE, Permission.LISTS, Permission.MANAGE}),
}

AIRFLOW_ROLES: Mapping[str, frozenset[Role]] = {
    **{role.value: frozenset({role}) for role in Role},
    "user": frozenset({Role.OFFICER, Role.APPROVER}),
    "op": frozenset({Role.ENGINEER}),
    "admin": frozenset({Role.ENGINEER}),
}
"""Name of a role in Airflow, in lower case → roles here. The stack makes Officer, Approver and Engineer
beside FAB's own Viewer, User, Op and Admin; the simple login has only the latter four."""


@dataclass(frozen=True)
class Person:
    """Who asks. `name` is what Airflow calls them, and what the ledger and every audit event will say."""

    name: str
    roles: frozenset[Role]

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything the person may do; empty for somebody without a role."""
        return frozenset(permission for role in self.roles for permission in GRANTS[role])


def roles_of(airflow_roles: Iterable[str]) -> frozenset[Role]:
    """The roles here of somebody with those roles in Airflow. A role that is not known gives none."""
    return frozenset(r for name in airflow_roles for r in AIRFLOW_ROLES.get(name.lower(), frozenset()))
