"""One hostile value a region: every column of every extract, every field of a manifest, every policy value.

A night has many regions that are alike. In most of them one value is replaced; what each planting must lead
to is said here, from the kind of the column and the value alone.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from stable_jobs.contracts.model import Column, Contract, Kind
from stable_jobs.policy.catalogue import CATALOGUE

DAY = date(2020, 5, 11)
UNITS = 21
"""A region has so many that one bad row of an extract about units is within every tolerance."""


class Must(StrEnum):
    """What a planting must lead to. `NAMED`: it stops nothing else, and if it is not taken it is named."""

    STOP = "stopped"
    PASS = "taken"
    NAMED = "named if not taken"


@dataclass(frozen=True)
class Planting:
    """One value in one place. `extract` is empty for a policy value; `place`: column, field or parameter."""

    extract: str
    place: str
    what: str
    content: Any
    must: Must

    @property
    def kind(self) -> str:
        """Where it is planted: in a cell, a manifest or a policy file."""
        if not self.extract:
            return "policy"
        return "manifest" if self.place.startswith("manifest") else "cell"


@dataclass(frozen=True)
class Text:
    """A text for a cell; `taken_by` the kinds that read it; `may` those that read it with some contracts."""

    what: str
    content: str | bytes
    taken_by: tuple[Kind, ...] = ()
    may: tuple[Kind, ...] = ()


NAMES = (Kind.TEXT,)
WORDS = (Kind.TEXT, Kind.CODE)
NUMBERS = (Kind.INTEGER, Kind.MONEY, Kind.MONTH)
DATES = (Kind.DATE, Kind.OPEN_DATE)
TEXTS = (
    Text("empty", "", may=tuple(Kind)),
    Text("a null word", "暂无", may=tuple(Kind)),
    Text("blanks", "   ", may=tuple(Kind)),
    Text("NUL inside", "西\0安"),
    Text("NUL alone", "\0"),
    Text("NULs at the end", "91610131\0\0\0\0"),
    Text("control characters", "a\x01\x07\x1b[31mb", NAMES, (Kind.CODE,)),
    Text("a bare CR", "a\rb", (), WORDS),
    Text("line ends in quotes", "a\nb", (), WORDS),
    Text("U+FFFD", "西\ufffd安", NAMES, (Kind.CODE,)),
    Text("private use", "\ue000公司", NAMES, (Kind.CODE,)),
    Text("above the basic plane", "𬭎𠮷公司", NAMES, (Kind.CODE,)),
    Text("right to left", "\u202egpj.exe", NAMES, (Kind.CODE,)),
    Text("line separator", "a\u2028b\u2029c", NAMES, (Kind.CODE,)),
    Text("no character", "a\ufffeb\uffffc", NAMES, (Kind.CODE,)),
    Text("a formula", "=HYPERLINK(\"http://x\";\"y\")", NAMES, (Kind.CODE,)),
    Text("a command", "@SUM(1+1)*cmd|' /C calc'!A0", NAMES, (Kind.CODE,)),
    Text("mark-up", "<script>alert(1)</script>&amp;", NAMES, (Kind.CODE,)),
    Text("SQL", "'); DROP TABLE deliveries; --", NAMES, (Kind.CODE,)),
    Text("placeholders", "{batch} {business_date} %s $1 ${HOME} {{ ds }}", NAMES, (Kind.CODE,)),
    Text("a path", "../../../etc/passwd", NAMES, (Kind.CODE,)),
    Text("quotes", 'a"b""c\'d`e', NAMES, (Kind.CODE,)),
    Text("separators", "a,b;c\td|e", NAMES, (Kind.CODE,)),
    Text("ten thousand characters", "长" * 10_000, (), WORDS),
    Text("bytes of no encoding", b"\xff\xfe\xfa"),
    Text("a word", "许多", NAMES, (Kind.CODE,)),
    Text("NaN", "NaN", (), WORDS),
    Text("Infinity", "-Infinity", (), WORDS),
    Text("minus one", "-1", NAMES, (Kind.CODE,)),
    Text("a half", "0.5", NAMES, (Kind.CODE, Kind.MONEY)),
    Text("three decimals", "1.005", NAMES, (Kind.CODE,)),
    Text("2^31", "2147483648", NAMES, (Kind.CODE, Kind.MONEY, Kind.INTEGER)),
    Text("2^63", "9223372036854775808", NAMES, (Kind.CODE,)),
    Text("2^64", "18446744073709551616", NAMES, (Kind.CODE,)),
    Text("10^16", "10000000000000000", NAMES, (Kind.CODE, Kind.MONEY, Kind.INTEGER)),
    Text("most of a decimal", "9999999999999999.99", NAMES, (Kind.CODE, Kind.MONEY)),
    Text("10^30", "1" + "0" * 30, NAMES, (Kind.CODE,)),
    Text("4,000 digits", "9" * 4000, (), WORDS),
    Text("a power of ten", "6.22E+18", (), ()),
    Text("a small power", "1e308", NAMES, (Kind.CODE,)),
    Text("hexadecimal", "0x1F", NAMES, (Kind.CODE,)),
    Text("other digits", "١٢٣٤٥", NAMES, (Kind.CODE, *NUMBERS)),
    Text("full width", "１２３", NAMES, (Kind.CODE, *NUMBERS)),
    Text("an underscore", "1_000", NAMES, (Kind.CODE,)),
    Text("no such day", "2020-02-30", NAMES, (Kind.CODE,)),
    Text("no such month", "2020-13-01", NAMES, (Kind.CODE,)),
    Text("year 0", "0000-01-01", NAMES, (Kind.CODE,)),
    Text("year 1", "0001-01-01", NAMES, (Kind.CODE,)),
    Text("before 1900", "1899-12-31", NAMES, (Kind.CODE,)),
    Text("before 1900, short", "18991231", NAMES, (Kind.CODE, Kind.MONEY, Kind.INTEGER)),
    Text("an open end", "9999-12-31", NAMES, (Kind.CODE, Kind.OPEN_DATE)),
    Text("an open end, short", "99991231", NAMES, (Kind.CODE, Kind.OPEN_DATE, Kind.MONEY, Kind.INTEGER)),
    Text("a later year", "12020-05-11", NAMES, (Kind.CODE,)),
    Text("month 999912", "999912", NAMES, (Kind.CODE, Kind.MONEY, Kind.INTEGER)),
    Text("month 202013", "202013", NAMES, (Kind.CODE, Kind.MONEY, Kind.INTEGER)),
    Text("month 000001", "000001", NAMES, (Kind.CODE, Kind.MONEY, Kind.INTEGER)),
    Text("tomorrow", "2020-05-12", NAMES, (Kind.CODE, *DATES, Kind.TIMESTAMP)),
    Text("hour 24", "2020-05-11 24:00:00", NAMES, (Kind.CODE,)),
    Text("a leap second", "2020-05-11 23:59:60", NAMES, (Kind.CODE,)),
    Text("with a zone", "2020-05-11T09:30:00Z", NAMES, (Kind.CODE, Kind.TIMESTAMP)),
    Text("a serial number", "43962", NAMES, (Kind.CODE, Kind.MONEY, Kind.INTEGER)),
    Text("yes", "yes", NAMES, (Kind.CODE,)),
    Text("an unknown label", "其他未列明", NAMES, (Kind.CODE,)),
    Text("an error of a spreadsheet", "#REF!"),
    Text("stars", "****", NAMES, (Kind.CODE,)),
    Text("an identity number", "11010519491231002X", NAMES, (Kind.CODE,)),
)  # fmt: skip


def of_cells(contracts: dict[str, Contract]) -> Iterator[Planting]:
    """Every text in every column of every extract."""
    for extract, contract in contracts.items():
        for column in contract.columns:
            for text in TEXTS:
                if _is_encodable(text.content, contract.encoding):
                    yield Planting(extract, column.name, text.what, text.content, _must(column, text))


def _is_encodable(content: str | bytes, encoding: str) -> bool:
    try:
        return isinstance(content, bytes) or bool(content.encode(encoding) or True)
    except UnicodeEncodeError:
        return False


def _must(column: Column, text: Text) -> Must:
    if column.kind in text.may:
        is_missing = text.what in ("empty", "a null word", "blanks")
        return Must.STOP if is_missing and column.required else Must.NAMED
    return Must.PASS if column.kind in text.taken_by else Must.STOP


NOTHING = object()
"""The field is left out."""
DEEP = "[" * 500 + "]" * 500
FIELDS = {
    "left out": NOTHING, "null": None, "true": True, "0": 0, "-1": -1, "a half": 1.5, "2^63": 2**63,
    "10^30": 10**30, "an empty text": "", "a word": "许多", "NUL": "\0", "half a pair": "\ud800",
    "70,000 characters": "x" * 70_000, "a list": [], "a mapping": {"a": 1}, "number as text": "21",
    "year 1": "0001-01-01", "an open end": "9999-12-31", "year 10000": "10000-01-01", "mark-up": "<b>&",
    "SQL": "'); DROP TABLE deliveries; --", "a path": "../../610100", "digits": "6222020000001234567",
    "a bare time": "2020-05-11T00:10:00", "NaN": float("nan"), "Infinity": float("inf"),
    "capitals": "A" * 64, "a power": 1e300,
}  # fmt: skip
"""Values for a field of a manifest; `json.dumps` writes each as a department's program might."""
MANIFEST = (
    "department",
    "extract",
    "business_date",
    "region_code",
    "rows",
    "sha256",
    "control_total",
    "sent_at",
)


