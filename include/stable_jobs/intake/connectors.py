"""Where a department's files come from: the protocol of a source, files in a shared folder, and manifests."""

from __future__ import annotations

import codecs
import errno
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Annotated, Any, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import DeliveryRefused, Problem
from stable_jobs.intake.problems import Slot, no_access, problem, refused, shown

# --- The protocol ---
# The protocol that a source of files has for landing, whatever carries the files.


@dataclass(frozen=True)
class IncomingFile:
    """One file that a department offers for a slot. `manifest_name` is None where there is no manifest yet.

    `sequence` is 1 for the first file of a slot; a higher one replaces it from the next run on.
    """

    department: str
    extract: str
    business_date: date
    region_code: str
    sequence: int
    file_name: str
    file_format: str
    manifest_name: str | None


@dataclass(frozen=True)
class Fetched:
    """One file and its manifest, open for reading while the context manager is. size: when it was opened."""

    data: IO[bytes]
    size_bytes: int
    manifest: IO[bytes] | None


@dataclass(frozen=True)
class Listing:
    """The entries in one extract's place for a date: files in order, and entries that are no such files."""

    files: tuple[IncomingFile, ...]
    problems: tuple[Problem, ...]


class Connector(Protocol):
    """A source of deliveries. It never writes to the source."""

    def list_files(self, department: str, extract: str, business_date: date) -> Listing:
        """Everything offered, ordered by region and sequence; nothing there is an empty listing."""
        ...

    def fetch(self, file: IncomingFile) -> AbstractContextManager[Fetched]:
        """Both files, opened. DeliveryRefused if the source no longer has or gives a file it listed."""
        ...


# --- Files in a shared folder ---
# Files that departments drop into a shared folder, which is only ever read.
#
# `<landing>/<department>/<extract>/<business_date>/<region>[.N].(csv|xlsx)`, and beside each file
# `<same name>.manifest.json` (data dictionary, section 1). Links are not followed: a link could lead
# to another department's data. Only plain files are opened: a pipe or a device could keep the night waiting.

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


# --- Manifests ---
# The manifest beside a delivery, read strictly: a delivery that disagrees with it is not accepted.

MAX_MANIFEST_BYTES = 64 * 1024
MAX_ROWS = 10**12
"""More rows than any file that a contract takes could hold."""
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
FIELDS = {
    "department": 'text such as "labor"',
    "extract": 'text such as "insured_units"',
    "business_date": 'a day as text, "2020-05-11"',
    "region_code": 'six digits as text, "610100"',
    "rows": "a whole number from 0 on, without quotation marks",
    "sha256": "64 hexadecimal digits as text",
    "control_total": 'yuan as text, "1234.50"',
    "sent_at": 'a moment as text, "2020-05-11T08:00:00+08:00"',
}
"""How each field is written, for whoever wrote it otherwise."""
CONTROL_TOTAL = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,2})?")

Text = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}\z"), AfterValidator(str.lower)]


class Manifest(BaseModel):
    """`<same name>.manifest.json`. `control_total` is yuan as a string, so that no float touches it.

    As programs on Windows write it, too: a hash in capitals, a byte-order mark before the text.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    department: Text
    extract: Text
    business_date: date
    region_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}\z")]
    rows: Annotated[int, Field(ge=0)]
    sha256: Sha256
    control_total: str | None = None
    sent_at: datetime


def read_manifest(source: IO[bytes] | None, file: IncomingFile) -> Manifest:
    """The manifest, if it exists, is readable and names this file's slot; DeliveryRefused otherwise."""
    slot = Slot(file.department, file.extract, file.region_code)
    if source is None:
        stem = file.file_name.removesuffix("." + file.file_format)
        raise refused(slot, "delivery.manifest.missing", expected=f"{stem}.manifest.json", found="none")
    manifest = _parse(slot, _read(slot, source, file.manifest_name or ""))
    if manifest.rows > MAX_ROWS:
        raise _unreadable(slot, f"at most {MAX_ROWS:,} rows", shown(f"{manifest.rows:,} rows"))
    _check_slot(slot, manifest, file)
    return manifest


def check_hash(file: IncomingFile, manifest: Manifest, sha256: str) -> None:
    """DeliveryRefused unless the landed bytes are those that the manifest describes."""
    if manifest.sha256 != sha256:
        slot = Slot(file.department, file.extract, file.region_code)
        raise refused(slot, "delivery.manifest.sha256", expected=manifest.sha256, found=sha256)


def control_total(contract: Contract, file: IncomingFile, manifest: Manifest) -> Decimal | None:
    """The stated total in yuan; None where the contract asks for none. DeliveryRefused if it is not a total.

    The sum itself is compared when the rows have been read.
    """
    if not contract.control_total:
        return None
    stated = manifest.control_total
    if stated is None or not CONTROL_TOTAL.fullmatch(stated):
        slot = Slot(file.department, file.extract, file.region_code)
        found = "none" if stated is None else shown(stated)
        raise refused(
            slot, "delivery.manifest.control_total", expected='yuan as text, "1234.50"', found=found
        )
    return Decimal(stated)


def _read(slot: Slot, source: IO[bytes], name: str) -> bytes:
    try:
        content = source.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise no_access(slot, name, error) from None
    if len(content) > MAX_MANIFEST_BYTES:
        raise _unreadable(slot, f"at most {MAX_MANIFEST_BYTES} bytes", "more")
    return content


def _parse(slot: Slot, content: bytes) -> Manifest:
    if content.startswith(UTF16_MARKS) or b"\0" in content:
        raise _unreadable(slot, "one JSON object in UTF-8", "text in UTF-16, or none")
    try:
        text = content.decode("utf-8-sig")
        json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        agreed = "the agreed fields, and no others"
        expected = f"{agreed}; {where}: {FIELDS[where]}" if where in FIELDS else agreed
        raise _unreadable(slot, expected, shown(f"{where}: {first['msg']}")) from None
    except (ValueError, RecursionError) as error:
        raise _unreadable(slot, "one JSON object in UTF-8", shown(str(error))) from None


def _no_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in pairs:
        if name in named:
            raise ValueError(f"the field {name} twice")
        named[name] = value
    return named


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unreadable(slot: Slot, expected: str, found: str) -> Exception:
    return refused(slot, "delivery.manifest.unreadable", expected=expected, found=found)


def _check_slot(slot: Slot, manifest: Manifest, file: IncomingFile) -> None:
    for name in ("department", "extract", "business_date", "region_code"):
        expected, found = str(getattr(file, name)), str(getattr(manifest, name))
        if expected != found:
            raise refused(
                slot, "delivery.manifest.slot", expected=f"{name} {expected}", found=f"{name} {shown(found)}"
            )
