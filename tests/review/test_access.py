import pytest

from stable_jobs.review.access import Permission, Person, Role, roles_of

READ, QUARANTINE, LISTS = Permission.READ, Permission.QUARANTINE, Permission.LISTS
ACKNOWLEDGE, RELEASE, APPROVE = Permission.ACKNOWLEDGE, Permission.RELEASE, Permission.APPROVE
WORK, CONFIRM, MANAGE = Permission.WORK, Permission.CONFIRM, Permission.MANAGE
OFFICERS = {READ, QUARANTINE, LISTS, ACKNOWLEDGE, RELEASE, WORK, CONFIRM}
ENGINEERS = {READ, QUARANTINE, LISTS, MANAGE}


@pytest.mark.parametrize(
    ("airflow_roles", "may"),
    [
        pytest.param([], set(), id="nobody"),
        pytest.param(["Public"], set(), id="a role that is not ours"),
        pytest.param(["Viewer"], {READ}, id="FAB's viewer"),
        pytest.param(["viewer"], {READ}, id="the simple login's viewer"),
        pytest.param(["Officer"], OFFICERS, id="officer"),
        pytest.param(["Approver"], {READ, LISTS, APPROVE, CONFIRM}, id="approver"),
        pytest.param(["Engineer"], ENGINEERS, id="engineer"),
        pytest.param(["Admin"], ENGINEERS, id="an administrator approves nothing"),
        pytest.param(["op"], ENGINEERS, id="op"),
        pytest.param(["user"], OFFICERS | {APPROVE}, id="the simple login's user is officer and approver"),
        pytest.param(["Viewer", "Approver"], {READ, LISTS, APPROVE, CONFIRM}, id="two roles add up"),
    ],
)
def test_what_a_role_of_airflow_may(airflow_roles: list[str], may: set[Permission]) -> None:
    assert Person("ann", roles_of(airflow_roles)).permissions == may


def test_every_permission_is_somebodys() -> None:
    granted = set().union(*(Person("ann", frozenset({role})).permissions for role in Role))
    assert granted == set(Permission)
