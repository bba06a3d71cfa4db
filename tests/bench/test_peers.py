"""What the peers' comparison rests on: the generated work, the measured process tree, the written figures.

Whether the peers pay alike, `make test-peers` says: it needs their environment.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from bench.peers.from_contracts import SAID, row_rules, spec_of
from bench.peers.results import BEGIN, END, Figures, Result, read_results, with_result
from bench.peers.spec import Column, read_spec

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.settings import Settings, data_folder

ON = date(2020, 5, 11)
CONTRACTS = contracts_as_of(data_folder("contracts"), ON)
SPEC = spec_of(Settings(contracts=data_folder("contracts"), policies=data_folder("policies")), ON)


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_rule_that_rejects_a_row_is_in_the_work(name: str) -> None:
    extract = SPEC.extract(name)
    for rule in row_rules(CONTRACTS[name]):
        _, what, kind = rule.id.split(".")
        said: dict[str, Callable[[Column], object]] = {
            "required": lambda c: c.required,
            "known_value": lambda c: c.labels,
            "minimum": lambda c: c.minimum is not None,
            "maximum": lambda c: c.maximum is not None,
            "length": lambda c: c.length is not None,
            "month": lambda c: c.kind == "month",
            "code": lambda c: c.check in ("unit_code", "bank_code"),
            "account_no": lambda c: c.check == "account_no",
            "not_after": lambda c: c.not_after is not None,
            "readable": lambda c: True,
        }
        of_the_extract = {
            "known": True,
            "expected": extract.row_region in ("own", "sent", "upward"),
            "unique": set(rule.columns) == set(extract.key),
            "window": {window[0] for window in extract.windows} == set(rule.columns),
            "order": rule.columns in extract.orders,
        }
        holds = said[kind](extract.column(what)) if kind in said else of_the_extract[kind]
        assert holds, rule.id


def test_no_column_is_checked_beyond_its_rules() -> None:
    rules = {rule.id for contract in CONTRACTS.values() for rule in row_rules(contract)}

    def ids(extract: str, column: Column) -> set[str]:
        found = {
            "required": column.required,
            "minimum": column.minimum is not None,
            "maximum": column.maximum is not None,
            "length": column.length is not None,
            "code": column.check in ("unit_code", "bank_code"),
            "account_no": column.check == "account_no",
            "not_after": column.not_after is not None,
        }
        return {f"{extract}.{column.name}.{rule}" for rule, is_said in found.items() if is_said}

    assert {i for e in SPEC.extracts for c in e.columns for i in ids(e.name, c)} <= rules


def test_a_rule_that_no_peer_checks_ends_the_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.peers.from_contracts.SAID", SAID - {"order"})

    with pytest.raises(ValueError, match=r"exclusion_list: no peer checks the rules removed_on\.order"):
        spec_of(Settings(contracts=data_folder("contracts"), policies=data_folder("policies")), ON)


def test_the_work_is_read_as_it_was_written(tmp_path: Path) -> None:
    SPEC.write(tmp_path / "spec.json")

    assert read_spec(tmp_path / "spec.json") == SPEC


LEAVING = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {left!r}], start_new_session=True)
"""
LEFT = """
import time
held, until = bytearray(80_000_000), time.process_time() + 0.6
while time.process_time() < until: pass
"""
MEASURE = """
import sys
from pathlib import Path
from bench.peers.tree import adopt, measure
adopt()
cost = measure([sys.executable, "-c", {waits!r}], {{}}, Path({log!r}))
print(cost.seconds, cost.cpu_seconds, cost.peak_bytes)
"""


def test_what_a_command_leaves_behind_is_measured_too(tmp_path: Path) -> None:
    waits = LEAVING.format(left=LEFT) + "import time; time.sleep(1.5)"
    program = MEASURE.format(waits=waits, log=str(tmp_path / "log"))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    seconds, cpu_seconds, peak_bytes = map(float, done.stdout.split())

    assert seconds >= 1.5
    assert cpu_seconds >= 0.6
    assert peak_bytes >= 80_000_000


RESULT = Result(
    "county", 5_000, 3, "2026-01-02", "2 × processor, 8 GB", 0.1, "make bench-peers TIER=county",
    (Figures("product without ledger", 12.34, 20.0, 1_234), Figures("Polars", 5.0, 9.0, 900)),
)  # fmt: skip


def test_a_tier_has_one_result_and_the_page_shows_all(tmp_path: Path) -> None:
    figures, page = tmp_path / "results.json", tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    loaded = replace(RESULT, tier="prefecture", units=60_000, load=4.0)
    for one in (loaded, replace(RESULT, runs=1), RESULT):
        with_result(one, figures, page)
    text = page.read_text(encoding="utf-8")

    assert read_results(figures) == [RESULT, loaded]
    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert text.count("| Polars | 5.0 | 9.0 | 900 |") == 2
    assert text.count("Others used the machine") == 1
