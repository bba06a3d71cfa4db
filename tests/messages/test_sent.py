"""The labels of codes are those of the contracts."""

from __future__ import annotations

from datetime import date

import pytest

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.messages.sent import LABELS, POLICY_VALUES, sent_value
from stable_jobs.policy.catalogue import CATALOGUE, FORMULAS
from stable_jobs.settings import data_folder
from stable_jobs.words import Words
from tests.latin import RUN

ON = date(2020, 5, 11)
COLUMNS = [
    column
    for contract in contracts_as_of(data_folder("contracts"), ON).values()
    for column in contract.columns
    if any(RUN.search(str(value)) for value in column.labels.values())
]


@pytest.mark.parametrize("column", [pytest.param(one, id=one.name) for one in COLUMNS])
def test_the_labels_of_a_column(column: object) -> None:
    labels = {str(value).lower(): label for label, value in column.labels.items()}  # type: ignore[attr-defined]
    assert labels == LABELS[column.name]  # type: ignore[attr-defined]


def test_no_label_of_another_column() -> None:
    assert set(LABELS) == {column.name for column in COLUMNS}


@pytest.mark.parametrize("name", [p.name for p in CATALOGUE.values() if p.codes and p.codes != FORMULAS])
def test_the_codes_of_a_policy_file(name: str) -> None:
    assert set(CATALOGUE[name].codes) <= set(POLICY_VALUES)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        pytest.param("payment_kind", "regular", Words("正常", "regular"), id="a code"),
        pytest.param("payment_kind", "odd", None, id="no code"),
        pytest.param("unit_name", "regular", None, id="a column of no list"),
    ],
)
def test_a_value(column: str, value: str, words: Words | None) -> None:
    assert sent_value(column, value) == words
