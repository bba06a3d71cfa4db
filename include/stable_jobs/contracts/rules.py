"""The rules of a contract, all projected from its one column list, its properties and its quality entries.

Row queries see the staged columns of all deliveries of a night in `{batch}` (`delivery_region` is the slot)
and two small tables, `known_regions(code)` and `registered_codes(code, region)`. Delivery queries see one row
per delivery: `delivery_id, delivery_region, rows, previous_rows` (NULL when there was none), `quarantined`
and the `tolerance` of who sent it. Unit queries see the unit facts. `{business_date}` (ISO) and
`{policy_year}` are filled in before Great Expectations fills in `{batch}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from stable_jobs.contracts.document import ContractProperties, Options, Quality
from stable_jobs.contracts.model import Column, Rule
from stable_jobs.contracts.rule_columns import Place, column_rules
from stable_jobs.contracts.rule_tables import table_rules


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
