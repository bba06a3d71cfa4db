"""Rules that follow from a contract as a whole, and all rules of a contract together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any

from stable_jobs.contracts.checks import rows_where
from stable_jobs.contracts.document import ContractProperties, Options, Quality, Window
from stable_jobs.contracts.model import Column, Kind, Rule, Scope, Severity
from stable_jobs.contracts.rule_columns import Place, Saying, column_rules, quoted
from stable_jobs.money import share
from stable_jobs.regions import NATION

# --- Rules of the whole table ---
# Rules that follow from the contract as a whole: regions, the key, windows, row counts, tolerance.

Columns = Mapping[str, Column]


def table_rules(
    extract: str, columns: Columns, key: tuple[str, ...], properties: ContractProperties
) -> Iterator[Rule]:
    """All rules that are no single column's, in a fixed order."""
    yield _region_known(extract, properties.row_region)
    yield _region_expected(extract, properties.row_region)
    yield _key_unique(extract, columns, key)
    if properties.windows:
        yield _window(extract, columns, properties.windows)
    yield _rows_change(extract, properties.row_change.warning)
    yield _rows_drop(extract, properties.row_change.hold, properties.row_change.resets_in_january)
    yield _tolerance(extract)


def _rule(
    name: str,
    saying: Saying,
    columns: tuple[str, ...],
    failing: str,
    scope: Scope = Scope.ROW,
    severity: Severity = Severity.CRITICAL,
) -> Rule:
    arguments = {"unexpected_rows_query": rows_where(failing)}
    return _gx_rule(name, saying, columns, "UnexpectedRowsExpectation", arguments, scope, severity)


def _gx_rule(
    name: str,
    saying: Saying,
    columns: tuple[str, ...],
    expectation: str,
    arguments: dict[str, Any],
    scope: Scope = Scope.ROW,
    severity: Severity = Severity.CRITICAL,
) -> Rule:
    return Rule(
        name,
        severity,
        scope,
        expectation,
        arguments,
        columns,
        saying.zh,
        saying.en,
        saying.next_zh,
        saying.next_en,
    )


def _region_known(extract: str, row_region: str) -> Rule:
    allowed = f" AND region_code <> '{NATION}'" if row_region == "upward" else ""
    codes = "SELECT DISTINCT region_code FROM {batch}"
    unknown = (
        f"SELECT c.region_code FROM ({codes}) AS c ANTI JOIN known_regions AS k ON k.code = c.region_code"  # noqa: S608 - constants
    )
    saying = Saying(
        "「参保地区划代码」不是已知的行政区划代码（GB/T 2260）。",
        "`region_code` is no known administrative division (GB/T 2260).",
    )
    failing = f"region_code IN ({unknown}){allowed}"
    return _rule(f"{extract}.region_code.known", saying, ("region_code",), failing)


def _region_expected(extract: str, row_region: str) -> Rule:
    slot = "delivery_region"
    above = f"{slot}, substr({slot}, 1, 4) || '00', substr({slot}, 1, 2) || '0000', '{NATION}'"
    allowed = above if row_region == "upward" else slot
    saying = Saying(
        "「参保地区划代码」与本文件的地区不符。",
        "`region_code` is not of the region this file was sent for.",
        "请将该行移入所属地区的文件后重新报送。",
        "Move the row into its own region's file and send both again.",
    )
    failing = f"{slot} <> '{NATION}' AND region_code NOT IN ({allowed})"
    return _rule(f"{extract}.region_code.expected", saying, ("region_code",), failing)


def _key_unique(extract: str, columns: Columns, key: tuple[str, ...]) -> Rule:
    names = tuple(dict.fromkeys(("region_code", *key)))
    headers = "、".join(columns[name].header for name in key)
    saying = Saying(
        f"同一文件内键值重复：{headers}。",
        f"The key stands more than once in one file: {', '.join(key)}.",
        "请合并或删除重复行后重新报送。",
        "Add up or remove the repeated rows and send the file again.",
    )
    arguments = {"column_list": ["delivery_id", *names]}
    return _gx_rule(f"{extract}.key.unique", saying, names, "ExpectCompoundColumnsToBeUnique", arguments)


def _window(extract: str, columns: Columns, windows: tuple[Window, ...]) -> Rule:
    names = tuple(dict.fromkeys(window.column for window in windows))
    inside = " OR ".join(_inside(columns[window.column], window) for window in windows)
    present = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in names)
    zh = "，或".join(f"「{columns[w.column].header}」{_span_zh(w)}" for w in windows)
    en = ", or ".join(f"{w.column} {_span_en(w)}" for w in windows)
    saying = Saying(
        f"不在应报送的期间之内。应报送：{zh}（Y为政策年度）。",
        f"Outside the period that is due ({en}; Y is the policy year).",
        "请按数据字典规定的期间核对日期后重新报送。",
        "Check the dates against the period in the data dictionary and send the file again.",
    )
    failing = f"{present} AND NOT ({inside})"
    return _rule(f"{extract}.{names[0]}.window", saying, names, failing)


def _inside(column: Column, window: Window) -> str:
    first, last = (bound(column.kind, text) for text in (window.first, window.last))
    return f"({quoted(column.name)} BETWEEN {first} AND {last})"


