"""Bank profiles (`<root>/<region>.yaml`): a bank as data, with the meaning of its codes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from stable_jobs.credit_code import is_cnaps
from stable_jobs.digests import sha256_of
from stable_jobs.errors import PolicyError, StepError, document_fault
from stable_jobs.publishing.folders import check_name
from stable_jobs.regions import upward
from stable_jobs.strict_yaml import YamlFault, read_regular, read_yaml

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    Key: TypeAlias = "RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey"


# --- The fault that a bank's reason means ---
# The fault of a reject, by the bank's reason: one table for codes and words of every format.
#
# Source of the codes: ISO 20022 external code set ExternalStatusReason1Code. A bank's own codes and words
# stand in its profile and go first.

Fault = Literal["payee_account", "payee_name", "regulatory", "our_account", "our_file", "bank", "unknown"]
"""The fault of a payment that came back. regulatory: a law or a supervisor forbids the payment."""
Verdict = Literal[Fault, "duplicate"]
"""duplicate: the bank has the payment already; that is no result of it."""
Agreed = Mapping[Verdict, Sequence[str]]
"""A bank's own codes and words, by what they mean."""
NOT_THE_PAYEES = frozenset({"our_account", "our_file", "bank"})
"""Faults for which the same account is as good as it was. The database has the same list."""

FAULT_CODES: Mapping[Verdict, str] = {
    "duplicate": "AM05 DU01 DU02 DU03 DU04 DU05 DUPL RF01",
    "payee_account": (
        "AC01 AC03 AC04 AC06 AC07 AC08 AC09 AC11 AC12 AC14 AC15 AC16 AG01 AG03 AG11 AGNT CNOR"
        " RC01 RC02 RC04 RC05 RC07 RC08 RC10"
    ),
    "payee_name": "BE01 BE04 BE06 BE11 BE17 BE20 BE21 BE22 MD07 RR03",
    "regulatory": "RR04 RR05 RR06 RR07 RR08 RR09 RR10 RR11 RR12",
    "our_account": "AC02 AC05 AC10 AC13 AG10 AM04 AM07 AM14 AM21 AM23 DNOR RC03 RC06 RC09",
    "our_file": (
        "AG02 AM01 AM02 AM03 AM06 AM09 AM10 AM11 AM12 AM13 AM15 AM16 AM17 AM18 AM19 AM20 AM22"
        " BE05 BE07 BE08 BE09 BE10 BE12 BE13 BE14 BE15 BE16 BE18 BE19"
        " CH03 CH04 CH07 CH09 CH10 CH11 CH12 CH13 CH14 CH15 CH16 CH17 CH19 CH20 CH21 CH22"
        " DS01 DS02 DS03 DS04 DS05 DS06 DS07 DS08 DS09 DS0A DS0B DS0C DS0D DS0E DS0F DS0G DS0H DS0K"
        " DS10 DS11 DS12 DS13 DS14 DS15 DS16 DS17 DS18 DS19 DS20 DS21 DS22 DS23 DS24 DS25 DS26 DS27"
        " DT01 DT02 DT03 DT04 DT05 DT06 FF01 FF02 FF03 FF04 FF05 FF06 FF07 FF08 FF09 FF10 FF11 ID01"
        " RC11 RC12 RR01 RR02 TA01 TD01 TD02 TD03 TS01"
    ),
    "bank": "AB01 AB02 AB03 AB04 AB05 AB06 AB07 AB08 AB09 AB10 AB11 ED01 ED03 ED05 ED06 TECH TM01 TS04",
}
"""Others (NARR, MS02, MS03, …) say nothing: the bank's words do."""

