"""Policy files: `<root>/<region>/<scheme>.yaml`, strict, every value with its unit and reference.

Wrong text is a PolicyError that names file, place, expected, found and next step.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from stable_jobs.errors import PolicyError, document_fault
from stable_jobs.names import UNPRINTABLE
from stable_jobs.policy.catalogue import CATALOGUE, PROVINCE, SCHEMES, SIZES, Parameter, Unit
from stable_jobs.regions import is_code
from stable_jobs.strict_yaml import YamlFault, read_regular, read_yaml

NEXT_STEP = "correct this place in the policy file and run again"


def fault(file: str, place: str, expected: str, found: object, next_step: str = NEXT_STEP) -> PolicyError:
    """A PolicyError that says all five."""
    return PolicyError(document_fault(file, place, expected, found, next_step))


# ---- The text of one value ----

Scalar = bool | int | Decimal | date | str | tuple[str, ...]
Parsed = Scalar | Mapping[str, Scalar] | None
"""A value in code; by size: one per size; None: ended, or not set."""

_DECIMAL = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})?")
_LIKE = {Unit.SHARE: "0.055", Unit.FACTOR: "3"}


def parse(parameter: Parameter, raw: object, year: int) -> Parsed:
    """The value in code, of that policy year. Raises ValueError whose text is what was expected."""
    if raw is None:
        return None
    found = _by_size(parameter, raw) if parameter.by_size else _scalar(parameter, raw)
    if isinstance(found, date) and found.year not in (year, year + 1):
        raise ValueError(f"a date in the policy year {year} or the year after it")
    return found


def _by_size(parameter: Parameter, raw: object) -> Mapping[str, Scalar]:
    if not isinstance(raw, dict):
        return dict.fromkeys(SIZES, _scalar(parameter, raw))
    if not raw or not set(raw) <= set(SIZES):
        raise ValueError(f"one value, or one for some of {', '.join(SIZES)}")
    return {size: _scalar(parameter, raw[size]) for size in SIZES if size in raw}


def _scalar(parameter: Parameter, raw: object) -> Scalar:
    return _READERS[parameter.unit](parameter, raw)


def _decimal(parameter: Parameter, raw: object) -> Decimal:
    low, high = parameter.limits
    if not isinstance(raw, str) or not _DECIMAL.fullmatch(raw) or not low <= Decimal(raw) <= high:
        like = _LIKE[parameter.unit]
        raise ValueError(
            f'a {parameter.unit} from {low} to {high} as text with at most 4 places, like "{like}"'
        )
    return Decimal(raw)


def _count(parameter: Parameter, raw: object) -> int:
    low, high = parameter.limits
    if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
        raise ValueError(f"a whole number from {low} to {high}")
    return raw


def _month(_: Parameter, raw: object) -> int:
    if raw != 1 or isinstance(raw, bool):
        raise ValueError("1 (January), the only stand-in month there is")
    return 1


def _date(_: Parameter, raw: object) -> date:
    if type(raw) is not date:
        raise ValueError("a date like 2020-12-31")
    return raw


def _flag(_: Parameter, raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("true or false")
    return raw


def _code(parameter: Parameter, raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError("a word as text")
    if parameter.codes and raw not in parameter.codes:
        raise ValueError(f"one of {', '.join(parameter.codes)}")
    if not parameter.codes and raw != PROVINCE and not re.fullmatch(r"[0-9]{6}", raw):
        raise ValueError(f"six digits as text, or {PROVINCE}")
    return raw


def _list(parameter: Parameter, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise ValueError("a list of words")
    if not set(raw) <= set(parameter.codes) or len(set(raw)) != len(raw):
        raise ValueError(f"different words out of {', '.join(parameter.codes)}")
    return tuple(raw)


_READERS: dict[Unit, Callable[[Parameter, object], Scalar]] = {
    Unit.SHARE: _decimal,
    Unit.FACTOR: _decimal,
    Unit.YUAN: _count,
    Unit.MONTHS: _count,
    Unit.PERSONS: _count,
    Unit.PEOPLE: _count,
    Unit.WORKING_DAYS: _count,
    Unit.UNITS: _count,
    Unit.MONTH: _month,
    Unit.DATE: _date,
    Unit.FLAG: _flag,
    Unit.CODE: _code,
    Unit.LIST: _list,
}


# ---- Files ----

COMMON = "common"
"""A file for both schemes."""


@dataclass(frozen=True)
class Value:
    """One dated value. `reference` is the clause or notice it comes from; `demo` marks what is ours."""

    effective_from: date
    value: Parsed
    reference: str
    demo: bool
    note: str | None
    file: str


@dataclass(frozen=True)
class RegionPolicy:
    """One folder. `values`: (scheme, parameter name) → its versions."""

    code: str
    name_zh: str
    name_en: str
    values: Mapping[tuple[str, str], tuple[Value, ...]]


@dataclass(frozen=True)
class Policies:
    """All policy files. `regions`: code → its own policy; inherited values are looked up when asked
    (parameters.py). `fingerprint`: SHA-256 over names and bytes of the files.

    faults: code of a folder that cannot be read → why. It has no values, and neither has a region below it.
    """

    regions: Mapping[str, RegionPolicy]
    fingerprint: str
    faults: Mapping[str, str] = field(default_factory=dict)
    known: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Results computed from these files once (parameters.py)."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _plain(text: str) -> str:
    """A text that people can read and the ledger can keep: without NUL, with a limited length of line."""
    if _UNFIT.search(text):
        raise ValueError("text without control characters")
    return text


_UNFIT = re.compile(rf"[{UNPRINTABLE}\ud800-\udfff]")
_Word = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
_Text = Annotated[str, Field(min_length=1, max_length=4_000), AfterValidator(_plain)]


class _Value(_Strict):
    effective_from: date
    value: Any
    reference: _Text
    demo: bool = False
    note: _Text | None = None


class _Parameter(_Strict):
    unit: str
    values: list[_Value] = Field(min_length=1)


class _File(_Strict):
    region: str = Field(pattern=r"^[0-9]{6}$")
    name_zh: _Word
    name_en: _Word
    scheme: Literal["common", "general", "difficult"]
    parameters: dict[str, _Parameter]


def load_policies(root: Path) -> Policies:
    """All policy files below `root`. Raises PolicyError naming file, place, expected, found and next step."""
    policies = load_sound(root)
    for code in sorted(policies.faults):
        raise PolicyError(policies.faults[code])
    return policies


def load_sound(root: Path) -> Policies:
    """The same, but a folder with a fault is left out and named in `faults`: other regions go on.

    PolicyError only where there is no policy file at all.
    """
    if not root.is_dir():
        raise fault(str(root), "folder", "a folder of policy files", "nothing", "set STABLE_JOBS_POLICIES")
    regions: dict[str, RegionPolicy] = {}
    faults: dict[str, str] = {}
    for folder in sorted(root.iterdir()):
        try:
            if documents := [(label, _read(file, label)) for file, label in _files(folder)]:
                regions[folder.name] = _region(folder.name, documents)
        except PolicyError as error:
            faults[_shown(folder.name)] = str(error)
    if not regions and not faults:
        raise fault(str(root), "folder", "<region>/<scheme>.yaml", "no such file", "set STABLE_JOBS_POLICIES")
    return Policies(regions, policies_fingerprint(root), faults)


def _files(folder: Path) -> list[tuple[Path, str]]:
    """The policy files of a folder with their labels. PolicyError for a folder that may not be looked into,
    and for a region's code that is no folder."""
    label = _shown(folder.name)
    if not folder.is_dir():
        if is_code(folder.name):
            raise fault(label, "the folder", "a folder of policy files", "no folder")
        return []
    try:
        files = sorted(path for path in folder.iterdir() if path.name.endswith(".yaml"))
    except OSError as error:
        raise fault(label, "the folder", "a readable folder", error.strerror) from error
    return [(file, f"{label}/{_shown(file.name)}") for file in files]


