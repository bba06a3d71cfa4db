"""Bank profiles: `<root>/<region>.yaml`, strict. A bank is data, not code.

A profile says whose account pays, how the bank's file looks and how its answer reads. The one of the nearest
region upward holds.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from stable_jobs.bank.answers.reasons import Verdict
from stable_jobs.bank.answers.signature import check_public_key
from stable_jobs.credit_code import is_cnaps
from stable_jobs.errors import PolicyError, StepError, document_fault
from stable_jobs.publishing.manifest import check_name
from stable_jobs.regions import upward
from stable_jobs.strict_yaml import YamlFault, read_regular, read_yaml

NEXT_STEP = "correct this place in the bank profile and run again"
OURS = ("disbursement_", "payment.")
"""How our own files of a batch begin; a bank's file may not."""

LineField = Literal[
    "line_no", "end_to_end_id", "batch_no", "business_date", "business_day", "policy_year", "region_code",
    "uscc", "unit_name", "scheme", "amount", "amount_fen", "currency", "account_name", "account_no",
    "bank_code", "bank_name", "remittance", "debtor_name", "debtor_account_no", "debtor_bank_code",
]  # fmt: skip
"""A line's value in a column of the bank's file; business_date is `2020-05-19`, business_day `20200519`."""
Encoding = Literal["utf-8", "gb18030"]
Delimiter = Literal[",", ";", "|", "\t"]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("text without control characters")
    return text


def _bank_code(text: str) -> str:
    if not is_cnaps(text):
        raise ValueError("12 digits of CNAPS with their check digit")
    return text


def _file_name(name: str) -> str:
    try:
        check_name(name)
    except StepError as error:
        raise ValueError(str(error)) from None
    if name.startswith(OURS):
        raise ValueError(f"a name that does not begin with {' or '.join(OURS)}")
    return name


def _date_format(pattern: str) -> str:
    if any(pattern.count(part) != 1 for part in ("%Y", "%m", "%d")) or pattern.count("%") != 3:
        raise ValueError("a date format of %Y, %m and %d, each once")
    return pattern


Text = Annotated[str, Field(min_length=1, max_length=70), AfterValidator(_printable)]
LongText = Annotated[str, Field(min_length=1, max_length=140), AfterValidator(_printable)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Debtor(_Strict):
    """Whose money it is. bank_code: CNAPS. The account stands in payment files only."""

    name: LongText
    account_no: str = Field(pattern=r"^[0-9-]{1,34}$", repr=False)
    bank_code: Annotated[str, AfterValidator(_bank_code)]


class BankColumn(_Strict):
    """One column of the bank's file: a field of the line, or the same text in every line."""

    header: Text
    value: LineField | None = None
    constant: LongText | Literal[""] | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.value is None) == (self.constant is None):
            raise ValueError("either value or constant")
        return self


class BankFile(_Strict):
    """How the bank's own file looks.

    inert: an apostrophe stands before what a spreadsheet would run; only where a profile says `false`, none.
    """

    name: Annotated[str, AfterValidator(_file_name)] = "bank.csv"
    encoding: Encoding
    delimiter: Delimiter
    line_end: Literal["crlf", "lf"]
    header: bool
    inert: bool = True
    columns: tuple[BankColumn, ...] = Field(strict=False, min_length=1)

    @model_validator(mode="after")
    def _can_be_checked(self) -> Self:
        headers = [column.header for column in self.columns]
        values = {column.value for column in self.columns}
        if len(set(headers)) != len(headers):
            raise ValueError("every header once")
        if not {"end_to_end_id", "account_no"} <= values or not {"amount", "amount_fen"} & values:
            raise ValueError("columns for end_to_end_id, account_no and amount (or amount_fen)")
        return self


class AnswerColumns(_Strict):
    """Headers of the bank's answer."""

    end_to_end_id: Text
    amount: Text
    status: Text
    reason_code: Text
    reason_text: Text
    booked_on: Text


def _public_key(pem: str) -> str:
    check_public_key(pem)
    return pem


class Signature(_Strict):
    """How the bank signs: a detached signature beside each answer, in `<answer's name>.sig`."""

    public_key: Annotated[str, AfterValidator(_public_key)]


class BankAnswer(_Strict):
    """The format of the bank's answer, and the proof that it is the bank's.

    paid, returned: the status texts for each; any other is refused. date_format: of booked_on, for
    strptime. reasons: the bank's own codes and words, by what they mean, before those that every bank has.
    own_folder: answers count only in the folder named after the profile. signature: each answer needs one.
    """

    encoding: Encoding
    delimiter: Delimiter
    columns: AnswerColumns
    paid: tuple[Text, ...] = Field(strict=False, min_length=1)
    returned: tuple[Text, ...] = Field(strict=False, min_length=1)
    date_format: Annotated[str, AfterValidator(_date_format)]
    reasons: dict[Verdict, tuple[Text, ...]] = Field(default_factory=dict, strict=False)
    own_folder: bool = False
    signature: Signature | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        headers = list(self.columns.model_dump().values())
        if len(set(headers)) != len(headers):
            raise ValueError("every header once")
        if both := sorted({*self.paid} & {*self.returned}):
            raise ValueError(f"a status that is either paid or returned, not {both[0]} twice")
        return self


