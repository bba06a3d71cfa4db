"""The free-form parts: one broken document per message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stable_jobs.contracts.load import load_contracts
from stable_jobs.errors import ContractError


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "property: encoding, value: gb18030",
            "property: encoding, value: gbk",
            "customProperties.encoding: expected Input should be 'gb18030'",
            id="encoding",
        ),
        pytest.param(
            "formats, value: [csv]",
            "formats, value: [pdf]",
            "customProperties.formats.0: expected",
            id="format",
        ),
        pytest.param(
            "formats, value: [csv]",
            "formats, value: []",
            "customProperties.formats: expected",
            id="no format",
        ),
        pytest.param(
            "  - {property: absence, value: unknown}\n",
            "",
            "customProperties.absence: expected a value; found nothing",
            id="no absence",
        ),
        pytest.param(
            "property: absence, value: unknown",
            "property: absence, value: zero",
            "customProperties.absence: expected Input should be 'none' or 'unknown'; found 'zero'",
            id="absence",
        ),
        pytest.param("property: subject", "property: topic", "expected", id="unknown property"),
        pytest.param(
            'tolerance, value: "0.05"',
            "tolerance, value: 5",
            "customProperties.tolerance: expected Input should be less than or equal to 1; found 5",
            id="tolerance in percent",
        ),
        pytest.param(
            "maxBytes, value: 1000000",
            "maxBytes, value: 0",
            "customProperties.maxBytes: expected Input should be greater than 0; found 0",
            id="no byte",
        ),
        pytest.param(
            'hold: "0.60"',
            'hald: "0.60"',
            "customProperties.rowChange.hold: expected a value; found nothing",
            id="row change",
        ),
        pytest.param(
            '"2019-01-01"', '"2019-02-30"', "customProperties.effectiveFrom: expected", id="no such day"
        ),
        pytest.param(
            "{property: absence, value: unknown}",
            "{value: unknown}",
            "every property once, with its name; found None",
            id="property without a name",
        ),
        pytest.param(
            "dueTime, value: 20, unit: h",
            "dueTime, value: 20, unit: d",
            "slaProperties.dueTime.unit: expected Input should be 'h'; found 'd'",
            id="unit of the due time",
        ),
        pytest.param(
            "  - {property: dueTime, value: 20, unit: h}\n",
            "",
            "slaProperties.dueTime: expected a value; found nothing",
            id="no due time",
        ),
        pytest.param(
            "property: dueTime",
            "property: latency",
            "slaProperties.dueTime: expected a value",
            id="unknown level",
        ),
        pytest.param(
            "engine: greatExpectations",
            "engine: soda",
            "ceiling: expected type custom, engine greatExpectations; found custom, soda",
            id="engine",
        ),
        pytest.param(
            "severity: warning",
            "severity: error",
            "ceiling.severity: expected Input should be 'critical', 'warning' or 'info'; found 'error'",
            id="severity",
        ),
        pytest.param(
            "name: meters.amount.ceiling",
            "name: meters.ceiling",
            "name: expected String should match pattern",
            id="rule id",
        ),
        pytest.param(
            "expectation: UnexpectedRowsExpectation",
            "expectation: ExpectMagic",
            "implementation: expected",
            id="unknown expectation",
        ),
        pytest.param(
            "SELECT * FROM {batch} WHERE",
            "DELETE FROM {batch} WHERE",
            "unexpected_rows_query: expected String should match pattern",
            id="no selection of rows",
        ),
        pytest.param(
            "unexpected_rows_query",
            "query",
            "arguments.unexpected_rows_query: expected a value",
            id="no query",
        ),
        pytest.param(
            "property: scope, value: row",
            "property: scope, value: cell",
            "properties.scope: expected",
            id="scope",
        ),
        pytest.param(
            "          - {property: sentenceEn, value: The amount is large.}\n",
            "",
            "properties.sentenceEn: expected a value; found nothing",
            id="one language only",
        ),
    ],
)
def test_a_broken_part(small: Callable[[str, str], Path], old: str, new: str, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        load_contracts(small(old, new))
    assert message in str(caught.value)