def _shown(name: str) -> str:
    """A file's name as a message can carry it: bytes that are no UTF-8 are written out."""
    return name.encode("utf-8", "backslashreplace").decode()


def policies_fingerprint(root: Path) -> str:
    """SHA-256 over names and bytes of all policy files: other values make another snapshot."""
    digest = hashlib.sha256()
    for file in sorted(root.glob("*/*.yaml")):
        digest.update(os.fsencode(f"{file.parent.name}/{file.name}\0"))
        digest.update(hashlib.sha256(_bytes(file)).digest())
    return digest.hexdigest()


def _bytes(file: Path) -> bytes:
    try:
        return read_regular(file)
    except (OSError, YamlFault):
        return b""


def _read(file: Path, label: str) -> _File:
    document = _checked(_yaml(file, label), label)
    if document.region != file.parent.name:
        raise fault(label, "region", f"the folder's name {file.parent.name}", document.region)
    if document.scheme != file.stem:
        raise fault(label, "scheme", f"the file's name {file.stem}", document.scheme)
    return document


def _yaml(file: Path, label: str) -> object:
    try:
        return read_yaml(read_regular(file))
    except YamlFault as error:
        raise fault(label, error.place, error.expected, error.found) from None
    except OSError as error:
        raise fault(label, "the file", "a readable file", error.strerror) from error