def of_manifests(contracts: dict[str, Contract]) -> Iterator[Planting]:
    """Every value in every field, extract after extract in turn; and what is no manifest at all."""
    names = sorted(contracts)
    for number, (field, (what, value)) in enumerate((f, v) for f in MANIFEST for v in FIELDS.items()):
        # An extract without amounts has no total, and when a file was sent nothing depends on.
        must = Must.NAMED if field in ("control_total", "sent_at") else Must.STOP
        yield Planting(names[number % len(names)], f"manifest {field}", what, value, must)
    for number, (what, content) in enumerate(BYTES.items()):
        yield Planting(names[number % len(names)], "manifest", what, content, Must.STOP)


BYTES = {
    "no bytes": b"",
    "no JSON": b"rows: 21",
    "a list": b"[]",
    "half": b'{"rows": 21,',
    "twice": b'{"rows": 21, "rows": 21}',
    "deep": DEEP.encode(),
    "UTF-16": json.dumps({"rows": 21}).encode("utf-16"),
    "other bytes": b"\xff\xfe\x00\xd8",
    "a megabyte": b" " * 2**20 + b"{}",
}

SCALARS: dict[str, Any] = {
    "a word": "许多", "an empty text": "", "-1": -1, "3": 3, "2^63": 2**63, "10^30": 10**30, "1e400": "1e400",
    "NaN": float("nan"), "Infinity": float("inf"), "a fraction": 0.1, "1.5 as text": "1.5",
    "minus as text": "-0.5", "five decimals": "0.00001", "a list": ["a"], "an empty list": [],
    "a mapping": {"small": {"a": 1}}, "sizes unknown": {"huge": 1}, "an empty mapping": {}, "true": True,
    "a date": date(2020, 12, 31), "an earlier date": date(1999, 1, 1), "an open end": date(9999, 12, 31),
    "digits": "999999", "the nation": "000000", "NUL": "\0", "mark-up": "<script>", "null": None,
    "SQL": "'; DROP TABLE events; --", "4,000 digits": "9" * 4000, "a code twice": ["F1", "F1"],
}  # fmt: skip
"""Values for a parameter in a region's policy file."""


