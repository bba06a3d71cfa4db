"""A contract as plain frozen values: the one column list from which everything else is derived."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from stable_jobs.dated import as_of
from stable_jobs.regions import upward

DEPARTMENTS = ("labor", "tax", "finance", "development", "economy")
"""Department ids in the order in which a night asks them."""


class Kind(StrEnum):
    """How a column is read from text, and the type it is staged as (DuckDB type in the comment)."""

    TEXT = "text"  # VARCHAR, stays as sent (a name); only null words become NULL
    CODE = "code"  # VARCHAR, NFKC, upper case, blanks stripped
    INTEGER = "integer"  # BIGINT
    MONEY = "money"  # DECIMAL(18,2), yuan
    DATE = "date"  # DATE
    OPEN_DATE = "open_date"  # DATE; 9999-12-31 and 9999-9-9 are NULL (open end)
    TIMESTAMP = "timestamp"  # TIMESTAMP, Asia/Shanghai wall clock
    MONTH = "month"  # INTEGER, YYYYMM
    BOOLEAN = "boolean"  # BOOLEAN, from 是 / 否
    ENUM = "enum"  # VARCHAR, the English value of the Chinese label


class Severity(StrEnum):
    """critical: quarantines the row or holds the delivery; warning: counted and shown; info: shown."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Scope(StrEnum):
    """The subject of a rule's failure: a row of the extract, a whole delivery, or a unit's joined facts."""

    ROW = "row"
    DELIVERY = "delivery"
    UNIT = "unit"


@dataclass(frozen=True)
class Column:
    """One column. `header` is what the file carries; `labels` maps a label to its value (enum, boolean)."""

    name: str
    header: str
    kind: Kind
    required: bool
    description_en: str
    description_zh: str
    labels: Mapping[str, str] = field(default_factory=dict)
    is_sensitive: bool = False
    """True for account_no and account_name: masked everywhere but in payment files."""

    @property
    def is_account_no(self) -> bool:
        """A restricted code is a number of an account: cleaned when it is read, and checked by a rule."""
        return self.is_sensitive and self.kind is Kind.CODE


@dataclass(frozen=True)
class Rule:
    """One expectation. `expectation` is a Great Expectations class name; `arguments` its keyword arguments.

    For `UnexpectedRowsExpectation`, `arguments["unexpected_rows_query"]` selects all columns of the failing
    rows from `{batch}`. ids are stable: `<extract>.<column or key>.<what>`.
    """

    id: str
    severity: Severity
    scope: Scope
    expectation: str
    arguments: Mapping[str, Any]
    columns: tuple[str, ...]
    sentence_zh: str
    sentence_en: str
    next_step_zh: str
    next_step_en: str
    is_tolerated: bool = False
    """Whether a row of a known unit that broke nothing else does not count against the tolerance: it leaves
    that unit undecided, and a region need not wait for it."""


@dataclass(frozen=True)
class Terms:
    """The terms that may differ by sending region; None if one does not. Names as in `Contract`."""

    encoding: str | None = None
    formats: tuple[str, ...] | None = None
    null_words: tuple[str, ...] | None = None
    due_hours: int | None = None
    tolerance: Decimal | None = None

    def above(self, lower: Terms) -> Terms:
        """These, and instead of them what the level below says itself."""
        said = {f.name: value for f in fields(lower) if (value := getattr(lower, f.name)) is not None}
        return replace(self, **said)


@dataclass(frozen=True)
class SendingRegion:
    """The differences of files sent for a region and those below it, from `effective_from` on.

    headers: column → the header that stands in the file instead of the contract's.
    """

    region: str
    effective_from: date
    reference: str
    """The person or letter that agreed to it, and the reason."""
    terms: Terms
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """It says nothing of its own: it ends an earlier entry."""
        return self.terms == Terms() and not self.headers


