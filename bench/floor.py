"""The floor: what reading the same files costs when nothing is checked.

Every CSV that is GB18030 is streamed to UTF-8, and DuckDB turns each CSV's columns, as text, into Parquet.
Workbooks and manifests are left out: the floor is lower for it, never higher.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from datetime import date
from pathlib import Path

CHUNK = 1 << 22


def floor(landing: Path, on: date, encodings: Mapping[str, str], folder: Path, threads: int = 2) -> int:
    """Convert every CSV of a date under `landing` (department/extract/date/file) once, into `folder`.

    Returns the bytes read.

    encodings: by extract, as the contracts declare them.
    """
    import duckdb

    total = 0
    with duckdb.connect(config={"threads": threads}) as connection:
        for path in sorted(landing.glob(f"*/*/{on}/*.csv")):
            text = _as_utf8(path, encodings[path.parts[-3]], folder / "text.csv")
            source = "read_csv($source, all_varchar = true, header = true)"
            target = str(folder / "columns.parquet").replace("'", "''")
            connection.execute(f"COPY (FROM {source}) TO '{target}' (FORMAT parquet)", {"source": str(text)})
            total += path.stat().st_size
    return total


def _as_utf8(path: Path, encoding: str, target: Path) -> Path:
    if encoding != "gb18030":
        return path
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(CHUNK):
            writer.write(decoder.decode(chunk).encode())
        writer.write(decoder.decode(b"", final=True).encode())
    return target
