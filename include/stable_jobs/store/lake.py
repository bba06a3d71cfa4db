"""The lake: landing bytes and Parquet snapshots under one fsspec URL. What is there never changes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from stable_jobs.errors import UsageError

CHUNK = 1 << 20


class Lake:
    """One lake: a local folder (`var/lake`, `/data/lake`) or an fsspec URL (`memory://lake`, `s3://…`).

    Names are relative to it, with `/`. UsageError if the URL's protocol is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise UsageError(f"STABLE_JOBS_LAKE={url}: {error}. Give a folder or an fsspec URL.") from error
        self._is_local = isinstance(self._fs, LocalFileSystem)

    def put_landing(self, source: Path) -> str:
        """Copy a file's bytes to `landing/<sha256>`, once, and return the SHA-256 of the bytes copied.

        The name appears only when the copy is whole and on disk; any number may put the same bytes at once.
        OSError if `source` cannot be read.
        """
        return self._put(source, "landing")

    def put_published(self, source: Path) -> str:
        """The same for a file that is published for good: `published/<sha256>`; its SHA-256."""
        return self._put(source, "published")

    def published_path(self, sha256: str) -> str:
        """Where the bytes of that published file are kept."""
        return self.path(f"published/{sha256}")

    def _put(self, source: Path, folder: str) -> str:
        temporary = self.path(f"{folder}/.{uuid4().hex}")
        try:
            sha256 = self._copy(source, temporary)
            self._publish(temporary, self.path(f"{folder}/{sha256}"))
        finally:
            self._discard(temporary)
        return sha256

    def landing_path(self, sha256: str) -> str:
        """Where the bytes of that hash are: a path that DuckDB reads, and `open` too in a local lake."""
        return self.path(f"landing/{sha256}")

    def new_name(self, kind: str, suffix: str = ".parquet") -> str:
        """A name that was never used, `snapshots/<kind>/<uuid><suffix>`."""
        return f"snapshots/{kind}/{uuid4().hex}{suffix}"

    def path(self, name: str) -> str:
        """The absolute path or URL of a name, for DuckDB to read or write. Its parent folder exists."""
        full = f"{self._root.rstrip('/')}/{name}"
        self._fs.makedirs(self._fs._parent(full), exist_ok=True)
        return full if self._is_local else str(self._fs.unstrip_protocol(full))

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file of the lake to a local path."""
        self._fs.get_file(f"{self._root.rstrip('/')}/{name}", str(target))

    def _copy(self, source: Path, target: str) -> str:
        digest = hashlib.sha256()
        with source.open("rb") as reader, self._fs.open(target, "wb") as writer:
            while chunk := reader.read(CHUNK):
                digest.update(chunk)
                writer.write(chunk)
            if self._is_local:
                _sync(writer)
        return digest.hexdigest()

    def _publish(self, temporary: str, final: str) -> None:
        if self._fs.exists(final):
            return
        if not self._is_local:
            self._fs.mv(temporary, final)
            return
        Path(temporary).chmod(0o440)
        Path(temporary).replace(final)
        _sync_folder(Path(final).parent)

    def _discard(self, temporary: str) -> None:
        if self._fs.exists(temporary):
            self._fs.rm_file(temporary)


def _sync(writer: IO[bytes]) -> None:
    writer.flush()
    os.fsync(writer.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
