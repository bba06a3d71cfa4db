"""The floor: what reading the same files costs when nothing is checked.

Every file that is GB18030 is streamed to UTF-8, and DuckDB turns each file's text columns into Parquet.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from tempfile import TemporaryDirectory

from stable_jobs.store.engine import quote_literal

CHUNK = 1 << 22


def floor(landing: Path, encodings: dict[str, str]) -> int:
    """Convert every CSV under `landing` (department/extract/date/file) once; the number of bytes read."""
    import duckdb

    total = 0
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        for path in sorted(landing.glob("*/*/*/*.csv")):
            text = _as_utf8(path, encodings[path.parts[-3]], Path(folder) / "text.csv")
            source = f"read_csv({quote_literal(str(text))}, all_varchar=true, header=true)"
            target = quote_literal(f"{folder}/columns.parquet")
            connection.execute(f"COPY (FROM {source}) TO {target} (FORMAT parquet)")
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