def _span_zh(window: Window) -> str:
    first, last = (_bound_zh(text) for text in (window.first, window.last))
    return f"为{first}" if first == last else f"自{first}至{last}"


def _bound_zh(text: str) -> str:
    year, _, month = text.partition("/")
    if year == "D":
        return "业务日期"
    return f"{year}年" + (f"{int(month)}月" if month else "")


def _span_en(window: Window) -> str:
    first, last = ("the business date" if t == "D" else t for t in (window.first, window.last))
    return f"is {first}" if first == last else f"from {first} to {last}"


def bound(kind: Kind, text: str) -> str:
    """One end of a window as SQL: `Y-1` for a year, `Y-3/01` for a month or a date, `D` for either.

    Raises ValueError where the text says nothing for the kind.
    """
    year, _, month = text.partition("/")
    year_sql = "({policy_year} - " + year[2:] + ")" if year[2:] else "{policy_year}"
    if text == "D" and kind in (Kind.MONTH, Kind.DATE):
        today = "DATE '{business_date}'"
        return today if kind is Kind.DATE else f"(year({today}) * 100 + month({today}))"
    if kind is Kind.INTEGER and text != "D" and not month:
        return year_sql
    if kind is Kind.MONTH and month:
        return f"({year_sql} * 100 + {int(month)})"
    if kind is Kind.DATE and month:
        return f"make_date({year_sql}, {int(month)}, 1)"
    raise ValueError(f"a bound that fits a column of kind {kind}")


def _rows_change(extract: str, part: Decimal) -> Rule:
    saying = Saying(
        f"行数与上次采用的文件相比变动达到{share(part)}。",
        f"The number of rows moved by {share(part)} or more from the last accepted file.",
        "请确认文件是否完整；无误则无需处理。",
        "Check that the file is whole; nothing to do if it is.",
    )
    failing = f'previous_rows > 0 AND abs("rows" - previous_rows) >= {part} * previous_rows'
    return _rule(f"{extract}.rows.change", saying, (), failing, Scope.DELIVERY, Severity.WARNING)


def _rows_drop(extract: str, part: Decimal, resets_in_january: bool) -> Rule:
    saying = Saying(
        f"行数比上次采用的文件减少{share(part)}以上，暂不采用。",
        f"The number of rows fell by {share(part)} or more from the last accepted file: held.",
        "请确认文件是否完整并重新报送；确属正常减少的，由负责人放行。",
        "Check that the file is whole and send it again; if the fall is right, a person releases it.",
    )
    failing = f'previous_rows > 0 AND previous_rows - "rows" >= {part} * previous_rows'
    if resets_in_january:
        failing += " AND month(DATE '{business_date}') > 1"
    return _rule(f"{extract}.rows.drop", saying, (), failing, Scope.DELIVERY)


def _tolerance(extract: str) -> Rule:
    """The share is a column: it may differ by the region that sends."""
    saying = Saying(
        "被隔离的行超过合同允许的比例，暂不采用。",
        "More of the rows are quarantined than the contract allows: held.",
        "请更正隔离清单中的行并重新报送；确需采用的，由负责人放行。",
        "Correct the quarantined rows and send the file again; a person may release the delivery.",
    )
    failing = 'quarantined > tolerance * "rows"'
    return _rule(f"{extract}.rows.tolerance", saying, (), failing, Scope.DELIVERY)


# --- All rules ---
# The rules of a contract, all projected from its one column list, its properties and its quality entries.
#
# Row queries see the staged columns of all deliveries of a night in `{batch}` (`delivery_region` is the slot)
# and two small tables, `known_regions(code)` and `registered_codes(code, region)`. Delivery queries see one
# row per delivery: `delivery_id, delivery_region, rows, previous_rows` (NULL when there was none),
# `quarantined` and the `tolerance` of who sent it. Unit queries see the unit facts. `{business_date}` (ISO)
# and `{policy_year}` are filled in before Great Expectations fills in `{batch}`.


def project_rules(
    extract: str,
    columns: tuple[Column, ...],
    options: Mapping[str, Options],
    key: tuple[str, ...],
    properties: ContractProperties,
    quality: Iterable[Quality],
) -> tuple[Rule, ...]:
    """Every rule of one contract: columns first, then the table's, then the quality entries."""
    named = {column.name: column for column in columns}
    return tuple(
        chain(
            _column_rules(extract, columns, options),
            table_rules(extract, named, key, properties),
            (quality_rule(entry) for entry in quality),
        )
    )


def _column_rules(
    extract: str, columns: tuple[Column, ...], options: Mapping[str, Options]
) -> Iterator[Rule]:
    for column in columns:
        yield from column_rules(Place(extract, column, options[column.name]))


def quality_rule(entry: Quality) -> Rule:
    """A quality entry as a rule."""
    said = entry.properties
    return Rule(
        id=entry.name,
        severity=entry.severity,
        scope=said.scope,
        expectation=entry.implementation.expectation,
        arguments=entry.implementation.arguments.model_dump(),
        columns=said.columns,
        sentence_zh=said.sentence_zh,
        sentence_en=said.sentence_en,
        next_step_zh=said.next_step_zh,
        next_step_en=said.next_step_en,
    )
