"""What a contract says, as plain frozen values: the one column list everything else is projected from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

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
    """What one failure of a rule is: a row of the extract, a whole delivery, or a unit's joined facts."""

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
class Contract:
    """What one department promises of one extract, from `effective_from` on."""

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
    """What the extract is for, as the data dictionary says it."""
    purpose_en: str = ""

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        return {c.name: c for c in self.columns}[name]
