"""Files that departments drop into a shared folder, which is only ever read.

`<landing>/<department>/<extract>/<business_date>/<region>[.N].(csv|xlsx)`, and beside each file
`<same name>.manifest.json` (data dictionary, section 1). Links are not followed: a link could lead
to another department's data. Only plain files are opened: a pipe or a device could keep the night waiting.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO

from stable_jobs.errors import DeliveryRefused, Problem
from stable_jobs.intake.connectors.protocol import Fetched, IncomingFile, Listing
from stable_jobs.intake.problems import Slot, no_access, problem, refused, shown

MANIFEST = ".manifest.json"
DATA_NAME = re.compile(
    r"(?P<region>[0-9]{6})(?:\.(?P<sequence>[2-9]|[1-9][0-9]{1,3}))?\.(?P<format>csv|xlsx)"
)
REGION_FIRST = re.compile(r"[0-9]{6}(?![0-9])")
"""The region of `610100.CSV` is known, too."""
FOLDER_NAME = re.compile(r"[a-z][a-z0-9_]*")
IGNORED = re.compile(r"\..*|~\$.*|.*\.(?:tmp|part|filepart)", re.DOTALL)
"""Hidden and half-written files: an uploader renames them when it is done."""

GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)
"""The errors of opening a file that disappeared, or became a link or a socket since it was listed."""
EXPECTED_NAME = "<region>[.N].csv or .xlsx, a plain file beside <same name>.manifest.json"


@dataclass(frozen=True)
class DroppedFiles:
    """The connector over the landing folder `root`."""

    root: Path

    def list_files(self, department: str, extract: str, business_date: date) -> Listing:
        """Every file of the slot folder is either a delivery, a manifest of one, ignored or a Problem."""
        folder = self._folder(department, extract, business_date)
        slot = Slot(department, extract, "")
        try:
            if self._link_on_the_way(folder) is not None:
                return Listing((), (_misplaced(slot, folder.name, "a link instead of a folder"),))
            names = sorted(p.name for p in folder.iterdir()) if folder.exists() else []
        except NotADirectoryError:
            return Listing((), (_misplaced(slot, folder.name, "a file instead of a folder"),))
        except OSError as error:
            return Listing((), (no_access(slot, folder.name, error).problem,))
        names = [n for n in names if not IGNORED.fullmatch(n)]
        files = [f for n in names if (f := _incoming(folder, n, department, extract, business_date))]
        taken = {f.file_name for f in files} | {f.manifest_name for f in files}
        problems = [_stray(slot, folder, name) for name in names if name not in taken]
        return Listing(tuple(sorted(files, key=_order)), tuple(problems))

    @contextmanager
    def fetch(self, file: IncomingFile) -> Iterator[Fetched]:
        """The files where they lie: landing copies them. Looked at again, since the folder is not ours."""
        folder = self._folder(file.department, file.extract, file.business_date)
        slot = Slot(file.department, file.extract, file.region_code)
        try:
            link = self._link_on_the_way(folder)
        except OSError as error:
            raise no_access(slot, file.file_name, error) from None
        if link is not None:
            raise _gone(slot, file.file_name)
        with ExitStack() as stack:
            names = (file.file_name, file.manifest_name)
            data, manifest = (name and stack.enter_context(_opened(slot, folder, name)) for name in names)
            if not data:
                raise _gone(slot, file.file_name)
            yield Fetched(data, os.fstat(data.fileno()).st_size, manifest or None)

    def _folder(self, department: str, extract: str, business_date: date) -> Path:
        for part in (department, extract):
            if not FOLDER_NAME.fullmatch(part):
                raise ValueError(f"not a folder name of a department or extract: {part!r}")
        return self.root / department / extract / business_date.isoformat()

    def _link_on_the_way(self, folder: Path) -> Path | None:
        steps = (folder, folder.parent, folder.parent.parent)
        return next((step for step in steps if step.is_symlink()), None)


def _incoming(folder: Path, name: str, department: str, extract: str, on: date) -> IncomingFile | None:
    match = DATA_NAME.fullmatch(name)
    if match is None or not _is_plain(folder / name):
        return None
    manifest = name.removesuffix("." + match["format"]) + MANIFEST
    return IncomingFile(
        department=department,
        extract=extract,
        business_date=on,
        region_code=match["region"],
        sequence=int(match["sequence"] or 1),
        file_name=name,
        file_format=match["format"],
        manifest_name=manifest if _is_plain(folder / manifest) else None,
    )


def _opened(slot: Slot, folder: Path, name: str) -> IO[bytes]:
    """A plain file, opened without following a link and without waiting. DeliveryRefused where it is none."""
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unopened(slot, name, error) from None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise _gone(slot, name)


def _unopened(slot: Slot, name: str, error: OSError) -> DeliveryRefused:
    return _gone(slot, name) if error.errno in GONE else no_access(slot, name, error)


def _gone(slot: Slot, name: str) -> DeliveryRefused:
    return refused(slot, "delivery.name", expected=EXPECTED_NAME, found=f"{shown(name)} is gone")


def _order(file: IncomingFile) -> tuple[str, int, str]:
    return file.region_code, file.sequence, file.file_format


def _is_plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _stray(slot: Slot, folder: Path, name: str) -> Problem:
    """Why a name is not part of any delivery."""
    is_manifest = name.endswith(MANIFEST)
    match = DATA_NAME.fullmatch(name.removesuffix(MANIFEST) + ".csv" if is_manifest else name)
    region = REGION_FIRST.match(name)
    here = Slot(slot.department, slot.extract, region[0] if region else "")
    try:
        mode = (folder / name).lstat().st_mode
    except OSError as error:
        return _unopened(here, name, error).problem
    if stat.S_ISLNK(mode):
        return _misplaced(here, name, "a link instead of a file")
    if match is not None and is_manifest and stat.S_ISREG(mode):
        return problem(here, "delivery.missing_file", expected="the data file", found=f"only {shown(name)}")
    return _misplaced(here, name, "a folder or device" if match else "a name outside the agreement")


def _misplaced(slot: Slot, name: str, what: str) -> Problem:
    return problem(slot, "delivery.name", expected=EXPECTED_NAME, found=f"{shown(name)}: {what}")
