"""Lists made of the bank's answers: hostile words, amounts that may be missing, every rule in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stable_jobs.disbursement.answer_lists import (
    REFUSED_COLUMNS,
    REFUSED_ROWS,
    RESULTS_ROWS,
    UNKNOWN_MESSAGE,
    WORDS,
    WORK_LIST_ROWS,
    paid_list,
    refused_answers,
    returned_list,
    returns_work_list,
)
from stable_jobs.disbursement.batch_files import WAIVED_ROWS, waived_list
from stable_jobs.ledger import returns as ledger_returns
from stable_jobs.messages.bank_answers import WORDINGS
from stable_jobs.publishing.files import write_tables
from stable_jobs.publishing.table import Heading, ListTable, Rows, Sum, counted
from stable_jobs.store.engine import quote_literal
from tests.bank.batch_lines import work_folder
from tests.disbursement.bank_desk import read_list

HEADING = Heading("610100", date(2020, 5, 19), ("西安市", "Xi'an"), True)
HOSTILE = "=cmd|' /C calc'!A0"
LINE = {
    "batch_no": "610100-20200519-L1-1", "region_code": "610100", "policy_year": "2020", "line_no": "1",
    "end_to_end_id": "20-610100-91610100MA6T00001X-01-01", "uscc": "91610100MA6T00001X", "unit_name": HOSTILE,
    "scheme": "general", "amount": "100.10", "attempt": "1", "account": "****0123", "outcome": "returned",
    "reason_code": "AC01", "reason_text": HOSTILE, "booked_on": "2020-05-19", "answered_on": "2020-05-19",
    "returned_on": "2020-05-19", "file_name": HOSTILE, "answer_id": "1", "place": "0", "rule": "answer.id",
    "expected": "an id", "found": HOSTILE, "standing": "undecided",
    "reasons": "size_known_unknown;already_paid_unknown",
}  # fmt: skip
LISTS = [
    pytest.param(paid_list, RESULTS_ROWS, id="paid"),
    pytest.param(returned_list, RESULTS_ROWS, id="returned"),
    pytest.param(returns_work_list, WORK_LIST_ROWS, id="work list"),
    pytest.param(refused_answers, REFUSED_ROWS, id="refused"),
    pytest.param(waived_list, WAIVED_ROWS, id="waived"),
]


def rows(
    con: duckdb.DuckDBPyConnection, columns: Mapping[str, str], *given: Mapping[str, str | None]
) -> Rows:
    """Rows as the ledger gives them; None is empty."""
    selected = [
        "SELECT "
        + ", ".join(
            f"{quote_literal(v) if (v := one.get(name)) is not None else 'NULL'}::{kind} AS {name}"
            for name, kind in columns.items()
        )
        for one in given
    ]
    return counted(con, f"({' UNION ALL '.join(selected)})")


def written(con: duckdb.DuckDBPyConnection, table: ListTable, tmp_path: Path) -> list[dict[str, str]]:
    work = work_folder(tmp_path)
    write_tables(con, [table], work, 50_000)
    return read_list(work / f"{table.name}.csv")


@pytest.mark.parametrize(("sheet", "columns"), LISTS)
def test_foreign_words_do_nothing(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    sheet: Callable[..., ListTable],
    columns: Mapping[str, str],
) -> None:
    table = sheet(rows(con, columns, LINE), HEADING)

    (row,) = written(con, table, tmp_path)

    assert f"'{HOSTILE}" in row.values()
    assert HOSTILE not in row.values()


def test_amounts_that_are_not_known_are_empty_and_not_counted(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    both = rows(con, WAIVED_ROWS, LINE, LINE | {"amount": None, "uscc": "91610100MA6T00002X"})
    table = waived_list(both, HEADING)

    listed = written(con, table, tmp_path)

    assert table.expected == Sum(2, Decimal("100.10"))
    assert [row["金额（元），已知者 Amount (yuan), where known"] for row in listed] == ["100.10", ""]
    assert listed[0]["Reasons"] == "Size class is not known; What was already paid is not known"
    assert listed[0]["情形 Standing"] == "未能认定 undecided"


@pytest.mark.parametrize(
    ("correction", "command"),
    [
        pytest.param(None, f"stable-jobs returns correct {LINE['end_to_end_id']}", id="nothing was entered"),
        pytest.param("7", "stable-jobs returns confirm 7", id="one person entered an account"),
    ],
)
def test_a_returned_payment_says_what_to_do(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, correction: str | None, command: str
) -> None:
    own = rows(con, WORK_LIST_ROWS, LINE | {"correction": correction})

    (row,) = written(con, returns_work_list(own, HEADING), tmp_path)

    assert row["等待事项 Waits for"].endswith(command)


RULES = sorted({*WORDINGS, *re.findall(r"'(answer\.\w+)'", ledger_returns.SQL["judged"]), UNKNOWN_MESSAGE})


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_its_words(con: duckdb.DuckDBPyConnection, tmp_path: Path, rule: str) -> None:
    table = refused_answers(rows(con, REFUSED_ROWS, LINE | {"rule": rule}), HEADING)

    (row,) = written(con, table, tmp_path)

    said: dict[str, Any] = {column.name: row[column.header] for column in REFUSED_COLUMNS}
    words = WORDS[rule]
    assert said["what"] == words.what.both
    assert (said["next_step_zh"], said["next_step_en"]) == (words.next_step.zh, words.next_step.en)
    assert said["row_no"] == ""