FAULT_WORDS: Mapping[Verdict, tuple[str, ...]] = {
    "duplicate": (
        "重复", "已受理", "已接收", "已收到", "已存在", "已处理", "已入账", "已提交",
        "duplicat", "alreadyreceived", "alreadyprocessed", "alreadyexists", "alreadyaccepted",
        "alreadysubmitted",
    ),
    "our_account": (
        "余额不足", "头寸不足", "可用额度", "超过限额", "超限额", "付款账", "付款户", "付款人账", "付款方账",
        "付方账", "insufficient", "debtoraccount", "payeraccount",
    ),
    "our_file": (
        "格式", "报文", "文件", "验签", "签名", "校验", "批次", "总金额", "总笔数",
        "invalidformat", "fileformat", "invalidfile", "schema", "signature",
    ),
    "payee_name": ("户名", "名称不符", "姓名", "账户名称", "namemismatch", "wrongname"),
    "payee_account": (
        "账号", "帐号", "账户", "帐户", "销户", "冻结", "行号", "开户行", "accountclosed", "closedaccount",
        "noaccount", "accountnumber",
    ),
    "regulatory": ("监管", "反洗钱", "制裁", "regulat", "sanction"),
    "bank": ("系统", "超时", "日终", "停业", "timeout", "cutoff"),
}  # fmt: skip
"""Looked for in this order, in the words without blanks and in lower case."""
FAULT_OF_CODE: Mapping[str, Verdict] = {
    code: name for name, codes in FAULT_CODES.items() for code in codes.split()
}
FAULT_ORDER: tuple[Verdict, ...] = (
    "duplicate",
    "payee_account",
    "payee_name",
    "regulatory",
    "our_account",
    "our_file",
    "bank",
)
"""Of several codes the first in this order counts: the one with the most cautious consequence."""


def verdict(
    codes: Iterable[str | None],
    words: str | None,
    agreed: Agreed | None = None,
    *,
    of_whole: bool = False,
) -> Verdict:
    """The fault of a reject. agreed: the bank's own codes and words, by verdict.

    of_whole: the reason is above the transactions, where a text that says nothing is about our file.
    """
    given = tuple(_plain(code) for code in codes if code)
    own = tuple((name, tuple(map(_plain, texts))) for name, texts in (agreed or {}).items())
    return _verdict(given, _plain(words or ""), own, of_whole)


@lru_cache(maxsize=4096)
def _verdict(
    codes: tuple[str, ...], words: str, own: tuple[tuple[str, tuple[str, ...]], ...], of_whole: bool
) -> Verdict:
    agreed = {name for name, texts in own for text in texts if text in codes or text in words}
    known = agreed or {FAULT_OF_CODE[code.upper()] for code in codes if code.upper() in FAULT_OF_CODE}
    if known:
        found = next(name for name in FAULT_ORDER if name in known)
        if found in ("payee_account", "payee_name", "duplicate") or not _says(words, "duplicate"):
            return found
        return "duplicate"
    said = "".join((words, *codes))
    otherwise: Verdict = "our_file" if of_whole else "unknown"
    return next((name for name in FAULT_WORDS if _says(said, name)), otherwise)


def _says(words: str, name: Verdict) -> bool:
    return any(word in words for word in FAULT_WORDS[name])


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


# --- Signatures of answers ---
# A detached signature of a bank's answer: SHA-256 with the bank's RSA or ECDSA key, or Ed25519.
#
# As `openssl dgst -sha256 -sign` writes it (for Ed25519: `openssl pkeyutl -sign -rawin`), plain or in base64.

SIG_ENDING = ".sig"
MOST_SIGNATURE_BYTES = 8_192
"""Of a signature; one of RSA with 4096 bits takes 512."""
LEAST_RSA = 2_048


def check_public_key(pem: str) -> None:
    """ValueError for a text that is no public key of an accepted kind."""
    _key(pem)


def is_signed(file: Path, signature: Path, pem: str) -> bool:
    """Whether the bytes of the signature are the key's for the bytes of the file."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

    key, given = _key(pem), _bytes(signature)
    digest = utils.Prehashed(hashes.SHA256())
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(given, bytes.fromhex(sha256_of(file)), padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(given, bytes.fromhex(sha256_of(file)), ec.ECDSA(digest))
        else:
            key.verify(given, file.read_bytes())
    except InvalidSignature:
        return False
    return True


def _key(pem: str) -> Key:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("a public key in PEM") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA:
        return key
    if isinstance(key, (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)):
        return key
    raise ValueError(f"a public key of RSA with {LEAST_RSA} bits or more, ECDSA or Ed25519")


def _bytes(signature: Path) -> bytes:
    with signature.open("rb") as file:
        given = file.read(MOST_SIGNATURE_BYTES)
    try:
        return base64.b64decode(b"".join(given.split()), validate=True)
    except binascii.Error:
        return given


# --- Profiles ---
# A profile says whose account pays, how the bank's file looks and how its answer reads. The one of the
# nearest region upward holds.

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
    """The bureau's account that pays. bank_code: CNAPS code. The account stands in payment files only."""

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