def _checked(raw: object, label: str) -> _File:
    try:
        return _File.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "document"
        message = first["msg"].removeprefix("Value error, ")
        expected = {"missing": "a value", "extra_forbidden": "no such key"}.get(first["type"], message)
        found = "nothing" if first["type"] == "missing" else repr(first["input"])
        raise fault(label, place, expected, found) from error


def _region(code: str, documents: list[tuple[str, _File]]) -> RegionPolicy:
    values: dict[tuple[str, str], tuple[Value, ...]] = {}
    for label, document in documents:
        for key, versions in _entries(label, document):
            if key in values:
                raise fault(
                    label, f"parameters.{key[1]}", f"each parameter once for scheme {key[0]}",
                    f"it again, first in {values[key][0].file}", "keep one of the two",
                )  # fmt: skip
            values[key] = versions
    first = documents[0][1]
    for label, document in documents:
        if (document.name_zh, document.name_en) != (first.name_zh, first.name_en):
            raise fault(label, "name_zh", f"{first.name_zh} / {first.name_en}", document.name_zh)
    return RegionPolicy(code, first.name_zh, first.name_en, values)


def _entries(label: str, document: _File) -> Iterator[tuple[tuple[str, str], tuple[Value, ...]]]:
    schemes = SCHEMES if document.scheme == COMMON else (document.scheme,)
    for name, written in document.parameters.items():
        parameter = _known(label, name, written, document.scheme)
        versions = _versions(label, parameter, written)
        yield from (((scheme, name), versions) for scheme in schemes if scheme in parameter.schemes)


def _known(label: str, name: str, written: _Parameter, scheme: str) -> Parameter:
    place = f"parameters.{name}"
    if name not in CATALOGUE:
        raise fault(
            label, place, "a parameter of the catalogue", name, "see the list of parameters in the docs"
        )
    parameter = CATALOGUE[name]
    if written.unit != parameter.unit:
        raise fault(label, f"{place}.unit", parameter.unit, written.unit)
    if scheme != COMMON and scheme not in parameter.schemes:
        raise fault(label, place, f"it in {' or '.join(parameter.schemes)}.yaml", f"it in {scheme}.yaml")
    return parameter


def _versions(label: str, parameter: Parameter, written: _Parameter) -> tuple[Value, ...]:
    place = f"parameters.{parameter.name}.values"
    dates = [v.effective_from for v in written.values]
    if dates != sorted(set(dates)):
        raise fault(label, place, "effective_from dates that rise", ", ".join(map(str, dates)))
    return tuple(_version(label, f"{place}.{i}", parameter, v) for i, v in enumerate(written.values))


def _version(label: str, place: str, parameter: Parameter, v: _Value) -> Value:
    try:
        parsed = parse(parameter, v.value, v.effective_from.year)
    except ValueError as error:
        raise fault(label, f"{place}.value", str(error), repr(v.value)) from error
    return Value(v.effective_from, parsed, v.reference, v.demo, v.note, label)