@dataclass(frozen=True)
class Contract:
    """One department's contract for one extract, from `effective_from` on."""

    department: str
    extract: str
    version: str
    effective_from: date
    title_zh: str
    title_en: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    encoding: str
    """`gb18030`, `utf-8` or `utf-8-sig`: strict."""
    formats: tuple[str, ...]
    """Accepted file endings: `csv`, `xlsx`."""
    null_words: tuple[str, ...]
    max_bytes: int
    rows_required: bool
    control_total: tuple[str, ...]
    """Money columns whose sum over all rows the manifest states; empty: none."""
    absence: str
    """`none` or `unknown`: what a missing row means once a delivery is accepted (domain: section 3)."""
    row_region: str
    """`own`: a row's region is the delivery's; `upward`: it or any above; `sent`: the one it was sent for."""
    subject: str
    """`unit` (joins on region and uscc), `enterprise` (joins on uscc), `region` (no uscc)."""
    due_hours: int
    """Offset of the due time from 00:00 of the business date, Asia/Shanghai."""
    oldest_days: int
    """A delivery accepted for a business date up to this many days ago may stand in."""
    tolerance: Decimal
    """Share of quarantined rows in one region above which its delivery is held."""
    rules: tuple[Rule, ...]
    fingerprint: str
    """SHA-256 of the document."""
    purpose_zh: str = ""
    """The purpose of the extract, as the data dictionary gives it."""
    purpose_en: str = ""
    sending_regions: tuple[SendingRegion, ...] = ()
    """Where a region's files differ; empty in what `for_region` returns."""
    largest_drop: Decimal | None = None
    """Share of the last accepted rows; a fall by it or more holds the delivery. None where none is known."""
    common_fingerprint: str = ""
    """Hash of the document without its sending regions; the document's own where none is given."""

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        return {c.name: c for c in self.columns}[name]

    def for_region(self, region: str, on: date) -> Contract:
        """The contract as it holds on a business date for files of that slot (`000000`: the file for all).

        Each level, from `000000` down to the region, has its newest entry in force; the lower one wins, term
        by term and header by header.
        """
        levels = (self.entries_of(level) for level in reversed(upward(region)))
        entries = [entry for found in levels if (entry := as_of(found, on)) is not None]
        key = tuple((entry.region, entry.effective_from) for entry in entries)
        if key not in self._resolved:
            self._resolved[key] = self._with(entries)
        return self._resolved[key]

    def entries_of(self, region: str) -> Sequence[SendingRegion]:
        """The entries of that very region."""
        return self._by_region.get(region, ())

    def _with(self, entries: Sequence[SendingRegion]) -> Contract:
        if not self.sending_regions:
            return self
        terms, headers = Terms(), dict[str, str]()
        for entry in entries:
            terms, headers = terms.above(entry.terms), {**headers, **entry.headers}
        said = {f.name: value for f in fields(terms) if (value := getattr(terms, f.name)) is not None}
        columns = tuple(replace(c, header=headers.get(c.name, c.header)) for c in self.columns)
        return replace(self, columns=columns, sending_regions=(), **said)

    @cached_property
    def _by_region(self) -> Mapping[str, Sequence[SendingRegion]]:
        found: dict[str, list[SendingRegion]] = {}
        for entry in self.sending_regions:
            found.setdefault(entry.region, []).append(entry)
        return found

    @cached_property
    def _resolved(self) -> dict[tuple[tuple[str, date], ...], Contract]:
        """The results of `for_region`, by the entries in force: thousands of counties share a few."""
        return {}

    @property
    def common(self) -> str:
        """Fingerprint of all that holds for every region alike."""
        return self.common_fingerprint or self.fingerprint

    @cached_property
    def reading(self) -> str:
        """Fingerprint of all by which a file is read, as `for_region` has it: not due time or tolerance."""
        headers = [c.header for c in self.columns]
        return _hash(self.common, self.encoding, self.formats, self.null_words, headers)

    @cached_property
    def agreed(self) -> str:
        """Fingerprint of all that holds for a region's files, as `for_region` has it."""
        return _hash(self.reading, self.due_hours, str(self.tolerance))


def _hash(*parts: object) -> str:
    """SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
