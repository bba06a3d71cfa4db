"""The column list: one broken document per message."""

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
            "name: amount\n",
            "name: Amount\n",
            "schema.properties.Amount.name: expected a name in small letters",
            id="capital",
        ),
        pytest.param(
            "name: amount\n", 'name: "a\\"; drop"\n', "expected a name in small letters", id="quote in a name"
        ),
        pytest.param(
            "name: amount\n", "name: raw\n", "that staging does not use itself; found raw", id="reserved name"
        ),
        pytest.param(
            "name: amount\n", "name: month\n", "every name once; found month twice", id="name twice"
        ),
        pytest.param(
            "businessName: 金额",
            "businessName: 所属期",
            "every businessName once; found 所属期 twice",
            id="header twice",
        ),
        pytest.param(
            "        businessName: 金额\n",
            "",
            "schema.properties.amount: expected businessName, description",
            id="no header",
        ),
        pytest.param(
            "        required: false\n",
            "",
            "is_metered: expected businessName, description and required",
            id="required not said",
        ),
        pytest.param(
            "logicalType: number",
            "logicalType: string",
            "amount.logicalType: expected number, for kind money; found string",
            id="type and kind differ",
        ),
        pytest.param(
            "value: money",
            "value: yuan",
            "customProperties.kind: expected Input should be",
            id="unknown kind",
        ),
        pytest.param(
            "property: descriptionZh, value: 金额。",
            "property: description, value: 金额。",
            "expected",
            id="no Chinese description",
        ),
        pytest.param(
            "{minimum: 0}",
            "{minimum: 0, maximun: 9}",
            "logicalTypeOptions.maximun: expected no such key; found 9",
            id="unknown option",
        ),
        pytest.param(
            "{minimum: 0}",
            "{format: name}",
            "format: expected a format that fits the kind; found name on money",
            id="format of another kind",
        ),
        pytest.param(
            "{minimum: 0}",
            "{format: postcode}",
            "logicalTypeOptions.format: expected Input should be",
            id="unknown format",
        ),
        pytest.param(
            "{minimum: 0}",
            "{maxLength: 9}",
            "maxLength: expected a column of kind text or code; found money",
            id="length of money",
        ),
        pytest.param(
            "{format: credit_code}",
            "{format: credit_code, minimum: 1}",
            "minimum: expected a column of kind money or integer",
            id="minimum of a code",
        ),
        pytest.param(
            "{value: true, label: 是}",
            "{value: true}",
            "is_metered.enum: expected a label for every value",
            id="no label",
        ),
        pytest.param(
            "label: 否",
            "label: 是",
            "is_metered.enum: expected a label for every value, each once",
            id="label twice",
        ),
        pytest.param(
            "{value: true, label: 是}",
            "{value: perhaps, label: 是}",
            "the values true and false; found",
            id="boolean of other values",
        ),
        pytest.param(
            "value: boolean",
            "value: code",
            "enum: expected values where the kind is enum or boolean",
            id="values of a code",
        ),
        pytest.param(
            "value: code}",
            "value: enum}",
            "enum: expected values where the kind is enum or boolean",
            id="enumeration without values",
        ),
        pytest.param(
            "classification: restricted",
            "classification: secret",
            "classification: expected restricted, or none; found secret",
            id="classification",
        ),
        pytest.param(
            "primaryKeyPosition: 2",
            "primaryKeyPosition: 3",
            "positions 1, 2, 3 … without a gap; found [1, 3]",
            id="gap in the key",
        ),
        pytest.param(
            "primaryKeyPosition: 2",
            "unique: true\n        primaryKeyPosition: 2",
            "month.unique: expected the key or a quality entry",
            id="a promise no rule comes from",
        ),
        pytest.param(
            "{property: kind, value: money}",
            "{property: kind, value: money}\n          - {property: kind, value: code}",
            "expected every property once, with its name; found kind",
            id="property twice",
        ),
    ],
)
def test_a_broken_column(small: Callable[[str, str], Path], old: str, new: str, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        load_contracts(small(old, new))
    assert message in str(caught.value)