class BankProfile(_Strict):
    """One file. `demo`: no real bank's. transactions_per_file: at most so many in one ISO 20022 message."""

    region: str = Field(pattern=r"^[0-9]{6}$")
    name_zh: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    demo: bool = False
    debtor: Debtor
    transactions_per_file: int = Field(default=10_000, ge=1, le=999_999)
    file: BankFile
    answer: BankAnswer


@dataclass(frozen=True)
class Banks:
    """All profiles. `profiles`: region → its own; `fingerprint`: SHA-256 over the files' names and bytes.

    faults: a file's stem → why it cannot be read; it stops its region and those below that have none nearer.
    """

    profiles: Mapping[str, BankProfile]
    fingerprint: str
    faults: Mapping[str, str] = field(default_factory=dict)

    def of(self, region: str) -> BankProfile:
        """The profile for a region: its own, else the nearest one upward. PolicyError if there is none."""
        found = self.nearest(region)
        if found is None:
            raise _fault(region, "bank", f"{region}.yaml or one of a region above", "none", "add the profile")
        return found

    def covers(self, profile: BankProfile, region: str) -> bool:
        """Whether that profile is the one for a region; none is where the nearest file has a fault."""
        near = next((code for code in upward(region) if code in self.named), None)
        return near == profile.region and near not in self.faults

    @property
    def named(self) -> frozenset[str]:
        """Every region that a file is named after, with or without a fault."""
        return frozenset(self.profiles) | frozenset(self.faults)

    def nearest(self, region: str) -> BankProfile | None:
        """The same; None if there is none. PolicyError where the nearest file has a fault."""
        for code in upward(region):
            if code in self.faults:
                raise PolicyError(self.faults[code])
            if code in self.profiles:
                return self.profiles[code]
        return None


def load_banks(root: Path) -> Banks:
    """All bank profiles in `root`. PolicyError naming file, place, expected, found and next step.

    A value found where an account may be is never shown.
    """
    banks = load_sound_banks(root)
    for name in sorted(banks.faults):
        raise PolicyError(banks.faults[name])
    if not banks.profiles:
        raise _fault(str(root), "folder", "<region>.yaml", "no such file", "set STABLE_JOBS_BANKS")
    return banks


def load_sound_banks(root: Path) -> Banks:
    """The same, but a file with a fault is left out and named in `faults`, and no file at all is no error."""
    digest = hashlib.sha256()
    profiles: dict[str, BankProfile] = {}
    faults: dict[str, str] = {}
    for file in sorted(root.glob("*.yaml")) if root.is_dir() else []:
        try:
            content = read_regular(file)
            digest.update(os.fsencode(f"{file.name}\0") + hashlib.sha256(content).digest())
            profiles[file.stem] = _profile(file, content)
        except YamlFault as error:
            faults[file.stem] = str(_fault(file.name, error.place, error.expected, error.found))
        except OSError as error:
            faults[file.stem] = str(_fault(file.name, "file", "a file to read", error.strerror))
        except PolicyError as error:
            faults[file.stem] = str(error)
    return Banks(profiles, digest.hexdigest(), faults)


def _profile(file: Path, content: bytes) -> BankProfile:
    profile = _checked(read_yaml(content), file.name)
    if profile.region != file.stem:
        raise _fault(file.name, "region", f"the file's name {file.stem}", profile.region)
    return profile


def _checked(raw: object, label: str) -> BankProfile:
    try:
        return BankProfile.model_validate(raw)
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"])) or "document"
    message = first["msg"].removeprefix("Value error, ")
    expected = {"missing": "a value", "extra_forbidden": "no such key"}.get(first["type"], message)
    raise _fault(label, place, expected, _found(first))


def _found(error: Any) -> str:
    """Only its type where it may be, or hold, an account."""
    if error["type"] == "missing":
        return "nothing"
    is_known_place = error["type"] != "extra_forbidden" and error["loc"][:1] not in ((), ("debtor",))
    if is_known_place and isinstance(error["input"], (str, int, float, bool)):
        return repr(error["input"])
    return f"something else ({type(error['input']).__name__})"


def _fault(file: str, place: str, expected: str, found: object, next_step: str = NEXT_STEP) -> PolicyError:
    return PolicyError(document_fault(file, place, expected, found, next_step))
