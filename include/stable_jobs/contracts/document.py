"""The strict side of a contract document: our own models for the places where the standard is free-form.

The standard's models (Open Data Contract Standard 3) say what a document looks like; they take anything in
`logicalTypeOptions`, `implementation`, `arguments` and `customProperties`. What stands there is ours, so it
is checked here, with `extra="forbid"`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from stable_jobs.contracts.model import Kind, Scope, Severity

Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)]
Sentence = Annotated[str, StringConstraints(min_length=2)]
Encoding = Literal["gb18030", "utf-8", "utf-8-sig"]
Formats = Annotated[tuple[Literal["csv", "xlsx"], ...], Field(min_length=1)]
Header = Annotated[str, StringConstraints(pattern=r"^\S([^\r\n]*\S)?$")]
Hours = Annotated[int, Field(ge=0, le=72)]
Bound = Annotated[str, StringConstraints(pattern=r"^(D|Y(-\d{1,2})?(/(0[1-9]|1[0-2]))?)$")]


class Strict(BaseModel):
    """Nothing unknown, nothing changed afterwards; keys in camelCase as the standard asks."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=False)


class Options(Strict):
    """`logicalTypeOptions` of a column: the standard's keys, as far as a rule comes from each."""

    format: Literal["credit_code", "registration_no", "region_code", "bank_code", "name"] | None = None
    min_length: int | None = Field(None, ge=1)
    max_length: int | None = Field(None, ge=1)
    minimum: int | None = None
    maximum: int | None = None


class ColumnProperties(Strict):
    """`customProperties` of a column."""

    kind: Kind
    description_zh: Sentence


class RowChange(Strict):
    """How far a delivery's row count may move from the last accepted one, as shares of that one.

    `resets_in_january`: the extract covers the policy year, so a fall in January holds nothing.
    """

    warning: Share
    hold: Share
    resets_in_january: bool = False


class Window(Strict):
    """A column's first and last value: `Y-1`, `Y-3/01` (year and month), `D` (business date)."""

    column: str
    first: Bound = Field(alias="from")
    last: Bound = Field(alias="to")


class SendingRegion(Strict):
    """One entry of `sendingRegions`: what differs in files of this region and of those below it.

    From its day on, instead of what the contract says. What is left out comes from the entry of the level
    above (county, city, province, 000000), then from the contract. A later entry of the same region replaces
    the earlier one whole; one that says nothing ends it. `headers`: column → the header that its file carries
    instead of the contract's.
    """

    region: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    effective_from: date
    reference: Sentence
    encoding: Encoding | None = None
    formats: Formats | None = None
    null_words: tuple[str, ...] | None = None
    headers: dict[str, Header] = Field(default_factory=dict)
    due_hours: Hours | None = None
    tolerance: Share | None = None


class ContractProperties(Strict):
    """`customProperties` of the document."""

    effective_from: date
    title_zh: Sentence
    purpose_zh: Sentence
    encoding: Encoding
    formats: Formats
    null_words: tuple[str, ...]
    max_bytes: int = Field(gt=0)
    rows_required: bool
    control_total: tuple[str, ...]
    absence: Literal["none", "unknown"]
    row_region: Literal["own", "upward", "sent"]
    subject: Literal["unit", "enterprise", "region"]
    tolerance: Share
    row_change: RowChange
    windows: tuple[Window, ...] = ()
    """A row must lie in one of them."""
    sending_regions: tuple[SendingRegion, ...] = ()


class DueTime(Strict):
    """`dueTime`: hours after 00:00 of the business date, Asia/Shanghai."""

    value: Hours
    unit: Literal["h"]


class OldestAge(Strict):
    """`oldestAcceptableAge`: days for which an accepted delivery may stand in."""

    value: int = Field(ge=0, le=366)
    unit: Literal["d"]


class ServiceLevels(Strict):
    """`slaProperties` by name."""

    due_time: DueTime
    oldest_acceptable_age: OldestAge


class RowsQuery(Strict):
    """Arguments of `UnexpectedRowsExpectation`: a query that selects all columns of the failing rows."""

    model_config = ConfigDict(alias_generator=None)
    unexpected_rows_query: Annotated[str, StringConstraints(pattern=r"(?s)^SELECT \* FROM \{batch\}.*$")]


class RowsImplementation(Strict):
    """A rule that is a query."""

    expectation: Literal["UnexpectedRowsExpectation"]
    arguments: RowsQuery


class PairOrder(Strict):
    """Arguments of the expectation that one column is not before another."""

    model_config = ConfigDict(alias_generator=None)
    column_A: str  # noqa: N815 - the name Great Expectations gives it
    column_B: str  # noqa: N815 - the name Great Expectations gives it
    or_equal: bool
    ignore_row_if: Literal["both_values_are_missing", "either_value_is_missing", "never"]


class PairImplementation(Strict):
    """A rule that is an order of two columns."""

    expectation: Literal["ExpectColumnPairValuesAToBeGreaterThanB"]
    arguments: PairOrder


Implementation = Annotated[RowsImplementation | PairImplementation, Field(discriminator="expectation")]


class QualityProperties(Strict):
    """`customProperties` of a quality entry."""

    scope: Scope
    columns: tuple[str, ...] = Field(min_length=1)
    sentence_zh: Sentence
    sentence_en: Sentence
    next_step_zh: Sentence
    next_step_en: Sentence


class Quality(Strict):
    """A quality entry, free-form places included."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+){2}$")]
    severity: Severity
    implementation: Implementation
    properties: QualityProperties
