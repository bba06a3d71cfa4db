"""The ledger beside a model of it: whatever happens in whatever order, both say the same, no sum is off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import URL, Engine, create_engine, text

from stable_jobs.store.database import APP
from tests.databases import QUICK, copy_database, drop_database, emptying
from tests.ledger.both import Told
from tests.ledger.conftest import Books
from tests.ledger.machine import LedgerMachine

KEPT = (
    "SELECT DISTINCT event_object_table FROM information_schema.triggers WHERE trigger_name = 'keep_history'"
)


@pytest.fixture
def ledger(postgres_url: URL, template_database: str) -> Iterator[tuple[Engine, Callable[[], None]]]:
    """A ledger for one sequence after the other, and what empties it: as superuser, past every guard."""
    name = copy_database(postgres_url, template_database, "machine")
    owner = create_engine(postgres_url.set(database=name), isolation_level="AUTOCOMMIT")
    app = create_engine(postgres_url.set(username=APP, database=name), pool_size=1, connect_args=QUICK)
    with owner.connect() as connection:
        tables = sorted(set(connection.scalars(text(KEPT))) - {"life_cycle", "later_columns", "installation"})
        connection.execute(text("SET session_replication_role = replica"))
        emptied = text(emptying(tables))
        yield app, lambda: connection.execute(emptied).close()
    app.dispose()
    owner.dispose()
    drop_database(postgres_url, name)


PARTS = 8
"""The 2,000 longer sequences come in parts of a quarter of an hour; two processes share them (`-n 2`)."""


@pytest.mark.parametrize(
    ("sequences", "steps", "part"),
    [
        pytest.param(15, 10, 0, id="15 sequences"),
        *(
            pytest.param(
                2000 // PARTS, 20, part, id=f"longer ones, part {part} of {PARTS}", marks=pytest.mark.long
            )
            for part in range(1, PARTS + 1)
        ),
    ],
)
def test_the_ledger_does_as_its_model(
    ledger: tuple[Engine, Callable[[], None]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    sequences: int,
    steps: int,
    part: int,
) -> None:
    app, reset = ledger
    told = Told(Counter())
    given = {"books": Books(app, tmp_path), "reset": staticmethod(reset), "told": told}
    run_state_machine_as_test(
        seed(part)(type("Machine", (LedgerMachine,), given)),
        settings=settings(
            max_examples=sequences,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )
    with capsys.disabled():
        print(
            f"\n{told.sequences} sequences, {told.deeds.total()} deeds, {told.events} events of the ledger:"
        )
        print(", ".join(f"{name} {count}" for name, count in sorted(told.deeds.items())))
    assert told.sequences >= sequences
