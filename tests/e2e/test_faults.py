"""Every planted fault is about code that the product has, and names a test that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.faults import INCLUDE, Fault
from tests.e2e.test_planted_faults import FAULTS, OWN_TESTS, STOPPED

ROOT = Path(__file__).parents[2]
EVERY = [fault for fault, _ in (*FAULTS, *STOPPED, *OWN_TESTS)]


@pytest.mark.parametrize("fault", EVERY, ids=lambda one: one.name)
def test_the_text_stands_once_in_its_module(fault: Fault) -> None:
    assert (INCLUDE / "stable_jobs" / fault.module).read_text("utf-8").count(fault.right) == 1


@pytest.mark.parametrize("node", [node for _, node in OWN_TESTS])
def test_there_is_such_a_test(node: str) -> None:
    file, _, name = node.partition("::")
    assert f"def {name.partition('[')[0]}" in (ROOT / file).read_text("utf-8")
