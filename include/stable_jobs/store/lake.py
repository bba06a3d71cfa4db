"""The lake: landed bytes and Parquet snapshots under one fsspec URL. Its files never change."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from stable_jobs.errors import StepError, UsageError, naming

log = logging.getLogger(__name__)
CHUNK = 1 << 20
ZEROS = bytes(CHUNK)
KEPT = ("landing", "published")
"""Folders whose files are named by their own SHA-256."""
WITH_ACCOUNTS = frozenset(
    {"landing", "published", "snapshots/staged", "snapshots/quarantine", "snapshots/payees"}
)
"""Folders whose files hold account numbers: nobody but their owner opens them."""
OWN_FOLDER, OWN_FILE, READ_ONLY = 0o700, 0o400, 0o440


UNREADABLE = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
"""How a file that was registered is no longer there for us."""


class LakeChanged(StepError):
    """A file of the lake is not the one that was put there."""


@dataclass(frozen=True)
class Content:
    """The content of a file of the lake: SHA-256 (hex) over its bytes, and their number."""

    sha256: str
    size_bytes: int


class Lake:
    """One lake: a local folder (`var/lake`, `/data/lake`) or an fsspec URL (`memory://lake`, `s3://…`).

    Names are relative to it, with `/`. UsageError if the URL's protocol is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url)
        except Exception as error:  # every store's own: what is missing, refused or not reached
            raise UsageError(f"STABLE_JOBS_LAKE={url}: {error}. Give a folder or an fsspec URL.") from error
        self._is_local = isinstance(self._fs, LocalFileSystem)
        self._seen: dict[str, tuple[tuple[int, ...], Content]] = {}

    def put_landing(self, source: Path) -> str:
        """Copy a file's bytes to `landing/<sha256>`, once, and return the SHA-256 of the bytes copied.

        The name appears only when the copy is whole and on disk; any number may put the same bytes at once.
        OSError if `source` cannot be read.
        """
        return self.land(_pieces(source)).sha256

    def land(self, pieces: Iterable[bytes]) -> Content:
        """The same for bytes as they come; returns their content. Nothing is kept of pieces that raise."""
        return self._put(pieces, "landing")

    def has_landed(self, sha256: str) -> bool:
        """Whether `landing/<sha256>` is there and holds the bytes that its name says."""
        try:
            return self.content(f"landing/{sha256}").sha256 == sha256
        except LakeChanged:
            return False

    def put_published(self, source: Path) -> str:
        """The same for a file that is published for good: `published/<sha256>`; its SHA-256."""
        return self._put(_pieces(source), "published").sha256

    def published_path(self, sha256: str) -> str:
        """Where the bytes of that published file are kept."""
        return self.path(f"published/{sha256}")

    def _put(self, pieces: Iterable[bytes], folder: str) -> Content:
        temporary = self.path(f"{folder}/.{uuid4().hex}")
        try:
            content = self._copy(pieces, temporary)
            self._publish(temporary, self.path(f"{folder}/{content.sha256}"))
        finally:
            self._discard(temporary)
        return content

    def landing_path(self, sha256: str) -> str:
        """Where the bytes of that hash are: a path that DuckDB reads, and `open` too in a local lake."""
        return self.path(f"landing/{sha256}")

    def new_name(self, kind: str, suffix: str = ".parquet") -> str:
        """A name that was never used, `snapshots/<kind>/<uuid><suffix>`."""
        return f"snapshots/{kind}/{uuid4().hex}{suffix}"

    def path(self, name: str) -> str:
        """The absolute path or URL of a name, for DuckDB to read or write. Its parent folder exists.

        In a folder, only the owner may read one for files with account numbers, with any umask.
        """
        full = self._full(name)
        folder = self._fs._parent(full)
        self._fs.makedirs(folder, exist_ok=True)
        if not self._is_local:
            return str(self._fs.unstrip_protocol(full))
        if _has_accounts(name):
            _restrict(Path(folder), OWN_FOLDER)
        return full

    def keep(self, name: str) -> Content:
        """Close a finished file for good, its mode with it; returns its content, to be registered."""
        if self._is_local:
            _restrict(Path(self._full(name)), OWN_FILE if _has_accounts(name) else READ_ONLY)
        return self.content(name)

    def content(self, name: str) -> Content:
        """The content of a file now. LakeChanged if there is none.

        In a folder, bytes that this process read before are not read again as long as the file's inode says
        that nothing happened to it.
        """
        full = self._full(name)
        try:
            if not self._is_local:
                with self._fs.open(full, "rb") as source:
                    return _content(source)
            with Path(full).open("rb") as source:
                mark = _mark(source)
                known = self._seen.get(full)
                if known is None or known[0] != mark:
                    known = (mark, _content(source))
                    self._seen[full] = known
                return known[1]
        except UNREADABLE as error:
            raise LakeChanged(
                _changed(self._shown(name), "the file that was registered", _lost(error))
            ) from None

    def check(self, name: str, expected: Content) -> str:
        """The path of a file, its bytes those that were registered. LakeChanged if they are not."""
        if (found := self.content(name)) != expected:
            raise LakeChanged(_changed(self._shown(name), _said(expected), _said(found)))
        return self.path(name)

    def fetch(self, name: str, target: Path, expected: Content | None = None) -> None:
        """Copy a file of the lake to a local path of this process's own, and check the very bytes copied.

        expected: the registered content; a file that is named by its hash needs none. LakeChanged, and no
        copy, if the bytes are others.
        """
        digest, size = hashlib.sha256(), 0
        try:
            with (
                naming(target),
                self._fs.open(self._full(name), "rb") as reader,
                target.open("wb") as writer,
            ):
                while chunk := reader.read(CHUNK):
                    digest.update(chunk)
                    size += writer.write(chunk)
        except UNREADABLE as error:
            raise LakeChanged(
                _changed(self._shown(name), "the file that was registered", _lost(error))
            ) from None
        found = Content(digest.hexdigest(), size)
        folder, _, last = name.rpartition("/")
        is_same = found == expected if expected else folder not in KEPT or last == found.sha256
        if not is_same:
            target.unlink()
            said = _said(expected) if expected else f"SHA-256 {last}"
            raise LakeChanged(_changed(self._shown(name), said, _said(found)))

    def kept_names(self) -> list[str]:
        """Every file of the folders whose files are named by their hash, also what another put there."""
        return sorted(
            f"{folder}/{path.rpartition('/')[2]}"
            for folder in KEPT
            if self._fs.exists(self._full(folder))
            for path in self._fs.ls(self._full(folder), detail=False)
            if not path.rpartition("/")[2].startswith(".")
        )

    def _full(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def _shown(self, name: str) -> str:
        full = self._full(name)
        return full if self._is_local else str(self._fs.unstrip_protocol(full))

    def _copy(self, pieces: Iterable[bytes], target: str) -> Content:
        digest, size = hashlib.sha256(), 0
        with naming(target), self._fs.open(target, "wb") as writer:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                if self._is_local and piece == ZEROS[: len(piece)]:
                    writer.seek(len(piece), os.SEEK_CUR)  # a hole: zeros that take no room
                else:
                    writer.write(piece)
            if self._is_local:
                writer.truncate(size)
                _sync(writer)
        return Content(digest.hexdigest(), size)

    def _publish(self, temporary: str, final: str) -> None:
        """Give the copy its name. Other bytes that bear that name are put aside for a person to look at."""
        sha256 = final.rpartition("/")[2]
        if self._fs.exists(final):
            with self._fs.open(final, "rb") as known:
                is_same = _content(known).sha256 == sha256
            if is_same:
                return
            foreign = f"{final}.foreign-{uuid4().hex}"
            self._fs.mv(final, foreign)
            log.warning("%s did not hold the bytes that its name says: it is now %s", final, foreign)
        if not self._is_local:
            self._fs.mv(temporary, final)
            return
        Path(temporary).chmod(OWN_FILE)
        Path(temporary).replace(final)
        _sync_folder(Path(final).parent)

    def _discard(self, temporary: str) -> None:
        if self._fs.exists(temporary):
            self._fs.rm_file(temporary)


def _pieces(source: Path) -> Iterator[bytes]:
    with source.open("rb") as reader:
        while piece := reader.read(CHUNK):
            yield piece


def _has_accounts(name: str) -> bool:
    return name.rpartition("/")[0] in WITH_ACCOUNTS


def _restrict(path: Path, mode: int) -> None:
    """Set the mode where it is another; a store that is mounted to be read only keeps its own."""
    if path.stat().st_mode & 0o777 != mode:
        with suppress(OSError):
            path.chmod(mode)


def _mark(source: IO[bytes]) -> tuple[int, ...]:
    """Values that change when anybody writes to a file, replaces it or gives it back its old time."""
    known = os.fstat(source.fileno())
    return known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns


def content_of(pieces: Iterable[bytes]) -> Content:
    """The content of bytes that come in pieces."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return Content(digest.hexdigest(), size)


def _content(source: IO[bytes]) -> Content:
    return content_of(iter(lambda: source.read(CHUNK), b""))


def _lost(error: OSError) -> str:
    return "no file" if isinstance(error, FileNotFoundError) else str(error.strerror or "no file")


def _said(content: Content) -> str:
    return f"{content.size_bytes} bytes with SHA-256 {content.sha256}"


def _changed(path: str, expected: str, found: str) -> str:
    return (
        f"{path} was changed since it was made: expected {expected}; found {found}; no money moves on it;"
        " next: find out who changed it, put the file back from a backup of the lake, and run again"
    )


def _sync(writer: IO[bytes]) -> None:
    writer.flush()
    os.fsync(writer.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
