"""Who may read what is published: a file with account numbers is for its owner, whatever the umask."""

from __future__ import annotations

import shutil
from pathlib import Path

from stable_jobs.errors import UsageError

DETAIL = "disbursement_detail."
"""How the lists of a night begin that hold account numbers; of a batch every file is restricted."""
FILE, FOLDER = 0o400, 0o700
GROUP_FILE, GROUP_FOLDER = 0o440, 0o750


def has_accounts(name: str) -> bool:
    """Whether a list of that name holds account numbers."""
    return name.startswith(DETAIL)


def restrict(path: Path, group: str | None = None) -> None:
    """Let only the owner read a file or enter a folder, and the members of the group where one is given.

    UsageError for a group that the system does not know, or that this process may not give a file to.
    """
    mode = (FOLDER, GROUP_FOLDER) if path.is_dir() else (FILE, GROUP_FILE)
    if group is not None:
        _give(path, group)
    wanted = mode[group is not None]
    if path.stat().st_mode & 0o777 != wanted:
        path.chmod(wanted)


def _give(path: Path, group: str) -> None:
    if path.group() == group:
        return
    try:
        shutil.chown(path, group=group)
    except (LookupError, PermissionError) as error:
        raise UsageError(
            f"STABLE_JOBS_PAYMENT_GROUP={group}: expected a group of this system that its user is a"
            " member of; found"
            f" {error}; next: add the user to the group, or leave the setting empty"
        ) from None