def of_policies() -> Iterator[Planting]:
    """Every value for every parameter in the file of every scheme that has it."""
    for parameter in CATALOGUE.values():
        for what, value in SCALARS.items():
            yield Planting("", parameter.name, what, value, Must.NAMED)


def planted_cell(content: bytes, contract: Contract, planting: Planting, rng: random.Random) -> bytes:
    """The file with one cell of one row replaced; every other byte as before."""
    head, *rows = content.decode(contract.encoding).splitlines()
    row, column = rng.randrange(len(rows)), [c.name for c in contract.columns].index(planting.place)
    cells = next(csv.reader([rows[row]]))
    cells[column] = "\x1a"
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    rows[row] = text.getvalue()
    plain = ("\n".join([head, *rows]) + "\n").encode(contract.encoding)
    return plain.replace(b"\x1a", _cell(planting.content, contract.encoding), 1)


def _cell(content: str | bytes, encoding: str) -> bytes:
    if isinstance(content, bytes):
        return content
    quoted = '"' + content.replace('"', '""') + '"' if set(content) & set('",\r\n') else content
    return quoted.encode("utf-8" if encoding == "utf-8-sig" else encoding)


def plant_cell(folder: Path, region: str, contract: Contract, planting: Planting, rng: random.Random) -> None:
    """In the region's file of a landing, with a manifest that says what is sent."""
    data, manifest = folder / f"{region}.csv", folder / f"{region}.manifest.json"
    content = planted_cell(data.read_bytes(), contract, planting, rng)
    said = json.loads(manifest.read_bytes()) | {"sha256": hashlib.sha256(content).hexdigest()}
    _replace(data, content)
    _replace(manifest, json.dumps(said).encode())


def plant_manifest(folder: Path, region: str, planting: Planting) -> None:
    """In the manifest of a region's file."""
    manifest = folder / f"{region}.manifest.json"
    if isinstance(planting.content, bytes):
        _replace(manifest, planting.content)
        return
    said = json.loads(manifest.read_bytes())
    field = planting.place.removeprefix("manifest ")
    said.pop(field, None)
    if planting.content is not NOTHING:
        said[field] = planting.content
    _replace(manifest, json.dumps(said).encode())


def _replace(path: Path, content: bytes) -> None:
    """Not written over: the other homes' files are the same one."""
    path.unlink()
    path.write_bytes(content)


def plant_policy(folder: Path, planting: Planting) -> None:
    """In a region's own folder of policy files, in the file where the parameter stands or belongs."""
    parameter = CATALOGUE[planting.place]
    scheme = parameter.schemes[0] if len(parameter.schemes) == 1 else "common"
    files = [file for file in sorted(folder.glob("*.yaml")) if f"\n  {planting.place}:" in file.read_text()]
    file = files[0] if files else folder / f"{scheme}.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["parameters"][planting.place] = {
        "unit": parameter.unit.value,
        "values": [{"effective_from": date(2020, 1, 1), "value": planting.content, "reference": "planted"}],
    }
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
